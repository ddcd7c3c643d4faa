"""The server is away for several leases while twenty jobs run and write: none is lost, and no line of any."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.stack import Stack, describe, eventually

pytestmark = pytest.mark.chaos

JOBS = 20
#: Seconds. The outage is longer than two leases, and than the silence that counts as one.
LEASE, AWAY = 6, 14
#: Writes until it is told to end, so that the outage falls into the middle of every log.
WORKFLOW = """\
name: Many
on: push
jobs:
  work:
    strategy:
      matrix:
        number: [%s]
    runs-on: ubuntu-latest
    steps:
      - run: |
          i=0
          until [ -e %s/$(( ${{ matrix.number }} %% 2 )) ]; do echo line $i; i=$((i+1)); sleep 0.2; done
          echo end after $i
"""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A server with short leases and an agent that takes all jobs at once."""
    environment = {"FORGE_LEASE_SECONDS": str(LEASE), "FORGE_HEARTBEAT_SECONDS": str(LEASE // 3)}
    with Stack(tmp_path / "stack", environment=environment) as made:
        made.runner(env={"FORGE_RUNNER_CAPACITY": str(JOBS)})
        yield made


def test_twenty_jobs_outlive_an_outage_of_several_leases(stack: Stack) -> None:
    marks = stack.folder / "marks"
    marks.mkdir()
    text = WORKFLOW % (", ".join(map(str, range(JOBS))), marks)
    project = stack.repository({".github/workflows/many.yml": text})
    run = project.run(project.push())
    leases = stack.folder / "runner-one" / "leases"
    eventually(lambda: len(_writing(leases)) == JOBS, timeout=90, what="all jobs write")

    stack.processes["web"].kill()
    gone = time.monotonic()
    (marks / "0").touch()  # half of the jobs end while nobody can be told
    eventually(lambda: time.monotonic() - gone > AWAY, timeout=AWAY + 5, what="the outage lasts")
    stack.start_web()
    back = time.monotonic()
    # The leases that the other half had are long over; they must not be taken for lost now.
    eventually(lambda: time.monotonic() - back > LEASE, timeout=LEASE + 5, what="a lease has passed")
    (marks / "1").touch()

    state = project.completed(run["id"], timeout=90)
    jobs = project.jobs(run["id"])
    assert state["conclusion"] == "success", [describe(job) for job in jobs.values() if job["conclusion"] != "success"]
    assert len(jobs) == JOBS
    for job in jobs.values():
        lines = [line.partition(" ")[2] for line in project.log(job["id"]).splitlines()]
        spoken = [line for line in lines if line.startswith(("line ", "end after")) and "$" not in line]
        count = int(spoken[-1].removeprefix("end after "))
        assert spoken[:-1] == [f"line {number}" for number in range(count)]
        assert job["run_attempt"] == 1
    assert stack.processes["runner-one"].returncode is None


def _writing(leases: Path) -> list[Path]:
    return [path for path in leases.glob("*/log") if b"Z line 3\n" in path.read_bytes()]
