"""What the scopes of a token allow, and which imply which.

Two vocabularies mean the same things: GitHub's (``repo``, ``read:org``) and the plain one (``repo:read``).
"""

from __future__ import annotations

from collections.abc import Iterable

#: Each scope and what it directly includes.
_INCLUDES: dict[str, tuple[str, ...]] = {
    "repo": ("repo:write", "public_repo", "repo:status", "repo_deployment", "delete_repo"),
    "repo:write": ("repo:read",),
    "repo:read": (),
    "repo:status": (),
    "repo_deployment": (),
    "public_repo": (),
    "delete_repo": (),
    "workflow": (),
    "admin:org": ("write:org",),
    "write:org": ("read:org",),
    "read:org": (),
    "user": ("user:write",),
    "user:write": ("user:read", "user:email"),
    "read:user": ("user:read",),
    "user:read": ("read:user",),
    "user:email": (),
}

#: Every scope that a token may be given.
KNOWN = frozenset(_INCLUDES)


def expand(scopes: Iterable[str]) -> frozenset[str]:
    """The given scopes and everything they imply."""
    seen: set[str] = set()
    left = list(scopes)
    while left:
        scope = left.pop()
        if scope not in seen:
            seen.add(scope)
            left.extend(_INCLUDES.get(scope, ()))
    return frozenset(seen)
