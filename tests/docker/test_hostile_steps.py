"""Steps that turn against what runs them: the job ends with its reason, the agent lives, nothing is left.

Hostile environment files are in test_docker_backend.py, a hostile git configuration is in test_docker_faults.py.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.backends.base import JobPlace, Lease
from runner.backends.docker import Limits
from runner.fake_server import KeptJob
from runner.forge_init.build import PROGRAM, have
from runner.images import DEFAULT_IMAGE, Images
from runner.poller import Pace
from runner.step import Graces
from runner.stop import Stop
from tests.docker.conftest import backend, both_ways, containers, run, said
from tests.runner.conftest import Fleet, job_of, text_of
from tests.services.stack import eventually

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]

PRY = Path(__file__).with_name("pry.py").read_text()
REFUSED = {
    "connect": "No such file or directory",
    "listen": "Read-only file system",
    "descriptor": "Permission denied",
    "connection": "Permission denied",
    "memory": "Permission denied",
    "environment": "Permission denied",
    "trace": "Operation not permitted",
    "seize": "Operation not permitted",
    "take a descriptor": "Operation not permitted",
    "read its memory": "Operation not permitted",
    "put another beside it": "Read-only file system",
    "remove it": "Read-only file system",
}
#: A word that no other process of this machine has.
MARK = f"7{os.getpid()}"


def conclusions(kept: KeptJob) -> list[str | None]:
    """Of the job, then of its own steps."""
    assert kept.end is not None
    return [kept.end.conclusion, *(kept.steps[number].conclusion for number in sorted(kept.steps)[1:-1])]


def marked() -> list[int]:
    """The processes of this machine, in any container, that sleep for MARK seconds."""
    return [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.exists() and path.read_bytes().endswith(f"sleep\0{MARK}\0".encode())
    ]


@pytest.fixture(scope="module")
def plain_user(engine: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image whose user is not root, with variables of its own."""
    name, folder = f"forge-test/plain-user:{os.getpid()}", tmp_path_factory.mktemp("image")
    lines = [f"FROM {DEFAULT_IMAGE}", "ENV OF_IMAGE=yes", "ENV PATH=/opt/own:/usr/bin:/bin", "USER 1234:4321"]
    (folder / "Dockerfile").write_text("\n".join(lines))
    engine.images.build(path=str(folder), tag=name, network_mode="none", rm=True)
    yield name
    engine.images.remove(name, force=True)


def test_signals_for_the_first_process(fleet: Fleet) -> None:
    every = "for each in $(seq 1 64); do kill -$each 1; done; kill -9 1; kill -STOP 1; sleep 0.2"
    kept = fleet.run(
        job_of(run(every), run("kill -9 -1; sleep 5", if_="always()"), run("echo next", if_="always()")), backend()
    )
    assert conclusions(kept) == ["failure", "success", "failure", "success"]
    assert "next" in text_of(kept)


@pytest.mark.parametrize("user", ["root", "1234:4321"])
def test_prying_into_forge_init_and_passing_for_it(fleet: Fleet, plain_user: str, user: str) -> None:
    images = Images(DEFAULT_IMAGE if user == "root" else plain_user)
    kept = fleet.run(job_of(run(PRY, shell="python3 {0}"), run("echo next")), backend(images=images))
    lines = text_of(kept)
    assert conclusions(kept) == ["success"] * 3, lines
    found = {name: text for name, _, text in (line.partition(": ") for line in lines) if name in REFUSED}
    assert found == REFUSED


def test_limits_for_the_first_process(fleet: Fleet) -> None:
    """Whoever is its user may set them. The job loses by that, and is told what."""
    take = run("import resource as r\nr.prlimit(1, r.RLIMIT_NOFILE, (3, 3))", shell="python3 {0}")
    kept = fleet.run(job_of(take, run("true")), backend())
    assert conclusions(kept) == ["failure", "success", "failure"]
    assert "The step's process could not be started: Too many open files" in text_of(kept)


