"""From a push to the first byte of its first step, in turns with the bare engine and Buildbot: what rows 1 to 5 share.

Everything is measured in one loop over one stack, so that all rows see the same machine: a job in a container kept
ready and one in a container made for it, the same command by the bare engine, ten steps and ten commands of one shell,
and Buildbot. A push is accepted when git reads so (its own trace tells when); the first byte is there when the agent
reads it, and the floor's when this process does.
"""

from __future__ import annotations

import functools
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException

from bench.buildbot.peer import Buildbot
from bench.floor import Floor
from bench.rows import CannotRun
from tests.services.docker import IMAGE, build_image
from tests.services.stack import Project, Stack, eventually

#: What every step runs: it writes its own time, which is also the first byte.
COMMAND = "date +%s.%N"
STEPS = 10
#: Seconds that everything gets to come to rest before a sample: the next container is kept ready by then.
REST = 2.5
#: Seconds that nobody asks the server anything after a push: each question takes its processor from the job, and
#: Buildbot, whose commands write their times to files, is asked nothing either.
UNASKED = 1.5
_WORKFLOW = "name: Bench\non: push\njobs:\n  bench:\n    runs-on: {label}\n    steps:\n"


@dataclass
class Way:
    """Seconds, one value a sample. ``first``: accepted → first byte; ``command``: accepted → the time it wrote."""

    warm_first: list[float] = field(default_factory=list)
    warm_command: list[float] = field(default_factory=list)
    exec_: list[float] = field(default_factory=list)
    cold_first: list[float] = field(default_factory=list)
    cold_command: list[float] = field(default_factory=list)
    create_start_exec: list[float] = field(default_factory=list)
    ten_job: list[float] = field(default_factory=list)
    ten_last: list[float] = field(default_factory=list)
    ten_in_a_shell: list[float] = field(default_factory=list)
    between_steps: list[float] = field(default_factory=list)
    bare_command: list[float] = field(default_factory=list)
    buildbot_first: list[float] = field(default_factory=list)
    buildbot_ten: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Ran:
    """One job: when its push was accepted, and the stamped lines of its log."""

    accepted: float
    lines: tuple[tuple[float, str], ...]

    @property
    def commands(self) -> list[tuple[float, float]]:
        """When each command's line was read, and the time in it."""
        return [(at, float(text)) for at, text in self.lines if text.replace(".", "", 1).isdigit()]


@functools.cache
def measured(samples: int) -> Way:
    """The samples of all rows. CannotRun when there is no engine."""
    way = Way()
    with _started() as (warm, ten, cold, floor, buildbot):
        for push in (warm, ten, cold):  # the first of each finds cold caches
            ran(push, 0)
        for number in range(1, samples + 1):
            _sample(way, number, (warm, ten, cold), floor, buildbot)
    return way


def _sample(way: Way, number: int, projects: tuple[Project, Project, Project], floor: Floor, peer: Buildbot) -> None:
    warm, ten, cold = projects
    one = ran(warm, number)
    way.warm_first.append(one.commands[0][0] - one.accepted)
    way.warm_command.append(one.commands[0][1] - one.accepted)
    way.exec_.append(floor.exec_(COMMAND))
    many = ran(ten, number)
    way.ten_job.append(many.lines[-1][0] - many.lines[0][0])
    way.ten_last.append(many.commands[-1][1] - many.accepted)
    way.between_steps.append((many.commands[-1][1] - many.commands[0][1]) / (STEPS - 1))
    way.ten_in_a_shell.append(floor.shell([COMMAND] * STEPS))
    way.bare_command.append(floor.script(COMMAND, STEPS))
    made = ran(cold, number)
    way.cold_first.append(made.commands[0][0] - made.accepted)
    way.cold_command.append(made.commands[0][1] - made.accepted)
    way.create_start_exec.append(floor.create_start_exec(COMMAND))
    build = peer.build("one", 1)
    way.buildbot_first.append(build.commands[0] - build.taken)
    build = peer.build("ten", STEPS)
    way.buildbot_ten.append(build.commands[-1] - build.taken)


