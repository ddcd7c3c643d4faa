"""Cancels at random moments: every run ends and says why, and nothing of it is left on the machine."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import docker
import pytest

from runner import config
from runner.backends.docker import LABEL
from runner.backends.ready_network import PREFIX
from tests.services.stack import Project, Stack, describe, eventually

pytestmark = pytest.mark.chaos

CAPACITY = 4
READY = 2  # networks: some jobs find one, some make their own
#: One more than the agent takes at once, so that a cancel finds jobs that wait, too.
AT_ONCE = CAPACITY + 1
#: Seconds after the dispatch within which the cancel comes: before the claim, at the container's start, in a step.
MOMENTS = 2.0
#: What a job does, and how often of a hundred. A stubborn one holds its place for the ten seconds of INT, TERM, KILL.
KINDS = {"quick": 20, "sleep": 40, "always": 20, "loud": 15, "stubborn": 5}
FORCED, FORCED_AFTER = 0.2, 0.2  # of the cancels; of those that were not, a little later
WORKFLOW = """\
name: Random
on:
  workflow_dispatch:
    inputs:
      kind:
        type: string
jobs:
  work:
    runs-on: ubuntu-latest
    steps:
      - if: inputs.kind == 'quick'
        run: echo quick
      - if: inputs.kind == 'sleep' || inputs.kind == 'always'
        run: (sleep 600 &) ; sleep 600
      - if: inputs.kind == 'loud'
        run: while seq 20000; do sleep 0.2; done
      - if: inputs.kind == 'stubborn'
        run: |
          trap '' INT TERM
          setsid sleep 600 & sleep 600; sleep 600
      - if: always() && inputs.kind == 'always'
        run: echo cleaned up
"""


@pytest.fixture
def project(stack: Stack, job_image: str) -> Project:
    """A repository whose jobs an agent takes four at a time."""
    settings = {"FORGE_RUNNER_CAPACITY": str(CAPACITY), "FORGE_RUNNER_SPARE_NETWORKS": str(READY)}
    stack.runner("random", backend="docker", image=job_image, env=settings)
    made = stack.repository({".github/workflows/random.yml": WORKFLOW})
    made.push()
    eventually(lambda: stack.api(made.path("/workflows")).json()["total_count"] == 1, what="the workflow is known")
    return made


def test_twenty_random_cancels(stack: Stack, project: Project) -> None:
    cancel_at_random(stack, project, range(20))


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_five_hundred_random_cancels(stack: Stack, project: Project) -> None:
    cancel_at_random(stack, project, range(1000, 1500))


def cancel_at_random(stack: Stack, project: Project, seeds: range) -> None:
    """One run a seed, each cancelled at its own moment; then nothing may be left."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(lambda seed: _one(project, random.Random(seed)), seeds))
    print(f"{len(ends)} runs: {dict(Counter(ends))}")
    folder = stack.folder / "runner-random"
    eventually(lambda: _has_nothing_but_ready(folder), timeout=30, what="nothing is left on the engine")
    eventually(lambda: not list((folder / "leases").iterdir()), timeout=10, what="no folder is left")


def _one(project: Project, dice: random.Random) -> str:
    """How it ended, when everything about it is as it must be."""
    kind = dice.choices(list(KINDS), list(KINDS.values()))[0]
    force, again, moment = dice.random() < FORCED, dice.random() < FORCED_AFTER, dice.uniform(0, MOMENTS)
    run = _dispatch(project, kind)
    time.sleep(moment)  # the random moment itself
    _cancel(project, run, force=force)
    if again:
        time.sleep(dice.uniform(0, 1))
        _cancel(project, run, force=True)
    state = project.completed(run, timeout=60)
    job = project.jobs(run)["work"]
    assert state["conclusion"] in ("cancelled", "success"), describe(state) + project.log(job["id"])[-2000:]
    assert job["conclusion"] == state["conclusion"], describe(job)
    if state["conclusion"] == "cancelled":
        assert (job["reason"]["code"], state["reason"]["code"]) in _REASONS, describe(state) + describe(job)
    else:
        assert kind == "quick", describe(job)
    return f"{kind}: {state['conclusion']}"


_REASONS = {("cancelled", "cancelled"), ("cancelled", "jobs_cancelled")}


def _dispatch(project: Project, kind: str) -> int:
    wanted = {"ref": "main", "inputs": {"kind": kind}, "return_run_details": True}
    answer = project.stack.api(project.path("/workflows/random.yml/dispatches"), "POST", wanted)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["workflow_run_id"])


def _cancel(project: Project, run: int, *, force: bool) -> None:
    word = "force-cancel" if force else "cancel"
    answer = project.stack.api(project.path(f"/runs/{run}/{word}"), "POST")
    assert answer.status_code in (202, 409), answer.text  # 409: it is over already


def _has_nothing_but_ready(folder: Path) -> bool:
    """Whether the agent has no more than the networks that it keeps ready; they end with it."""
    names = [each.name for each in left(config.load(folder, {}).identity)]
    return len(names) <= READY and all(name.startswith(PREFIX) for name in names)


def left(identity: str) -> list[Any]:
    """Containers, networks and volumes of this runner."""
    client = docker.from_env()
    filters = {"label": f"{LABEL}={identity}"}
    try:
        containers = client.containers.list(all=True, filters=filters, ignore_removed=True)
        return [*containers, *client.networks.list(filters=filters), *client.volumes.list(filters=filters)]
    finally:
        client.close()
