"""kill -9 in the middle of a run: the server, the worker, the runner."""

from __future__ import annotations

import time

import pytest

from runner import process_tree
from tests.chaos.conftest import workflow
from tests.services.stack import BIN, Stack, eventually

pytestmark = pytest.mark.chaos

#: Lines are counted afterwards: none may be missing and none may come twice.
COUNTING = workflow("echo begin\nfor i in $(seq 1 120); do echo line $i; sleep 0.1; done\necho end")
EXPECTED = ["begin", *(f"line {number}" for number in range(1, 121)), "end"]


def output(log: str) -> list[str]:
    """What the script itself printed, without time stamps and the step's head."""
    lines = [line.partition(" ")[2] for line in log.splitlines()]
    return [line for line in lines if line in ("begin", "end") or (line.startswith("line ") and line[5:].isdigit())]


def test_the_web_process_in_the_middle_of_a_log(stack: Stack, job_image: str) -> None:
    stack.runner(backend="docker", image=job_image)
    project = stack.repository(COUNTING)
    run = project.run(project.push())
    project.says(run["id"], "work", "line 10")

    stack.processes["web"].kill()
    time.sleep(2)  # the outage
    stack.start_web()

    state = project.completed(run["id"], timeout=60)
    job = project.jobs(run["id"])["work"]
    assert state["conclusion"] == "success"
    assert output(project.log(job["id"])) == EXPECTED


def test_the_runner_in_the_middle_of_a_step(stack: Stack, job_image: str) -> None:
    project = stack.repository(workflow("echo begin\nsleep 600"))
    runner = stack.runner(backend="docker", image=job_image)
    run = project.run(project.push())
    project.says(run["id"], "work", "begin")

    runner.kill()
    state = project.completed(run["id"], timeout=60)
    assert state["conclusion"] == "failure"
    job = project.jobs(run["id"])["work"]
    assert job["conclusion"] == "failure"
    assert job["reason"]["code"] == "runner_lost"

    assert not stack.containers(), "the container has ended with its agent"
    stack.runner(backend="docker", image=job_image)  # its first deed is to clear away what the dead one left
    eventually(lambda: not stack.containers(), timeout=20, what="nothing is left")


def test_a_runner_that_is_started_again_brings_the_rest_of_the_log(stack: Stack, job_image: str) -> None:
    """While the server is away the log grows on disk; then the runner dies, too."""
    project = stack.repository(COUNTING)
    runner = stack.runner(backend="docker", image=job_image)
    run = project.run(project.push())
    project.says(run["id"], "work", "line 10")

    stack.processes["web"].kill()
    [spool] = (stack.folder / "runner-one" / "leases").glob("*/log")
    eventually(lambda: b"Z line 40\n" in spool.read_bytes(), timeout=30, what="it is written on")
    runner.kill()
    written = output(spool.read_text())
    stack.start_web()
    stack.runner(backend="docker", image=job_image)

    assert project.completed(run["id"], timeout=30)["conclusion"] == "failure"
    job = project.jobs(run["id"])["work"]
    assert job["reason"]["code"] == "runner_lost"
    assert job["reason"]["restarted"]
    eventually(lambda: output(project.log(job["id"])) == written, timeout=30, what="the rest of the log")
    assert written == EXPECTED[: len(written)]


def test_a_runner_without_containers_in_the_middle_of_a_step(stack: Stack) -> None:
    script = "setsid sleep 600 >/dev/null 2>&1 &\n(trap '' INT TERM; exec sleep 600) &\necho begin\nsleep 600"
    project = stack.repository(workflow(script))
    runner = stack.runner("bare", backend="host")
    run = project.run(project.push())
    project.says(run["id"], "work", "begin")

    runner.kill()
    leases = stack.folder / "runner-bare" / "leases"
    [(_, left)] = process_tree.leftovers(leases).items()
    assert len(left) >= 4, "the shell and its three sleeps outlive the agent"
    assert project.completed(run["id"], timeout=60)["conclusion"] == "failure"
    assert project.jobs(run["id"])["work"]["reason"]["code"] == "runner_lost"

    stack.runner("bare", backend="host")  # its first deed is to clear away what the dead one left
    assert process_tree.leftovers(leases) == {}
    assert list(leases.iterdir()) == []


