"""What there is when a case begins: a private repository ``octo/hello`` with a commit, people of every kind, an
organisation ``acme``, and whatever pieces the case names. Each piece is made of rows, once, when first asked for.

The pieces stand in the modules of ``pieces/``, an area each: functions with ``@piece(…)``, which gives them the name of
the data files and says which values they add. A part of a path whose value no named piece gives is made by the first
piece that says it gives it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from forge.accounts.models import Account, Kind, Membership
from forge.repos.models import Collaborator, Repository, Right
from tests import factories

_PIECES: dict[str, Callable[[World], None]] = {}
#: Which piece gives a value.
_GIVES: dict[str, str] = {}


def piece(name: str, *gives: str) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    """Make a function a piece of this name, which puts these values into the world."""

    def put(made: Callable[[World], None]) -> Callable[[World], None]:
        _PIECES[name] = made
        for value in gives:
            _GIVES.setdefault(value, name)
        return made

    return put


@dataclass
class World:
    """The rows of one test. ``values`` are for paths, queries and bodies; ``rows`` for other pieces."""

    values: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    _made: set[str] = field(default_factory=set)

    @classmethod
    def new(cls) -> World:
        """With the repository, the organisation and the people."""
        world = cls()
        octo = factories.account("octo", email="octo@example.org")
        hello = factories.repository(octo, "hello", private=True, description="Says hello")
        for login, right in (("admin", Right.ADMIN), ("writer", Right.WRITE), ("reader", Right.READ)):
            world.rows[login] = factories.account(login)
            Collaborator.objects.create(repository=hello, user=world.rows[login], right=right)
        acme = factories.account("acme", kind=Kind.ORGANIZATION)
        world.rows |= {"octo": octo, "hello": hello, "acme": acme, "stranger": factories.account("stranger")}
        world.rows["member"] = factories.account("member")
        for login, role in (("octo", Membership.Role.OWNER), ("member", Membership.Role.MEMBER)):
            Membership.objects.create(organization=acme, user=world.rows[login], role=role)
        world.rows["root"] = factories.account("root", is_site_admin=True)
        world.values |= {"owner": "octo", "repo": "hello", "name": "hello", "base": f"{settings.PUBLIC_URL}/api/v3"}
        world.values |= {"org": "acme", "username": "octo", "hello_id": hello.pk, "html": settings.PUBLIC_URL}
        world.need("commit")
        return world

    @property
    def hello(self) -> Repository:
        """The repository as the database has it now: factories count in it."""
        return Repository.objects.select_related("owner").get(pk=self.rows["hello"].pk)

    def account(self, login: str) -> Account:
        """One of the people, or the organisation."""
        found: Account = self.rows[login]
        return found

    def need(self, name: str) -> Any:
        """Make the piece, if it is not there; its row, if it has one under its name."""
        _load()
        if name not in self._made:
            if name not in _PIECES:
                raise ValueError(f"there is no piece {name!r}; there are {', '.join(sorted(_PIECES))}")
            self._made.add(name)
            _PIECES[name](self)
        return self.rows.get(name)

    def value(self, name: str) -> Any:
        """What stands under this name, made by its piece if need be."""
        _load()
        if name not in self.values and name in _GIVES:
            self.need(_GIVES[name])
        return self.values[name]


@cache
def _load() -> None:
    """Import every module of pieces, each once."""
    for file in sorted((Path(__file__).parent / "pieces").glob("*.py")):
        importlib.import_module(f"tests.forge.api.endpoints.pieces.{file.stem}")
