"""Containers kept ready, with a real engine: a job in one sees what it would see in its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runner.backends.docker import DockerBackend
from tests.docker.conftest import backend, containers, run
from tests.runner.conftest import Fleet, job_of, text_of
from tests.services.stack import eventually

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]

SCRIPT = """
echo in $PWD as $HOME; grep -c before $GITHUB_EVENT_PATH
touch $HOME/a $RUNNER_TOOL_CACHE/b $GITHUB_WORKSPACE/c; echo left=${LEFT:-nothing} >> $GITHUB_OUTPUT; ls -A
"""
WANTED = ["in /__w/project/project as /github/home", "1", "c"]


def _waiting(kept_ready: DockerBackend) -> list[str]:
    return [spare.folder.name for spare in kept_ready._spares._ready]


def test_a_spare_serves_a_job_as_its_own_container_would(fleet: Fleet, engine: Any) -> None:
    kept_ready = backend(spares=1)
    fleet.start(kept_ready)
    used, jobs = [], []
    for number in (1, 2):
        [waiting] = eventually(lambda: _waiting(kept_ready), timeout=30, what="a container is kept ready")
        used.append(waiting)
        kept = fleet.server.give(replace(job_of(run(SCRIPT, id="s")), job=number, lease_token=f"lease-token-{number}"))
        jobs.append(kept)
        assert fleet.server.wait_for(lambda kept=kept: kept.end is not None)
    for kept in jobs:
        assert kept.end is not None
        assert (kept.end.conclusion, kept.end.message) == ("success", "")
        text = text_of(kept)
        assert text[-len(WANTED) - 1 : -1] == WANTED
        assert any("kept ready" in line for line in text)
    assert used[0] != used[1]
    [next_one] = eventually(lambda: _waiting(kept_ready), timeout=30, what="the next one is there")
    assert next_one not in used
    assert [one.name for one in containers(engine)] == [next_one]


def test_what_a_spare_is_not_for(fleet: Fleet, engine: Any) -> None:
    """One that died, and what a sweep finds while one waits."""
    kept_ready = backend(spares=1)
    fleet.start(kept_ready)
    [waiting] = eventually(lambda: _waiting(kept_ready), timeout=30, what="a container is kept ready")
    assert kept_ready.sweep(frozenset) == []
    engine.containers.get(waiting).kill()
    eventually(lambda: waiting not in [one.name for one in containers(engine)], timeout=30, what="it is gone")
    kept = fleet.server.give(job_of(run("echo hello")))
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert kept.end is not None
    assert kept.end.conclusion == "success"
    assert not any("kept ready" in line for line in text_of(kept))
