"""Repositories, their commits and feeds."""

from __future__ import annotations

from forge.repos import feed_tokens
from forge.repos.models import Collaborator, Right
from tests import factories
from tests.forge.api.endpoints.pieces.runs import CI
from tests.forge.api.endpoints.world import World, piece

MAIN = "refs/heads/main"


@piece("commit", "sha", "branch", "ref", "path")
def _commit(world: World) -> None:
    """A commit on ``main`` with a README and a workflow."""
    sha = factories.push(world.hello, {"README.md": "# Hello\n", ".github/workflows/ci.yml": CI}, MAIN)
    world.values |= {"sha": sha, "branch": "main", "ref": "main", "path": "README.md"}


@piece("acme repository", "repository_id")
def _of_acme(world: World) -> None:
    """A private repository of the organisation, ``acme/tools``."""
    world.rows["tools"] = factories.repository(world.account("acme"), "tools", private=True)
    world.values["repository_id"] = world.rows["tools"].pk


@piece("feed token", "feed_token")
def _feed_token(world: World) -> None:
    """The owner's token for the repository's feed."""
    world.values["feed_token"] = feed_tokens.renew(world.account("octo"), world.hello)


@piece("admin of tools")
def _admin_of_tools(world: World) -> None:
    """The administrator of ``octo/hello`` administers ``acme/tools`` as well."""
    world.need("acme repository")
    Collaborator.objects.create(repository=world.rows["tools"], user=world.account("admin"), right=Right.ADMIN)


@piece("public repository")
def _public(world: World) -> None:
    """A public repository of the owner's, ``octo/open``."""
    world.rows["open"] = factories.repository(world.account("octo"), "open")
