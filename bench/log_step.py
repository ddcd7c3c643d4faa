"""A job whose steps write the same to a file in the container, through a pipe to ``cat``, and to the log; its figures.

The file's step is the floor; the pipe says what of the difference any reader costs, and the file beside a loop that
computes what of it the machine costs, whose processors may be threads of one core. When the last byte of the log's
step has reached the server is read from the server's own database, every few milliseconds, beside the running job;
memory is what the agent's process says of itself.
"""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException

from bench.measurement import Measurement, Samples
from bench.rows import CannotRun
from tests.services.docker import IMAGE, build_image
from tests.services.stack import Project, Stack

SECRETS = 20
MEGABYTE = 1_000_000
#: What the figures are read from: the log's own time stamps of the head of each step.
WORKFLOW = """\
name: Log
on: push
jobs:
  log:
    runs-on: ubuntu-latest
    steps:
      - name: Secrets
        shell: python3 {{0}}
        run: |
          import random
          for _ in range({secrets}):
              print("::add-mask::" + "".join(random.choices("abcdefghijkmnopqrstuvwxyzABCDEFGH0123456789", k=24)))
      - name: File
        run: |
          {{{{
          {command}
          }}}} >/tmp/written
      - name: Beside
        run: |
          while :; do :; done &
          {{{{
          {command}
          }}}} >/tmp/written
          kill $!
      - name: Pipe
        run: |
          {{{{
          {command}
          }}}} | cat >/tmp/written
      - name: Log
        run: |
          {{{{
          {command}
          }}}}
      - name: After
        run: rm /tmp/written
"""


@dataclass
class Times:
    """Seconds of each sample."""

    file: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    pipe: list[float] = field(default_factory=list)
    step: list[float] = field(default_factory=list)
    complete: list[float] = field(default_factory=list)  # from the step's beginning until the server had its log
    memory: float = 0.0  # most that the agent ever had, MB
    size: int = 0  # bytes of the step in the log


def measure(command: str, samples: int) -> Measurement:
    """Run the job so often; the step beside its floor, the rest in the note."""
    try:
        client = docker.from_env(timeout=60)
        client.ping()
        client.close()
    except (DockerException, OSError) as error:
        raise CannotRun(f"no Docker engine answers: {error}") from error
    build_image()
    times = Times()
    with tempfile.TemporaryDirectory(prefix="forge-bench-") as scratch, Stack(Path(scratch), bridge=True) as stack:
        agent = stack.runner(backend="docker", image=IMAGE)
        text = WORKFLOW.format(command=command.strip().replace("\n", "\n          "), secrets=SECRETS)
        project = stack.repository({".github/workflows/log.yml": text.replace("{{", "{").replace("}}", "}")})
        for _ in range(samples):
            one(project, times)
        times.memory = peak(agent.pid)
    complete = Samples("complete", tuple(times.complete))
    step = Samples("the step writes to its log", tuple(times.step))
    file = Samples("the same to a file in the container", tuple(times.file))
    beside = Samples("the same to a file, beside a loop that computes", tuple(times.beside))
    pipe = Samples("the same through a pipe to cat", tuple(times.pipe))
    note = (
        f"{times.size / MEGABYTE:.0f} MB of log with stamps, {SECRETS} secrets to mask. Complete on the server after "
        f"{complete.p50:.2f} s (p95 {complete.p95:.2f}), {complete.p50 / step.p50:.2f} × the step's time (goal 2). "
        f"Through a pipe to `cat` in the container it takes {pipe.p50 / file.p50:.2f} × the file; to the file, "
        f"beside a loop that does nothing but compute, {beside.p50 / file.p50:.2f} ×. "
        f"The agent took {times.memory:.0f} MB at most (goal 150)."
    )
    return Measurement(step, file, note)


def one(project: Project, times: Times) -> None:
    """Push, and look on."""
    sha = project.push()
    watch = Watch(project.stack.data / "forge.sqlite3")
    run = project.completed(project.run(sha)["id"], timeout=300, pause=0.5)  # each question costs the server time
    watch.stop()
    assert run["conclusion"] == "success", run
    [job] = project.jobs(run["id"]).values()
    starts = watch.starts(job["id"])
    times.file.append(starts["Beside"][0] - starts["File"][0])
    times.beside.append(starts["Pipe"][0] - starts["Beside"][0])
    times.pipe.append(starts["Log"][0] - starts["Pipe"][0])
    times.step.append(starts["After"][0] - starts["Log"][0])
    times.size = starts["Log"][2] - starts["Log"][1]
    times.complete.append(watch.when(job["id"], starts["Log"][2]) - starts["Log"][0])


class Watch:
    """Looks at the lengths of all logs for as long as it lives."""

    def __init__(self, database: Path) -> None:
        self._path = f"file:{database}?mode=ro"
        self._seen: list[tuple[float, int, int]] = []  # time, job, length
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look once more, and no longer."""
        self._over.set()
        self._thread.join()

    def when(self, job: int, length: int) -> float:
        """The time at which so many bytes were there."""
        return next(moment for moment, number, there in self._seen if number == job and there >= length)

    def starts(self, job: int) -> dict[str, tuple[float, int, int]]:
        """By name of each step: when it began, and where its log begins and ends."""
        with sqlite3.connect(self._path, uri=True) as rows:
            found: list[Any] = rows.execute(
                "select name, started_at, log_start, log_end from actions_step where job_id = ?", (job,)
            ).fetchall()
        return {
            name: (datetime.fromisoformat(f"{began}+00:00").timestamp(), start, end)
            for name, began, start, end in found
            if began and end
        }

    def _look(self) -> None:
        rows = sqlite3.connect(self._path, uri=True)
        known: dict[int, int] = {}
        for last in itertools.chain(iter(self._over.is_set, True), [True]):
            for job, length in rows.execute("select job_id, length from actions_joblog where sealed_at is null"):
                if known.get(job) != length:
                    known[job] = length
                    self._seen.append((time.time(), job, length))
            if not last:
                self._over.wait(0.005)
        rows.close()


def peak(pid: int) -> float:
    """The most memory that a process ever had, MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024 / MEGABYTE