@both_ways
def test_the_user_and_the_variables_of_an_image(fleet: Fleet, plain_user: str) -> None:
    script = "id; echo of image: $OF_IMAGE, home: $HOME, path: $PATH; echo anew >/dev/stdout; echo anew >/dev/stderr"
    kept = fleet.run(
        job_of(run(script), run("pwd", working_directory="/no/where", if_="always()")),
        backend(images=Images(plain_user)),
    )
    lines = text_of(kept)
    assert "uid=1234 gid=4321 groups=4321" in lines
    assert "of image: yes, home: /github/home, path: /opt/own:/usr/bin:/bin" in lines
    assert lines.count("anew") == 2
    assert conclusions(kept) == ["failure", "success", "failure"]
    told = [line for line in lines if line.startswith("An error occurred trying to start process")]
    assert [line.endswith("with working directory '/no/where'. No such file or directory") for line in told] == [True]


@pytest.fixture
def bare(engine: Any, tmp_path: Path) -> Iterator[str]:
    """An image that holds one static program, and nothing else."""
    name = f"forge-test/bare:{os.getpid()}"
    (tmp_path / "program.c").write_text(PROGRAM_OF_BARE)
    command = ["gcc", "-static", "-o", str(tmp_path / "program"), str(tmp_path / "program.c")]
    subprocess.run(command, check=True)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY program /program\n")
    engine.images.build(path=str(tmp_path), tag=name, rm=True)
    yield name
    engine.images.remove(name, force=True)


PROGRAM_OF_BARE = """
#include <stdio.h>
#include <unistd.h>
int main(int count, char **words)
{
	return printf("%d words and a %s\\n", count, access(words[1], R_OK) ? "riddle" : "script") < 0;
}
"""


def test_an_image_without_a_shell(fleet: Fleet, bare: str) -> None:
    steps = (run("anything", shell="/program {0}"), run("anything", shell="bash", if_="always()"))
    kept = fleet.run(job_of(*steps), backend(images=Images(bare)))
    assert conclusions(kept) == ["failure", "success", "failure"]
    assert "2 words and a script" in text_of(kept)
    assert "bash: command not found" in text_of(kept)


def test_daemons_live_until_the_job_ends(fleet: Fleet) -> None:
    script = f"""
nohup sleep {MARK} >/dev/null 2>&1 &
setsid sleep {MARK} >/dev/null 2>&1 &
(env -i setsid sh -c 'sleep {MARK} & sleep {MARK} &' >/dev/null 2>&1 &)
"""
    count = f"grep -lzx [{MARK[0]}]{MARK[1:]} /proc/[0-9]*/cmdline | wc -l"
    look = f"until [ $({count}) = 4 ]; do sleep 0.05; done; echo go on; sleep 600"
    kept = fleet.server.give(job_of(run(script), run(look)))
    fleet.start(backend(), graces=Graces(0.2, 0.2, 3))
    assert fleet.server.wait_for(said(kept, "Z go on\n"))
    assert len(marked()) == 4
    fleet.server.cancel(1)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert conclusions(kept)[0] == "cancelled"
    assert marked() == []


def test_a_flood_of_output(fleet: Fleet) -> None:
    kept = fleet.server.give(job_of(run("yes | head -c 8000000; sleep 600"), run("echo next", if_="always()")))
    fleet.start(backend(), graces=Graces(0.2, 0.2, 3))
    assert fleet.server.wait_for(lambda: len(kept.log) > 4 << 20, 60)
    fleet.server.cancel(1)
    assert fleet.server.wait_for(lambda: kept.end is not None, 60)
    assert conclusions(kept) == ["cancelled", "cancelled", "success"]
    assert text_of(kept).count("y") > 100_000
    assert "next" in text_of(kept)[-5:]


BOMB = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if sys.argv[1:]:
    if os.fork():
        sys.exit()
    os.closerange(0, 3)