def test_an_ephemeral_runner_has_one_job_and_is_gone(stack: Stack) -> None:
    project = stack.repository(workflow("echo begin\nexit 3"))
    runner = stack.runner("brief", register=["--ephemeral"])
    first = project.run(project.push())
    assert runner.wait() == 0, "whatever became of the job"
    assert project.completed(first["id"], timeout=30)["conclusion"] == "failure"
    names = [one["name"] for one in stack.api(f"/repos/alice/{project.name}/actions/runners").json()["runners"]]
    assert "brief" not in names
    runner.stop()
    second = project.run(project.push())
    again = stack.start("runner-brief", [BIN / "forge-runner", "run", "--dir", stack.folder / "runner-brief"])
    assert again.wait() == 2
    assert "register it again" in again.output
    assert project.run_state(second["id"])["status"] == "queued"
    stack.api(project.path(f"/runs/{second['id']}/force-cancel"), "POST")


def test_a_runner_without_containers_that_must_end_takes_its_jobs_along(stack: Stack) -> None:
    project = stack.repository(workflow("(trap '' INT TERM; exec sleep 600) &\ntrap '' INT TERM\necho begin\nwait"))
    runner = stack.runner("ending", backend="host")
    run = project.run(project.push())
    project.says(run["id"], "work", "begin")

    assert runner.stop(timeout=9) == 0  # asked three times, not killed
    assert process_tree.leftovers(stack.folder / "runner-ending" / "leases") == {}
    assert project.completed(run["id"], timeout=10)["conclusion"] == "cancelled"
    assert "told to stop" in project.jobs(run["id"])["work"]["reason"]["message"]


def test_a_runner_that_dies_before_any_step_loses_nothing(stack: Stack, job_image: str) -> None:
    project = stack.repository(workflow("echo begin"))
    # The image is asked for after the claim was acknowledged: a build that never ends keeps the job there.
    slow = {"FORGE_RUNNER_IMAGE": "forge-test/never-there:1"}
    runner = stack.runner("slow", backend="docker", env=slow)
    settings = stack.folder / "runner-slow" / "config.toml"
    settings.write_text(settings.read_text() + '\n[docker]\nbuild = ["sleep", "600"]\n')
    runner.stop()
    runner = stack.runner("slow", backend="docker", env=slow)
    run = project.run(project.push())
    eventually(
        lambda: project.jobs(run["id"])["work"]["status"] == "in_progress", timeout=30, what="the job is acknowledged"
    )
    runner.kill()
    stack.runner("good", backend="docker", image=job_image)

    state = project.completed(run["id"], timeout=60)
    job = project.jobs(run["id"])["work"]
    assert state["conclusion"] == "success"
    assert state["run_attempt"] == 1
    assert job["runner_name"] == "good"


def test_the_worker_during_pushes(several: Stack, job_image: str) -> None:
    several.runner(backend="docker", image=job_image)
    project = several.repository(COUNTING)
    first = project.run(project.push())
    project.says(first["id"], "work", "line 5")

    several.processes["worker"].kill()
    shas = [project.push(workflow("echo begin"), message=f"Number {number}") for number in range(3)]
    several.start_worker()

    assert project.completed(first["id"], timeout=60)["conclusion"] == "success"
    for sha in shas:
        run = project.run(sha, timeout=30)
        assert project.completed(run["id"], timeout=60)["conclusion"] == "success"
        runs = several.api(project.path(f"/runs?head_sha={sha}")).json()
        assert runs["total_count"] == 1


def test_the_web_process_with_a_worker_beside_it(several: Stack, job_image: str) -> None:
    several.runner(backend="docker", image=job_image)
    project = several.repository(COUNTING)
    run = project.run(project.push())
    project.says(run["id"], "work", "line 10")
    several.processes["web"].kill()
    several.start_web()
    assert project.completed(run["id"], timeout=60)["conclusion"] == "success"
    assert output(project.log(project.jobs(run["id"])["work"]["id"])) == EXPECTED
