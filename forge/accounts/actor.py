"""Who is asking, whichever way they showed it; API, git and pages all work with this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from forge.accounts.models import Account
from forge.accounts.scopes import expand
from workflows import permissions

Kind = Literal["anonymous", "session", "token", "job"]


@dataclass(frozen=True)
class Actor:
    """The asker of one request.

    ``scopes`` are those of a token as they were given (None: no limit, as in a browser session).
    ``only_repository_id`` binds a token to one repository. A job has no account: ``permissions`` says what
    its GITHUB_TOKEN may do in its own repository (level by name, as in a workflow file). ``token_id`` tells
    one credential from another, for rate limits.
    """

    kind: Kind
    account: Account | None = None
    scopes: frozenset[str] | None = None
    only_repository_id: int | None = None
    permissions: Mapping[str, str] = field(default_factory=dict, hash=False)
    token_id: str = ""

    @classmethod
    def for_session(cls, account: Account) -> Actor:
        """The person behind a browser session: everything the account itself may do."""
        return cls(kind="session", account=account)

    @classmethod
    def for_job(cls, repository_id: int, held: Mapping[str, str], token_id: str = "") -> Actor:
        """A job of this repository with these permissions; scopes, which are a person's, cover nothing."""
        return cls("job", None, frozenset(), repository_id, held, token_id)

    @property
    def is_anonymous(self) -> bool:
        """True when nobody showed any credential."""
        return self.kind == "anonymous"

    @cached_property
    def _expanded(self) -> frozenset[str]:
        return expand(self.scopes or ())

    def holds(self, permission: str, level: str) -> bool:
        """True when a job's token has this permission at this level, in its own repository."""
        return permissions.allows(self.permissions, permission, level)

    def allows(self, scope: str) -> bool:
        """True when the credential covers ``scope``, itself or by one that implies it."""
        return self.scopes is None or scope in self._expanded


ANONYMOUS = Actor(kind="anonymous", scopes=frozenset())
