"""Does an event match ``on:``? GitHub's rules for branches, tags and paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workflows import patterns
from workflows.model import Filter, Trigger, Workflow

_HEADS, _TAGS = "refs/heads/", "refs/tags/"


@dataclass(frozen=True)
class Event:
    """What happened, as far as ``on:`` can tell events apart."""

    name: str  # push, workflow_dispatch
    ref: str = ""  # the full name: refs/heads/main, refs/tags/v1
    #: Paths that changed, relative to the repository's root. None: not known (a new branch without a base,
    #: more than can be compared); then path filters let it pass, as on GitHub.
    changed_paths: tuple[str, ...] | None = None
    action: str | None = None  # the activity type, for events that have some
    deleted: bool = False  # the ref is gone: nothing is left to run on

    @property
    def branch(self) -> str | None:
        """The branch's short name; None when the ref is no branch."""
        return self.ref.removeprefix(_HEADS) if self.ref.startswith(_HEADS) else None

    @property
    def tag(self) -> str | None:
        """The tag's short name; None when the ref is no tag."""
        return self.ref.removeprefix(_TAGS) if self.ref.startswith(_TAGS) else None


def matches(workflow: Workflow, event: Event) -> Trigger | None:
    """The trigger of the workflow that this event fires; None when it does not concern it."""
    for trigger in workflow.on:
        if trigger.event == event.name and _fires(trigger, event):
            return trigger
    return None


def _fires(trigger: Trigger, event: Event) -> bool:
    if event.deleted:
        return False
    if trigger.types and event.action is not None and event.action not in trigger.types:
        return False
    if event.name != "push":
        return True
    return _ref_fits(trigger, event) and _paths_fit(trigger.paths, event)


def _ref_fits(trigger: Trigger, event: Event) -> bool:
    """With filters for only one of branches and tags, the other kind never matches."""
    if event.branch is not None:
        return _fits(trigger.branches, [event.branch], otherwise=trigger.tags is None)
    if event.tag is not None:
        return _fits(trigger.tags, [event.tag], otherwise=trigger.branches is None)
    return False


def _paths_fit(paths: Filter | None, event: Event) -> bool:
    """Paths are not looked at for tags."""
    if event.changed_paths is None or event.tag is not None:
        return True
    return _fits(paths, event.changed_paths, otherwise=True)


def _fits(wanted: Filter | None, names: Sequence[str], *, otherwise: bool) -> bool:
    """Whether names pass a filter; ``otherwise`` when there is none."""
    if wanted is None:
        return otherwise
    if not wanted.patterns:
        return True
    if wanted.ignore:
        return not names or not patterns.matches_all(wanted.patterns, names)
    return patterns.matches_any(wanted.patterns, names)
