"""The server's disk is full while a job runs: the service stays up, everybody waits, and then it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.conftest import SHORT, workflow
from tests.services.disk import CannotMount, fill, small_disk
from tests.services.stack import Stack, eventually

pytestmark = pytest.mark.chaos

SCRIPT = "i=0\nuntil [ -e %s ]; do echo line $i; i=$((i+1)); sleep 0.1; done\necho end after $i"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A server whose data lie on a disk of their own, and an agent that writes elsewhere."""
    try:
        with small_disk(tmp_path / "stack" / "data", "64m"), Stack(tmp_path / "stack", environment=SHORT) as made:
            made.runner()
            yield made
    except CannotMount as error:
        pytest.skip(str(error))


def test_the_servers_disk_is_full_for_a_while(stack: Stack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    project = stack.repository(workflow(SCRIPT % mark))
    run = project.run(project.push())
    project.says(run["id"], "work", "line 10")

    filler = fill(stack.data)
    runner = stack.processes["runner-one"]
    runner.wait_for("no heartbeat: 503", timeout=30)
    state = project.run_state(run["id"])
    assert state["status"] == "in_progress", "reading goes on"
    [log] = (stack.folder / "runner-one" / "leases").glob("*/log")
    here = project.log(project.jobs(run["id"])["work"]["id"])
    eventually(lambda: log.stat().st_size > len(here) + 3000, timeout=30, what="the log waits on the runner's disk")

    filler.unlink()
    mark.touch()
    assert project.completed(run["id"], timeout=60)["conclusion"] == "success"
    lines = [line.partition(" ")[2] for line in project.log(project.jobs(run["id"])["work"]["id"]).splitlines()]
    spoken = [line for line in lines if line.startswith(("line ", "end after")) and "$" not in line]
    count = int(spoken[-1].removeprefix("end after "))
    assert spoken[:-1] == [f"line {number}" for number in range(count)]
    assert stack.processes["web"].returncode is None
    again = project.run(project.push(message="Again"))
    assert project.completed(again["id"], timeout=60)["conclusion"] == "success"
