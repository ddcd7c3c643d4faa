"""Does an event match ``on:``? GitHub's rules for activity types, branches, tags, paths and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workflows import patterns
from workflows.model import Filter, Trigger, Workflow
from workflows.schema.events import ACTIVITIES, DEFAULT_ACTIVITIES

_HEADS, _TAGS = "refs/heads/", "refs/tags/"


@dataclass(frozen=True)
class Event:
    """What happened, as far as ``on:`` can tell events apart. What an event does not have is left out."""

    name: str  # push, workflow_dispatch
    ref: str = ""  # the full name: refs/heads/main, refs/tags/v1
    #: Paths that changed, relative to the repository's root. None: not known (a new branch without a base,
    #: more than can be compared); then path filters let it pass, as on GitHub.
    changed_paths: tuple[str, ...] | None = None
    action: str | None = None  # the activity type; of repository_dispatch, its event type
    deleted: bool = False  # of a push: the ref is gone, nothing is left to run on
    base_branch: str | None = None  # of a pull request or a merge group: the short name of what it goes into
    head_branch: str | None = None  # of workflow_run: the short name of what the first workflow ran on
    workflow: str | None = None  # of workflow_run: the name of the first workflow
    schedule: str | None = None  # of schedule: the cron line that is due
    image: str | None = None  # of image_version
    version: str | None = None  # of image_version

    @property
    def branch(self) -> str | None:
        """The branch's short name; None when the ref is no branch."""
        return self.ref.removeprefix(_HEADS) if self.ref.startswith(_HEADS) else None

    @property
    def tag(self) -> str | None:
        """The tag's short name; None when the ref is no tag."""
        return self.ref.removeprefix(_TAGS) if self.ref.startswith(_TAGS) else None


def matches(workflow: Workflow, event: Event) -> Trigger | None:
    """The trigger of the workflow that this event fires; None when it does not concern it.

    BadPattern when a filter cannot be read, which the parser reports before.
    """
    for trigger in workflow.on:
        if trigger.event == event.name and _fires(trigger, event):
            return trigger
    return None


def _fires(trigger: Trigger, event: Event) -> bool:
    if not _activity_fits(trigger, event):
        return False
    match event.name:
        case "push":
            return not event.deleted and _ref_fits(trigger, event) and _paths_fit(trigger.paths, event)
        case "pull_request" | "pull_request_target" | "merge_group":
            return _name_fits(trigger.branches, event.base_branch) and _paths_fit(trigger.paths, event)
        case "workflow_run":
            wanted = Filter(trigger.workflows) if trigger.workflows else None
            return (
                wanted is not None
                and _name_fits(wanted, event.workflow)
                and _name_fits(trigger.branches, event.head_branch)
            )
        case "image_version":
            return _name_fits(trigger.names, event.image) and _name_fits(trigger.versions, event.version)
        case "schedule":
            return event.schedule is None or any(event.schedule == one.cron for one in trigger.schedules)
    return True


def _activity_fits(trigger: Trigger, event: Event) -> bool:
    """Without ``types``, the event's usual ones; an event whose types are its sender's own takes any."""
    wanted = trigger.types or DEFAULT_ACTIVITIES.get(event.name) or ACTIVITIES.get(event.name)
    return not wanted or event.action in wanted


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


def _name_fits(wanted: Filter | None, name: str | None) -> bool:
    """A name that is not known is none of those asked for, and none of those left out."""
    return _fits(wanted, [] if name is None else [name], otherwise=True)


def _fits(wanted: Filter | None, names: Sequence[str], *, otherwise: bool) -> bool:
    """Whether names pass a filter; ``otherwise`` when there is none."""
    if wanted is None:
        return otherwise
    if not wanted.patterns:
        return True
    if wanted.ignore:
        return not names or not patterns.matches_all(wanted.patterns, names)
    return patterns.matches_any(wanted.patterns, names)
