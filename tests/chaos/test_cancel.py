"""A cancel always ends, whether the runner answers or not."""

from __future__ import annotations

import signal
import time

import pytest

from tests.chaos.conftest import workflow
from tests.services.stack import Stack, describe, eventually

pytestmark = pytest.mark.chaos

#: Seconds from the cancel to the end of job and container; INT, TERM and KILL take ten of them at the most.
BOUND = 15.0
SLEEP = workflow("echo begin\nsleep 600")
#: Ignores what it can, and has a child that does so too.
STUBBORN = workflow("trap '' INT TERM\n(trap '' INT TERM; sleep 600) &\necho begin\nsleep 600\nsleep 600")


@pytest.mark.parametrize("options", [(), ("--poll-only",)], ids=["held", "polling"])
@pytest.mark.parametrize("files", [SLEEP, STUBBORN], ids=["sleep", "stubborn"])
def test_a_running_step_is_gone(stack: Stack, job_image: str, options: tuple[str, ...], files: dict[str, str]) -> None:
    stack.runner(backend="docker", image=job_image, options=options)
    project = stack.repository(files)
    run = project.run(project.push())
    project.says(run["id"], "work", "begin")
    assert stack.containers()

    asked = time.monotonic()
    answer = stack.api(project.path(f"/runs/{run['id']}/cancel"), "POST")
    assert (answer.status_code, answer.json()) == (202, {})
    state = project.completed(run["id"], timeout=BOUND)
    eventually(lambda: not stack.containers(), timeout=BOUND - (time.monotonic() - asked), what="the container is gone")

    job = project.jobs(run["id"])["work"]
    assert state["conclusion"] == "cancelled", describe(job) + project.log(job["id"])
    assert job["conclusion"] == "cancelled"
    assert stack.api(project.path(f"/runs/{run['id']}/cancel"), "POST").status_code == 409


def test_always_steps_run_after_a_cancel(stack: Stack, job_image: str) -> None:
    stack.runner(backend="docker", image=job_image)
    more = "      - if: always()\n        run: echo cleaned\n      - run: echo never\n"
    project = stack.repository(workflow("echo begin\nsleep 600", more=more))
    run = project.run(project.push())
    project.says(run["id"], "work", "begin")

    stack.api(project.path(f"/runs/{run['id']}/cancel"), "POST")
    state = project.completed(run["id"], timeout=30)

    job = project.jobs(run["id"])["work"]
    lines = [line.partition(" ")[2] for line in project.log(job["id"]).splitlines()]
    assert state["conclusion"] == "cancelled"
    assert "cleaned" in lines
    assert "never" not in lines


def test_force_cancel_needs_no_runner(stack: Stack, job_image: str) -> None:
    runner = stack.runner(backend="docker", image=job_image)
    project = stack.repository(SLEEP)
    run = project.run(project.push())
    project.says(run["id"], "work", "begin")
    runner.send_signal(signal.SIGSTOP)
    try:
        assert stack.api(project.path(f"/runs/{run['id']}/force-cancel"), "POST").status_code == 202
        state = project.run_state(run["id"])
        assert (state["status"], state["conclusion"]) == ("completed", "cancelled")
        assert stack.containers(), "the frozen runner cannot have removed it yet"
    finally:
        runner.send_signal(signal.SIGCONT)
    eventually(lambda: not stack.containers(), timeout=BOUND, what="the container is gone once the runner goes on")


def test_a_waiting_job_is_cancelled_at_once(stack: Stack) -> None:
    project = stack.repository(SLEEP)
    run = project.run(project.push())
    job = project.jobs(run["id"])["work"]
    assert job["status"] == "queued"
    answer = stack.api(f"/api/v1/jobs/{job['id']}/cancel", "POST")
    assert answer.status_code == 202
    assert answer.json()["changed_jobs"] == 1
    assert answer.json()["run_conclusion"] == "cancelled"
    assert project.run_state(run["id"])["conclusion"] == "cancelled"
