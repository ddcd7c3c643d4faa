"""``on:``: the events, and what can be said about each."""

from __future__ import annotations

from workflows.schema import contexts
from workflows.schema.rules import (
    Key,
    Place,
    Shape,
    flag,
    many,
    one_or_many,
    or_null,
    required,
    shape,
    table,
    text,
    words,
)

_NAME = text(non_empty=True)
_PATTERNS = one_or_many(_NAME)

#: Activity types of each event that has some.
ACTIVITIES: dict[str, tuple[str, ...]] = {
    name: tuple(types.split())
    for name, types in {
        "branch_protection_rule": "created edited deleted",
        "check_run": "created rerequested completed requested_action",
        "check_suite": "completed",
        "discussion": "created edited deleted transferred pinned unpinned labeled unlabeled locked unlocked"
        " category_changed answered unanswered",
        "discussion_comment": "created edited deleted",
        "image_version": "created ready deleted",
        "issue_comment": "created edited deleted",
        "issues": "opened edited deleted transferred pinned unpinned closed reopened assigned unassigned labeled"
        " unlabeled locked unlocked milestoned demilestoned typed untyped field_added field_removed",
        "label": "created edited deleted",
        "merge_group": "checks_requested",
        "milestone": "created closed opened edited deleted",
        "project": "created closed reopened edited deleted",
        "project_card": "created moved converted edited deleted",
        "project_column": "created updated moved deleted",
        "pull_request": "assigned unassigned labeled unlabeled opened edited closed reopened synchronize"
        " converted_to_draft ready_for_review locked unlocked milestoned demilestoned review_requested"
        " review_request_removed auto_merge_enabled auto_merge_disabled enqueued dequeued stacked",
        "pull_request_review": "submitted edited dismissed",
        "pull_request_review_comment": "created edited deleted",
        "pull_request_target": "assigned unassigned labeled unlabeled opened edited closed reopened synchronize"
        " converted_to_draft ready_for_review locked unlocked milestoned demilestoned review_requested"
        " review_request_removed auto_merge_enabled auto_merge_disabled enqueued dequeued stacked",
        "registry_package": "published updated",
        "release": "published unpublished created edited deleted prereleased released",
        "watch": "started",
        "workflow_run": "requested completed in_progress",
    }.items()
}
ACTIVITIES["pull_request_comment"] = ACTIVITIES["issue_comment"]

#: The activity types that start a workflow which names none, where they are not all of the event's.
DEFAULT_ACTIVITIES: dict[str, tuple[str, ...]] = {
    "pull_request": ("opened", "synchronize", "reopened"),
    "pull_request_target": ("opened", "synchronize", "reopened"),
}

#: Events that stand alone, without activity types.
_PLAIN = ("create", "delete", "deployment", "deployment_status", "fork", "gollum", "page_build", "public", "status")

_BRANCHES = {"branches": Key(_PATTERNS), "branches-ignore": Key(_PATTERNS)}
_PATHS = {"paths": Key(_PATTERNS), "paths-ignore": Key(_PATTERNS)}
_TAGS = {"tags": Key(_PATTERNS), "tags-ignore": Key(_PATTERNS)}
_FILTERS: dict[str, dict[str, Key]] = {
    "merge_group": _BRANCHES,
    "pull_request": {**_BRANCHES, **_PATHS},
    "pull_request_target": {**_BRANCHES, **_PATHS},
    "workflow_run": {"workflows": Key(_PATTERNS), **_BRANCHES},
    "image_version": {"names": Key(_PATTERNS), "versions": Key(_PATTERNS)},
}

INPUT_TYPES = ("string", "boolean", "number", "choice", "environment")
_DISPATCH_INPUT = shape(
    description=text(),
    type=words(*INPUT_TYPES),
    required=flag(),
    default=Place(text=True, flag=True, number=True),
    options=many(text()),
    deprecationMessage=text(),
)
_DISPATCH = Place(
    shapes=(Shape({"inputs": Key(or_null(table(or_null(_DISPATCH_INPUT))))}, unknown_is_warning=True),),
    null=True,
)
_CALL_INPUT = shape(
    description=text(),
    type=required(words("string", "boolean", "number")),
    required=flag(),
    default=Place(text=True, flag=True, number=True, context=contexts.WORKFLOW),
    deprecationMessage=text(),
)
_CALL = or_null(
    shape(
        inputs=table(_CALL_INPUT),
        secrets=table(or_null(shape(description=text(), required=flag()))),
        outputs=table(shape(description=text(), value=required(text(contexts.CALL_OUTPUT)))),
    )
)
_SCHEDULE = many(shape(cron=required(_NAME), timezone=_NAME))


def _activity(name: str) -> Place:
    types = Key(one_or_many(words(*ACTIVITIES[name])))
    return Place(shapes=(Shape({"types": types, **_FILTERS.get(name, {})}),), null=True)


def _events() -> dict[str, Key]:
    known = {name: Key(_activity(name)) for name in ACTIVITIES}
    known |= {name: Key(or_null(Place())) for name in _PLAIN}
    known["repository_dispatch"] = Key(or_null(shape(types=_PATTERNS)))
    known["schedule"] = Key(_SCHEDULE)
    known["workflow_call"] = Key(_CALL)
    known["push"] = Key(Place(shapes=(Shape({**_BRANCHES, **_TAGS, **_PATHS}),), null=True))
    known["workflow_dispatch"] = Key(_DISPATCH)
    return dict(sorted(known.items()))


EVENTS = _events()
_EVENT_NAME = words(*EVENTS)

ON = Place(text=True, words=_EVENT_NAME.words, items=_EVENT_NAME, shapes=(Shape(EVENTS),))
