"""``volumes:`` of a container: which mounts there are, and which the administrator must allow."""

from __future__ import annotations

import pytest

from runner.containers import volumes
from runner.containers.options import Policy
from runner.containers.spec import ContainerSpec
from runner.containers.volumes import Volume
from runner.errors import InfrastructureError

ALLOWED = Policy(volumes=("/srv/models", "/srv/read:ro"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data", Volume("", "/data")),
        ("cache:/data", Volume("cache", "/data")),
        ("my.cache-1:/data:ro", Volume("my.cache-1", "/data", ("ro",))),
        ("cache:/data:ro,nocopy", Volume("cache", "/data", ("ro", "nocopy"))),
        ("/srv/models:/models", Volume("/srv/models", "/models")),
        ("/srv/models:/models:ro", Volume("/srv/models", "/models", ("ro",))),
        ("/srv/read:/models:ro", Volume("/srv/read", "/models", ("ro",))),
    ],
)
def test_volumes(text: str, expected: Volume) -> None:
    assert volumes.parse(ContainerSpec("db", "i"), (text,), ALLOWED) == [expected]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/etc:/x", "mounts a path of the runner's machine, which this runner does not allow. Use a named volume, or"),
        ("/etc:/x", "add '/etc' to docker.allow_volumes in its config.toml"),
        ("/var/run/docker.sock:/var/run/docker.sock", "add '/var/run/docker.sock' to docker.allow_volumes"),
        ("/srv/models/below:/x", "add '/srv/models/below' to"),
        ("/srv/models/:/x", "add '/srv/models/' to"),
        ("/srv/../etc:/x", "add '/srv/../etc' to"),
        ("/srv/read:/x", "does not allow to be written (it may with :ro)"),
        ("/srv/read:/x:rw", "does not allow to be written (it may with :ro)"),
        ("./here:/x", "begins with neither the name of a volume nor an absolute path"),
        ("../here:/x", "begins with neither"),
        (":/x", "names no source"),
        ("cache:data", "does not end at an absolute path"),
        ("cache", "does not end at an absolute path"),
        ("cache:/x:shared", "has a mode that is none of nocopy, ro, rw"),
        ("cache:/x:ro:ro", "has a mode"),
        ("cache:/", "would hide the whole image"),
    ],
)
def test_what_is_refused(text: str, words: str) -> None:
    with pytest.raises(InfrastructureError) as caught:
        volumes.parse(ContainerSpec("db", "i"), (text,), ALLOWED)
    assert caught.value.reason == "container_refused"
    assert str(caught.value).startswith(f"services.db.volumes: '{text}' ")
    assert words in str(caught.value)


@pytest.mark.parametrize("target", ["/__w", "/__e", "/__e/node20", "/github", "/github/home", "/__w/", "/__t"])
def test_the_runners_own_folders_are_not_hidden(target: str) -> None:
    with pytest.raises(InfrastructureError, match="would hide the runner's own"):
        volumes.parse(ContainerSpec("", "i"), (f"cache:{target}",), ALLOWED)
    assert volumes.parse(ContainerSpec("db", "i"), (f"cache:{target}",), ALLOWED)