while True:
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        pass
"""


def test_a_fork_bomb(fleet: Fleet) -> None:
    steps = (run(BOMB, shell="python3 {0}", timeout_minutes=0.02), run("echo next", if_="always()"))
    kept = fleet.run(job_of(*steps), backend(limits=Limits(pids=40)), graces=Graces(0.2, 0.2, 20))
    assert conclusions(kept) == ["failure", "failure", "success"], text_of(kept)
    assert any("has timed out after 0.02 minutes" in line for line in text_of(kept))


def test_a_fork_bomb_that_its_step_leaves_behind(fleet: Fleet) -> None:
    steps = (run(BOMB, shell="python3 {0} left"), run("sleep 1; echo next", if_="always()"))
    kept = fleet.run(job_of(*steps), backend(limits=Limits(pids=40)), graces=Graces(0.2, 0.2, 3))
    assert kept.end is not None
    after = fleet.server.give(job_of(run("echo the agent lives"), job=2, lease_token="lease-token-2"))
    assert fleet.server.wait_for(lambda: after.end is not None)
    assert conclusions(after) == ["success"] * 2


def test_a_container_that_hears_nothing_of_its_agent_ends(engine: Any, tmp_path: Path) -> None:
    work = tmp_path / "lease" / "work"
    for name in ("_temp/_github_home", "_temp/_github_workflow", "_tool"):
        (work / name).mkdir(parents=True)
    said: list[str] = []
    sandbox = backend().prepare(JobPlace(Lease(1, 1), work, "project"), said.append, Stop())
    assert not any("docker exec" in line for line in said)
    sandbox.live_for(60)
    sandbox.live_for(0.05)
    eventually(lambda: not containers(engine), timeout=20, what="the container is gone")
    sandbox.close()


@pytest.mark.parametrize(("heartbeat", "reason"), [(0.1, ""), (15, "container_lost")])
def test_only_a_renewed_lease_lets_the_container_live(fleet: Fleet, heartbeat: float, reason: str) -> None:
    pace = Pace(wait=20, heartbeat=heartbeat, brief=0.02, retry=0.01)
    kept = fleet.run(job_of(run("sleep 2.5"), offline_limit_seconds=1), backend(), pace=pace)
    assert conclusions(kept)[0] == ("failure" if reason else "success")
    assert kept.end is not None
    assert kept.end.reason == reason


@pytest.mark.parametrize("program", ["exit 1", "exec sleep 600"])
def test_without_a_word_of_forge_init_steps_run_by_docker_exec(
    fleet: Fleet, data_folder: Path, tmp_path: Path, program: str
) -> None:
    externals = have(data_folder).externals
    assert externals is not None
    broken = tmp_path / "data" / "externals" / externals.name
    (broken / "channel").mkdir(parents=True)
    (broken / PROGRAM).write_text(f"#!/bin/sh\n{program}\n")
    (broken / PROGRAM).chmod(0o755)
    mine = backend(folder=tmp_path / "data")
    jobs = [
        fleet.server.give(job_of(run("echo works"), job=number, lease_token=f"lease-{number}")) for number in (2, 3)
    ]
    fleet.start(mine)
    assert fleet.server.wait_for(lambda: all(kept.end is not None for kept in jobs), 60)
    for kept in jobs:
        assert conclusions(kept) == ["success"] * 2
        why = "Steps run by docker exec, more slowly: forge-init did not connect within 5 s"
        assert text_of(kept).count(why) == 1


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_minute_of_output_without_end(fleet: Fleet) -> None:
    kept = fleet.server.give(job_of(run("timeout 60 yes || true"), run("echo next", if_="always()")))
    fleet.start(backend(limits=Limits(cpus=1)), graces=Graces(0.2, 0.2, 3))
    assert fleet.server.wait_for(lambda: kept.end is not None, 500)
    assert conclusions(kept) == ["success", "success", "success"]
