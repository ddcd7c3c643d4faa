"""One server with one agent, an organisation, and a repository to walk through, for all of GitHub's clients."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from github import Auth, Github

from tests.clients.walks.walk import ORGANIZATION, WORKFLOW
from tests.services.stack import LOGIN, Project, Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("clients")) as running:
        running.forge("org", "create", ORGANIZATION, "--owner", LOGIN)
        running.forge("repo", "create", f"{ORGANIZATION}/shared")
        running.runner()
        yield running


@pytest.fixture
def project(stack: Stack) -> Project:
    """A repository whose workflow stands on its default branch; its first run is over."""
    made = stack.repository({".github/workflows/walk.yml": WORKFLOW})
    made.completed(made.run(made.push(message="First"))["id"])
    return made


@pytest.fixture
def github(stack: Stack) -> Iterator[Github]:
    # Its pauses between calls are made for GitHub's own limits.
    pace = {"seconds_between_requests": 0, "seconds_between_writes": 0}
    with Github(base_url=f"{stack.url}/api/v3", auth=Auth.Token(stack.token), retry=0, **pace) as client:
        yield client
