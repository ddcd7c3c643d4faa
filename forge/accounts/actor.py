"""Who is asking, whichever way they showed it; API, git and pages all work with this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from forge.accounts.models import Account
from forge.accounts.scopes import expand

Kind = Literal["anonymous", "session", "token", "job"]


@dataclass(frozen=True)
class Actor:
    """The asker of one request.

    ``scopes`` are those of a token as they were given (None: no limit, as in a browser session).
    ``only_repository_id`` binds a token to one repository. A job has no account: ``rights`` says by
    repository id what it may do there (a number of ``repos.models.Right``). ``token_id`` tells one
    credential from another, for rate limits.
    """

    kind: Kind
    account: Account | None = None
    scopes: frozenset[str] | None = None
    only_repository_id: int | None = None
    rights: Mapping[int, int] | None = None
    token_id: str = ""

    @classmethod
    def for_session(cls, account: Account) -> Actor:
        """The person behind a browser session: everything the account itself may do."""
        return cls(kind="session", account=account)

    @property
    def is_anonymous(self) -> bool:
        """True when nobody showed any credential."""
        return self.kind == "anonymous"

    @cached_property
    def _expanded(self) -> frozenset[str]:
        return expand(self.scopes or ())

    def allows(self, scope: str) -> bool:
        """True when the credential covers ``scope``, itself or by one that implies it."""
        return self.scopes is None or scope in self._expanded


ANONYMOUS = Actor(kind="anonymous", scopes=frozenset())
