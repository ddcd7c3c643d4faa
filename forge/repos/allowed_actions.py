"""Whose actions, and whose workflows to call, the files of a repository may use: a setting with effect on every run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forge.accounts.actor import Actor
from forge.errors import Conflict, FieldError, Invalid
from forge.repos import policies
from forge.repos.models import ActionsPolicy, Repository
from forge.repos.policies import Allowed, Scope

#: The organisations whose actions ``github_owned_allowed`` means.
GITHUB_OWNERS = ("actions", "github")
MOST_PATTERNS, PATTERN_LENGTH = 1000, 255
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PATTERN = re.compile(r"!?[\w.*-]+(/[\w.*-]+)*(@[\w.*/-]+)?", re.ASCII)


@dataclass(frozen=True)
class Selected:
    """What ``selected`` lets in, beside the actions of the repository's own owner."""

    github_owned: bool
    verified: bool
    patterns: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """What holds in one repository."""

    owner: str
    allowed: str
    selected: Selected
    sha_required: bool

    def refusal(self, uses: str) -> str | None:
        """Why a ``uses`` of a file may not be; None when it may. Local ones always may."""
        if uses.startswith(("./", "docker://")):
            return None
        name, _, version = uses.partition("@")
        if self.sha_required and not _SHA.fullmatch(version):
            return f"The action {uses} is not allowed because all actions must be pinned to a full-length commit SHA."
        owner = name.partition("/")[0].lower()
        if self.allowed == Allowed.ALL or owner == self.owner.lower():
            return None
        if self.allowed == Allowed.SELECTED and self._selected(owner, name, uses):
            return None
        return f"{uses} is not allowed to be used here. {self._words()}"

    def _selected(self, owner: str, name: str, uses: str) -> bool:
        if _matches([text[1:] for text in self.selected.patterns if text.startswith("!")], name, uses):
            return False
        if self.selected.github_owned and owner in GITHUB_OWNERS:
            return True
        return _matches([text for text in self.selected.patterns if not text.startswith("!")], name, uses)

    def _words(self) -> str:
        own = f"Actions in this workflow must be: within a repository owned by {self.owner}"
        if self.allowed != Allowed.SELECTED:
            return f"{own}."
        github = ", created by GitHub" if self.selected.github_owned else ""
        patterns = ", ".join(self.selected.patterns)
        return f"{own}{github}{f', or matching the following: {patterns}' if patterns else ''}."


def of(repository: Repository) -> Rule:
    """What holds in a repository (with its owner): the organisation's word where it has one, else its own."""
    own, above = policies.both(repository)
    # An organisation that restricts does so for all of them; one that allows everything leaves the choice to them.
    row = above if above.allowed_actions not in ("", Allowed.ALL) else own
    sha = own.sha_pinning_required or above.sha_pinning_required
    return Rule(repository.owner.login, row.allowed_actions or Allowed.ALL, selection(row), sha)


def word(scope: Scope) -> str:
    """The setting of a repository or organisation, in GitHub's words."""
    if isinstance(scope, Repository):
        return str(of(scope).allowed)
    return policies.of(scope).allowed_actions or Allowed.ALL.value


def selection(row: ActionsPolicy) -> Selected:
    """What a row selects."""
    return Selected(row.github_owned_allowed, row.verified_allowed, tuple(row.patterns_allowed))


def checked(scope: Scope, wanted: str | None, *, sha_required: bool | None) -> dict[str, Any]:
    """The columns of a change. ``Invalid`` for another word; ``Conflict`` where the organisation has restricted it."""
    values: dict[str, Any] = {} if sha_required is None else {"sha_pinning_required": sha_required}
    if wanted is None:
        return values
    if wanted not in Allowed.values:
        words = f"allowed_actions must be one of {', '.join(Allowed.values)}"
        raise Invalid(words, [FieldError("Permissions", "allowed_actions", "invalid", words)])
    if isinstance(scope, Repository) and _restricted(scope) not in ("", wanted):
        raise Conflict("The organization's policy decides which actions its repositories may use")
    return {**values, "allowed_actions": wanted}


def selected(scope: Scope) -> Selected:
    """What ``selected`` lets in here. ``Conflict`` while the setting is another word."""
    found = of(scope).selected if isinstance(scope, Repository) else selection(policies.of(scope))
    if word(scope) != Allowed.SELECTED:
        raise Conflict("This is set only where allowed_actions is selected")
    return found


def select(actor: Actor, scope: Scope, given: Mapping[str, Any]) -> None:
    """Choose what ``selected`` lets in; what is not given stays. ``Conflict`` while the setting is another word, or an
    organisation's."""
    if word(scope) != Allowed.SELECTED or (isinstance(scope, Repository) and _restricted(scope)):
        raise Conflict("This can be chosen only where allowed_actions is selected, and not by an organization above")
    patterns = given.get("patterns_allowed")
    if patterns is not None:
        _check(patterns)
    policies.change(actor, scope, {name: value for name, value in given.items() if value is not None})


def _restricted(repository: Repository) -> str:
    """The word of an organisation that leaves no choice; empty where it leaves it."""
    said = policies.of(repository.owner).allowed_actions
    return "" if said == Allowed.ALL else said


def _check(patterns: list[str]) -> None:
    wrong = [one for one in patterns if len(one) > PATTERN_LENGTH or not _PATTERN.fullmatch(one)]
    if wrong or len(patterns) > MOST_PATTERNS:
        words = f"{wrong[0][:80]!r} is no pattern of an action" if wrong else f"{MOST_PATTERNS} patterns at most"
        raise Invalid(words, [FieldError("SelectedActions", "patterns_allowed", "invalid", words)])


def _matches(patterns: list[str], name: str, uses: str) -> bool:
    """A pattern with a version means the whole, one without any version of it."""
    return any(_like(one).fullmatch(uses if "@" in one else name) for one in patterns)


def _like(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.IGNORECASE)
