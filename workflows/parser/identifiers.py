"""Ids of jobs and steps: what is allowed, and the ids that steps without one get."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SHAPE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LONGEST = 100
_OUTSIDE = re.compile(r"[^A-Za-z0-9_-]")
#: GitHub's sentence, its doubled "and" included: people search for it.
_RULE = (
    "IDs may only contain alphanumeric characters, '_', and '-'. IDs must start with a letter or '_' and and must be"
    " less than 100 characters."
)


class Identifiers:
    """The ids of one scope; case does not tell two apart."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def problem(self, name: str) -> str:
        """Take the id; why it cannot be used, or ""."""
        if not _SHAPE.fullmatch(name) or len(name) >= _LONGEST:
            return f"The identifier '{name}' is invalid. {_RULE}"
        if name.startswith("__"):
            return f"The identifier '{name}' is invalid. IDs starting with '__' are reserved."
        if name.lower() in self._taken:
            return f"The identifier '{name}' may not be used more than once within the same scope."
        self._taken.add(name.lower())
        return ""

    def generate(self, uses: str, kind: str = "run") -> str:
        """An id for a step without one: ``__run``, ``__actions_checkout``, and a number from the second on.

        ``kind`` is what a step without ``uses`` does: run, wait, wait-all, cancel, parallel.
        """
        base = _OUTSIDE.sub("_", f"__{_origin(uses) if uses else kind}")
        number = self._next.get(base.lower(), 1)
        while True:
            suffix = f"_{number}" if number > 1 else ""
            candidate = base[: _LONGEST - len(suffix)] + suffix
            if candidate.lower() not in self._taken:
                self._taken.add(candidate.lower())
                self._next[base.lower()] = number + 1
                return candidate
            number += 1


def _origin(uses: str) -> str:
    """What the id of a step with an action is made of."""
    if uses.startswith("docker://"):
        return uses.removeprefix("docker://") or "run"
    if uses.startswith(("./", ".\\", "$/")):
        return "self"
    parts = repository_action(uses)
    return "/".join(parts[:2]) if parts else "run"


def repository_action(uses: str) -> tuple[str, ...] | None:
    """owner, name, folder …, ref of ``owner/name/folder@ref``; None when it is not of this form."""
    path, at, ref = uses.partition("@")
    folders: Sequence[str] = [part for part in re.split(r"[/\\]", path) if part]
    if len(folders) < 2 or not at or not ref or "@" in ref:
        return None
    return (*folders, ref)
