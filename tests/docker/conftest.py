"""An agent with a real engine, and a server in this very process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from runner.backends.docker import DockerBackend, DockerOptions
from runner.containers.labels import LABEL
from runner.fake_server import KeptJob
from runner.images import DEFAULT_IMAGE
from tests.absent import absent
from tests.runner.conftest import Fleet
from tests.services.stack import eventually
from workflows.model import Step

RUNNER = f"docker-tests-{os.getpid()}"


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    try:
        client = docker.from_env()
        client.images.get(DEFAULT_IMAGE)
    except docker.errors.DockerException as error:
        absent(f"needs a Docker engine with the image {DEFAULT_IMAGE} (deploy/job-image/build): {error}")
    yield client
    client.close()


@pytest.fixture
def steps_by(request: pytest.FixtureRequest, data_folder: Path) -> Iterator[str]:
    """What runs the steps: init, unless the test is ``both_ways``."""
    way = str(getattr(request, "param", "init"))
    if way == "exec":
        _Agent.data = None
    yield way
    _Agent.data = data_folder


@pytest.fixture
def fleet(engine: Any, steps_by: str, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path)
    yield made
    made.end()
    eventually(lambda: not containers(engine), timeout=20, what="no container is left")
    assert list((tmp_path / "leases").iterdir()) == []


def containers(engine: Any) -> list[Any]:
    """What this test has on the engine."""
    return list(engine.containers.list(all=True, filters={"label": f"{LABEL}={RUNNER}"}, ignore_removed=True))


class _Agent:
    """What the agent of a test has."""

    data: Path | None = None


@pytest.fixture(scope="session", autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where forge-init is built, once."""
    _Agent.data = tmp_path_factory.mktemp("data")
    return _Agent.data


#: The steps of such a test run by forge-init, and again by docker exec.
both_ways = pytest.mark.parametrize("steps_by", ["init", "exec"], indirect=True)


def backend(**options: Any) -> DockerBackend:
    return DockerBackend(DockerOptions(RUNNER, **{"folder": _Agent.data, **options}))


def run(text: str, **fields: object) -> Step:
    return Step(id=str(fields.pop("id", "__run")), run=text, **fields)  # type: ignore[arg-type]


def said(kept: KeptJob, text: str) -> Callable[[], bool]:
    """Whether the server has this text in the job's log by now."""
    return lambda: text.encode() in bytes(kept.log)
