"""From the end of `git push` to the first line of the first step, in a container made for it."""

from __future__ import annotations

import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException

from bench.measurement import Measurement, Samples
from bench.rows import CannotRun
from tests.services.docker import IMAGE, build_image
from tests.services.stack import Project, Stack, eventually

NUMBER = 2
WHAT = "end of git push → first line of the first step, cold container"
GOAL = 1.3

MARK = "the first line"
WORKFLOW = """\
name: Bench
on: push
jobs:
  bench:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo {mark}
          sleep {seconds}
"""


def measure(samples: int) -> Measurement:
    """Push, run, measure; then the same container by hand; in turns."""
    try:
        client = docker.from_env(timeout=60)
        client.ping()
    except (DockerException, OSError) as error:
        raise CannotRun(f"no Docker engine answers: {error}") from error
    build_image()
    ours: list[float] = []
    floor: list[float] = []
    with tempfile.TemporaryDirectory(prefix="forge-bench-") as scratch, Stack(Path(scratch), bridge=True) as stack:
        stack.runner(backend="docker", image=IMAGE)
        project = stack.repository({".github/workflows/bench.yml": WORKFLOW.format(mark=MARK, seconds=5)})
        same = container_of(client, project)
        project.write({".github/workflows/bench.yml": WORKFLOW.format(mark=MARK, seconds=0)})
        for number in range(samples):
            ours.append(push_to_first_line(project, number))
            floor.append(create_start_exec(client, same, Path(scratch) / "floor"))
    client.close()
    note = "The line's time is when the agent read it from the container; one machine, one clock."
    return Measurement(Samples("push → first line", tuple(ours)), Samples("create + start + exec", tuple(floor)), note)


def push_to_first_line(project: Project, number: int) -> float:
    """Seconds from the return of `git push` to the time stamp of the step's first line."""
    project.git("add", "-A")
    project.git("commit", "-q", "--allow-empty", "-m", f"Sample {number}")
    project.git("push", "-q", "origin", "HEAD")
    pushed = time.time()
    run = project.completed(project.run(project.git("rev-parse", "HEAD").strip())["id"])
    [job] = project.jobs(run["id"]).values()
    for line in project.log(job["id"]).splitlines():
        stamp, _, text = line.partition(" ")
        if text == MARK:
            return datetime.fromisoformat(stamp).timestamp() - pushed
    raise AssertionError(f"run {run['id']} ended with {run['conclusion']} and never said {MARK!r}")


def container_of(client: Any, project: Project) -> dict[str, Any]:
    """How the agent makes a job's container: read from the engine while one runs."""
    run = project.run(project.push())
    [name] = eventually(project.stack.containers, what="a job's container")
    attributes: dict[str, Any] = client.containers.get(name).attrs
    project.completed(run["id"])
    return attributes


def create_start_exec(client: Any, same: dict[str, Any], folder: Path) -> float:
    """Seconds from the request to create it to the first byte that a command in it writes."""
    binds = []
    for bind in same["HostConfig"]["Binds"]:
        source, target, mode = bind.split(":")
        if mode != "ro":
            source = folder / target.strip("/").replace("/", "-")
            source.mkdir(parents=True, exist_ok=True)
        binds.append(f"{source}:{target}:{mode}")
    settings = {**same["Config"], "Hostname": "", "Labels": {}}
    settings["HostConfig"] = {**same["HostConfig"], "Binds": binds}
    api, started = client.api, time.monotonic()
    made = api.create_container_from_config(settings)["Id"]
    try:
        api.start(made)
        execution = api.exec_create(made, ["sh", "-c", f"echo {MARK}"])["Id"]
        next(api.exec_start(execution, stream=True))
        return time.monotonic() - started
    finally:
        api.remove_container(made, force=True)
