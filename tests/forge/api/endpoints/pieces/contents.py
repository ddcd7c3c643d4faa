"""What is in the repository's folder, and who works there."""

from __future__ import annotations

from django.test import Client

from forge.repos import git, trees
from forge.repos.models import Collaborator, Right
from tests import factories
from tests.forge.api.endpoints.pieces.repositories import MAIN
from tests.forge.api.endpoints.pieces.runs import CI
from tests.forge.api.endpoints.world import World, piece


@piece("as pushed", "readme_sha", "git_ref", "folder")
def _as_pushed(world: World) -> None:
    """The folder as the commit of the world left it: what a case writes into it no rollback takes back."""
    files = {"README.md": "# Hello\n", ".github/workflows/ci.yml": CI}
    sha = factories.push(world.hello, files, MAIN)
    readme = trees.find(world.hello, sha, "README.md")
    assert readme is not None
    world.values |= {"readme_sha": readme.sha, "git_ref": "heads/main", "folder": "docs"}


@piece("as pushed again")
def _as_pushed_again(world: World) -> None:
    """The same once more, for a case of a call that needs it from the beginning."""
    _as_pushed(world)


@piece("a tag")
def _tag(world: World) -> None:
    """The tag ``v1`` on the commit."""
    git.opened(world.hello).references.create("refs/tags/v1", world.values["sha"], force=True)


@piece("signed archives", "archive_token", "zip_archive_token")
def _signed(world: World) -> None:
    """Where the repository's archives lie for a minute."""
    reader = Client(headers={"authorization": f"token {factories.token(world.account('reader'))}"})
    for name, kind in (("archive_token", "tarball"), ("zip_archive_token", "zipball")):
        place = reader.get(f"/api/v3/repos/octo/hello/{kind}").headers["Location"]
        world.values[name] = place.rpartition("/")[2]


@piece("docs")
def _docs(world: World) -> None:
    """A branch ``with-docs`` that has a README in a folder."""
    factories.push(world.hello, {"docs/README.md": "docs"}, "refs/heads/with-docs")


@piece("no docs")
def _no_docs(world: World) -> None:
    """Without that branch again."""
    if "refs/heads/with-docs" in git.opened(world.hello).references:
        git.opened(world.hello).references.delete("refs/heads/with-docs")


@piece("member reads")
def _member(world: World) -> None:
    """The member of the organisation is a collaborator, who reads."""
    Collaborator.objects.create(repository=world.hello, user=world.account("member"), right=Right.READ)
