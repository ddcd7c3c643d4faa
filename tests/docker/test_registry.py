"""Private images: Debian's docker-registry with a password, on the loopback address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.containers import relay
from runner.images import Images
from runner.stop import Stop
from tests.absent import absent
from tests.docker.conftest import backend, run
from tests.runner.conftest import Fleet, job_of, text_of
from tests.services import images
from tests.services.registry import PASSWORD, USERNAME, NotInstalled, registry
from workflows.messages import Assignment
from workflows.model import Container, Credentials

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def image(engine: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of an image that only the registry has: one static program, which says that it is ready and waits."""
    folder = tmp_path_factory.mktemp("registry")
    try:
        with registry(folder) as address:
            name = f"{address}/private/waiting:1"
            images.import_program(engine, name, relay.program(folder), ['ENTRYPOINT ["/program"]'])
            engine.api.push(name, auth_config={"username": USERNAME, "password": PASSWORD})
            engine.images.remove(name)
            yield name
    except NotInstalled as error:
        absent(str(error))
    repository = name.rpartition(":")[0]
    for each in engine.images.list(all=True):
        if any(digest.startswith(repository) for digest in each.attrs["RepoDigests"] or ()):
            engine.images.remove(each.id, force=True)


def job(image: str, password: str | None) -> Assignment:
    login = Credentials("${{ vars.WHO }}", "${{ secrets.REGISTRY }}") if password is not None else None
    contexts = {"vars": {"WHO": USERNAME}}
    return job_of(
        run("echo reached"),
        definition={"services": {"waiting": Container(image, credentials=login)}},
        secrets={"REGISTRY": password or ""},
        contexts=contexts,
    )


def test_pulled_with_the_credentials_of_a_job(fleet: Fleet, engine: Any, image: str) -> None:
    kept = fleet.run(job(image, PASSWORD), backend())
    assert kept.end is not None
    lines = text_of(kept)
    assert kept.end.conclusion == "success", lines
    assert "ready" in lines  # said by what is in the image
    assert PASSWORD.encode() not in kept.log
    names = [tag for each in engine.images.list() for tag in each.tags]
    assert image not in names  # another job without the password cannot use it


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("wrong-password-5d0c", "cannot be had with the credentials of forge-tests: unauthorized"),
        (None, "is not on this machine and cannot be had: "),
    ],
)
def test_refused_without_the_right_password(fleet: Fleet, image: str, password: str | None, message: str) -> None:
    kept = fleet.run(job(image, password), backend())
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.reason) == ("failure", "image_unavailable")
    assert f"The image {image} {message}" in kept.end.message
    assert b"wrong-password-5d0c" not in kept.log
    assert not any("trying again" in line for line in text_of(kept))


def test_fetched_ahead(engine: Any, image: str, tmp_path: Path) -> None:
    said: list[str] = []
    missing = image.replace("private", "nowhere")
    Images("no/default", ahead=(missing,), pause=(0, 0)).fetch_ahead(lambda: engine, said.append, Stop())
    assert said[0] == f"The image {missing} is not on this machine; pulling it"
    assert said[-1].startswith(f"The image {missing} is not on this machine and cannot be had: ")
