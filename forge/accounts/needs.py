"""What a call asks of a GITHUB_TOKEN: a permission and a level, in the words of GitHub's documentation.

Every call declares it in one place. A job's token opens nothing where nothing is declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from workflows.permissions import NAMES

#: What a view declares: one permission (``read`` to look, ``write`` to change), or ``name=level`` by method.
Declaration = str | Mapping[str, str]

#: Open to whoever shows any credential, or none.
ANY = "any"
#: Of a person: no job ever.
USER = "user"
_LOOKING = ("GET", "HEAD", "OPTIONS")


class Need(NamedTuple):
    """One permission at one level. Those that are no name of ``permissions:`` are never held by a job."""

    permission: str
    level: str

    @property
    def is_any(self) -> bool:
        """True when nothing is needed."""
        return self.permission == ANY

    @property
    def can_be_held(self) -> bool:
        """True when some job's token may have it; False for what is administered, and for undeclared calls."""
        return self.is_any or self.permission in NAMES

    def __str__(self) -> str:
        """As GitHub's header ``X-Accepted-GitHub-Permissions`` has it; empty where no permission opens it."""
        if self.is_any:
            return "allows_permissionless_access=true"
        named = self.permission not in ("", USER)
        return f"{self.permission.replace('-', '_')}={self.level}" if named else ""


#: Of a call that declares nothing.
UNDECLARED = Need("", "write")


def needed(declared: Declaration, method: str) -> Need:
    """What a declaration says of one HTTP method."""
    level = "read" if method in _LOOKING else "write"
    if isinstance(declared, str):
        return Need(declared, level)
    one = declared.get("GET" if method in _LOOKING else method, "")
    name, _, own_level = one.partition("=")
    return Need(name, own_level or level)
