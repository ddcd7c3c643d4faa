"""The scenarios again, with a container for each job: what comes of a workflow does not depend on the backend.

Which of them only the fake backend can play, and why, is said in tests/scenarios/case.py. A sample of the others is
played here at every run of the tests, all of them by the soak.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import docker
import pytest

from runner.containers.labels import LABEL
from tests.scenarios.case import cases
from tests.scenarios.stage import Stage
from tests.services.stack import eventually

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]

#: By what a container could do otherwise: exit codes, environments, files between steps, signals, time limits, names.
SAMPLE = (
    *("attempts/one-leg", "attempts/with-debug-logging", "background/cancel"),
    *("background/outputs", "cancel/force", "cancel/job-that-goes-on"),
    *("cancel/step-that-goes-on", "conditions/of-steps-by-context", "context/defaults"),
    *("context/env-precedence", "context/protected-variables", "continue-on-error/step"),
    *("matrix/fail-fast", "matrix/from-needs", "outputs/masked"),
    *("outputs/many-lines", "permissions/write-all", "reuse/outputs-of-a-matrix"),
    *("runners/lost-in-a-step", "steps/annotations", "steps/checkout"),
    *("steps/files", "steps/problem-matchers", "timeouts/job"),
    *("timeouts/step", "vault/secrets"),
)
PLAYABLE = tuple(name for name, case in cases().items() if not case.absent and not case.needs_fake)


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, job_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server whose agents use containers; every chosen scenario is under way there."""
    chosen = {item.callspec.params["scenario"] for item in request.session.items if _plays(item)}
    with Stage(tmp_path_factory.mktemp("real"), real=True) as made:
        made.play(case for name, case in cases().items() if name in chosen)
        yield made
    client = docker.from_env()
    eventually(lambda: not _left(client, made.identity), timeout=30, what="no container is left")
    client.close()


def _plays(item: Any) -> bool:
    return getattr(item, "module", None) is not None and item.module.__name__ == __name__ and hasattr(item, "callspec")


def _left(client: Any, identity: str) -> list[str]:
    found = client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
    return [str(one.name) for one in found if str(one.labels.get(LABEL, "")).startswith(f"{identity}-")]


def played(stage: Stage, scenario: str) -> None:
    outcome = stage.outcome(scenario)
    assert not outcome.differences, "\n".join([cases()[scenario].shows, *outcome.differences])


@pytest.mark.parametrize("scenario", SAMPLE)
def test_a_sample(stage: Stage, scenario: str) -> None:
    played(stage, scenario)


@pytest.mark.soak
@pytest.mark.parametrize("scenario", PLAYABLE)
def test_all_that_need_no_fake(stage: Stage, scenario: str) -> None:
    played(stage, scenario)
