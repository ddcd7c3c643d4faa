"""A runner that stands still, or cannot make itself heard: no job is touched twice, and none too early."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.chaos.conftest import workflow
from tests.services.process import Process
from tests.services.proxy import LossyProxy
from tests.services.stack import Stack, eventually

pytestmark = pytest.mark.chaos

DEPLOY = """\
name: Deploy
on: push
concurrency: deploy
jobs:
  work:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo begin
          %s
"""


def deploy(script: str) -> dict[str, str]:
    return {".github/workflows/deploy.yml": DEPLOY % script}


def test_frozen_past_its_lease_it_gives_way(stack: Stack, job_image: str) -> None:
    """The group of the lost job goes to the next run only when the frozen runner's container is dead."""
    frozen = stack.runner("frozen", backend="docker", image=job_image)
    project = stack.repository(deploy("sleep 600"))
    first = project.run(project.push())
    project.says(first["id"], "work", "begin")
    frozen.send_signal(signal.SIGSTOP)
    try:
        assert project.completed(first["id"], timeout=40)["conclusion"] == "failure"
        lost = project.jobs(first["id"])["work"]
        assert lost["reason"]["code"] == "runner_lost"
        stack.runner("free", backend="docker", image=job_image)
        second = project.run(project.push(deploy("echo second")))
        assert project.run_state(second["id"])["status"] == "pending"
        assert len(stack.containers()) == 1, "what the frozen runner started runs on"
    finally:
        frozen.send_signal(signal.SIGCONT)
    project.says(second["id"], "work", "second", timeout=40)
    assert project.completed(second["id"])["conclusion"] == "success"
    eventually(lambda: not stack.containers(), timeout=20, what="both containers are gone")

    after = project.jobs(first["id"])["work"]
    assert (after["conclusion"], after["reason"]) == ("failure", lost["reason"]), "the job was touched again"
    assert after["run_attempt"] == 1
    frozen.wait_for(rf"job {after['id']}-1: given up")
    assert frozen.returncode is None, "the runner goes on"


def test_nothing_runs_before_the_first_step_is_reported(stack: Stack, tmp_path: Path) -> None:
    """The report never arrives and the runner dies: the job is queued again, and runs once."""
    mark = tmp_path / "mark"
    project = stack.repository(workflow(f"echo ran >> {mark}"))
    with LossyProxy(stack.port, hold=lambda piece: b"/steps HTTP" in piece) as proxy:
        through = {"FORGE_RUNNER_URL": f"http://127.0.0.1:{proxy.port}"}
        mute = stack.runner("mute", backend="host", env=through)
        run = project.run(project.push())
        eventually(lambda: proxy.dropped > 3, timeout=30, what="the report is tried again")
        assert not mark.exists()
        mute.kill()
    good: Process = stack.runner("good", backend="host")
    assert project.completed(run["id"], timeout=60)["conclusion"] == "success"
    job = project.jobs(run["id"])["work"]
    assert job["runner_name"] == "good"
    assert mark.read_text() == "ran\n"
    assert good.returncode is None