@contextmanager
def _started() -> Iterator[tuple[Project, Project, Project, Floor, Buildbot]]:
    client = engine()
    with (
        tempfile.TemporaryDirectory(prefix="forge-bench-") as scratch,
        Stack(Path(scratch), bridge=True) as stack,
        Buildbot(Path(scratch) / "buildbot") as buildbot,
    ):
        stack.runner("warm", backend="docker", labels="warm", image=IMAGE, env={"FORGE_RUNNER_SPARES": "1"})
        stack.runner("cold", backend="docker", labels="cold", image=IMAGE, env={"FORGE_RUNNER_SPARE_NETWORKS": "1"})
        warm, ten, cold = (project_of(stack, label, count) for label, count in (("warm", 1), ("warm", 10), ("cold", 1)))
        with Floor(client, how_made(client, stack), Path(scratch) / "floor") as floor:
            yield warm, ten, cold, floor, buildbot
    client.close()


def engine() -> Any:
    """A client of the engine, with the job image there."""
    try:
        client = docker.from_env(timeout=60)
        client.ping()
    except (DockerException, OSError) as error:
        raise CannotRun(f"no Docker engine answers: {error}") from error
    build_image()
    return client


def project_of(stack: Stack, label: str, steps: int, command: str = COMMAND) -> Project:
    """A repository whose pushes run so many steps on the runner with this label."""
    text = _WORKFLOW.format(label=label) + f"      - run: {command}\n" * steps
    return stack.repository({".github/workflows/bench.yml": text})


def how_made(client: Any, stack: Stack) -> dict[str, Any]:
    """How the agent makes a job's container: read from the engine while one runs."""
    project = project_of(stack, "cold", 1, "sleep 3")
    sha = project.push()
    run = project.run(sha)
    [name] = eventually(lambda: _job_containers(stack), what="a job's container")
    attributes: dict[str, Any] = client.containers.get(name).attrs
    kind, _, holder = attributes["HostConfig"]["NetworkMode"].partition(":")
    if kind == "container":  # a network kept ready: the bare engine makes its own, with the same in it
        own = client.containers.get(holder).attrs["HostConfig"]
        attributes["HostConfig"] |= {name: own[name] for name in ("NetworkMode", "ExtraHosts")}
    project.completed(run["id"])
    return attributes


def _job_containers(stack: Stack) -> list[str]:
    """Without those that are kept ready."""
    return [name for name in stack.containers() if name.startswith("forge-job-")]


def ran(project: Project, number: int) -> Ran:
    """Push, after a rest, and wait for the end of the run."""
    time.sleep(REST)
    project.git("add", "-A")
    project.git("commit", "-q", "--allow-empty", "-m", f"Sample {number}")
    accepted = _push(project)
    time.sleep(UNASKED)
    run = project.completed(project.run(project.git("rev-parse", "HEAD").strip())["id"])
    if run["conclusion"] != "success":
        raise AssertionError(f"run {run['id']} ended with {run['conclusion']}")
    [job] = project.jobs(run["id"]).values()
    lines = (line.partition(" ") for line in project.log(job["id"]).splitlines())
    return Ran(accepted, tuple((datetime.fromisoformat(stamp).timestamp(), text) for stamp, _, text in lines))


def _push(project: Project) -> float:
    """Push; when git was told that the server has accepted it."""
    trace = project.folder.parent / f"{project.name}.trace"
    trace.unlink(missing_ok=True)
    os.environ["GIT_TRACE_PACKET"] = str(trace)
    try:
        project.git("push", "-q", "origin", "HEAD")
    finally:
        del os.environ["GIT_TRACE_PACKET"]
    now = datetime.now()
    [told, *_] = [line.split()[0] for line in trace.read_text().splitlines() if "unpack ok" in line]
    at = datetime.combine(now.date(), datetime.strptime(told, "%H:%M:%S.%f").time()).timestamp()
    return at if at <= now.timestamp() else at - 86400  # it was before midnight
