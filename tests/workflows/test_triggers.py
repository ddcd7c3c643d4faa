"""Which events fire a workflow."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows import conformance
from workflows import parser, patterns
from workflows.model import Filter, Trigger, Workflow
from workflows.schema.events import ACTIVITIES, DEFAULT_ACTIVITIES, EVENTS
from workflows.triggers import Event, matches


def _event(said: str | dict[str, Any]) -> Event:
    if isinstance(said, dict):
        paths = said.pop("paths", None)
        return Event(changed_paths=paths if paths is None else tuple(paths), **said)
    kind, *rest = said.split(" ")
    if ":" not in kind:
        return Event(kind)
    where, name = kind.split(":")
    ref = f"refs/{'heads' if where == 'branch' else 'tags'}/{name}"
    if rest == ["deleted"]:
        return Event("push", ref, deleted=True)
    paths = {"unknown": None, "none": (), "": None}.get(" ".join(rest), tuple(rest))
    return Event("push", ref, paths)


@pytest.mark.parametrize("case", conformance.table("triggers"))
def test_events(case: dict[str, Any]) -> None:
    workflow = parser.parse(yaml.safe_dump({"on": case["on"], "jobs": {"a": {"runs-on": "x"}}}), "w.yml")
    for said in case.get("fires", []):
        event = _event(said)
        trigger = matches(workflow, event)
        assert trigger is not None, said
        assert trigger.event == event.name
    for said in case.get("not", []):
        assert matches(workflow, _event(said)) is None, said


@pytest.mark.parametrize("name", sorted(ACTIVITIES))
def test_activity_types(name: str) -> None:
    bare = Workflow("w.yml", "w", on=(Trigger(name, workflows=("**",) if name == "workflow_run" else ()),))
    fired = [action for action in ACTIVITIES[name] if matches(bare, Event(name, action=action, workflow="CI"))]
    assert fired == [action for action in ACTIVITIES[name] if action in DEFAULT_ACTIVITIES.get(name, ACTIVITIES[name])]
    assert matches(bare, Event(name, action="else", workflow="CI")) is None
    assert matches(bare, Event(name, workflow="CI")) is None
    for action in ACTIVITIES[name]:
        one = Workflow("w.yml", "w", on=(replace(bare.on[0], types=(action,)),))
        assert [other for other in ACTIVITIES[name] if matches(one, Event(name, action=other, workflow="CI"))] == [
            action
        ]


@pytest.mark.parametrize("name", sorted(set(EVENTS) - set(ACTIVITIES)))
def test_events_without_activity_types(name: str) -> None:
    workflow = Workflow("w.yml", "w", on=(Trigger("label"), Trigger(name)))
    assert matches(workflow, Event(name, "refs/heads/main")) is workflow.on[1]
    assert matches(Workflow("w.yml", "w", on=(Trigger("label"),)), Event(name, "refs/heads/main")) is None


def test_the_official_table() -> None:
    (path,) = conformance.require("runner-cases", "filter_patterns.json", 1)
    for case in json.loads(path.read_text())["cases"]:
        given_patterns, names = tuple(case["patterns"]), tuple(case["inputs"])
        for ignore, column in ((False, "include_filter_skips"), (True, "ignore_filter_skips")):
            if ignore and any(pattern.startswith("!") for pattern in given_patterns):
                continue  # the table's note: this column is another engine's own with negative patterns
            workflow = Workflow("w.yml", "w", on=(Trigger("push", paths=Filter(given_patterns, ignore)),))
            fired = matches(workflow, Event("push", "refs/heads/main", names))
            assert (fired is None) == case[column], (case, ignore)


@pytest.mark.parametrize(
    "pattern", ["", "!", "+a", "?", "a++", "*?", "[", "[]", "a[b", "[z-a]", "[a-_]", "a\\", "x" * 2_000]
)
def test_patterns_that_cannot_be_read(pattern: str) -> None:
    with pytest.raises(patterns.BadPattern):
        patterns.check(pattern)


_REGEX = {
    "a": "a",
    "b": "b",
    "/": "/",
    "*": "[^/]*",
    "**": ".*",
    "**/": ".*/",
    "a?": "a?",
    "b+": "b+",
    "[ab]": "[ab]",
    "[a-b]+": "[ab]+",
    "\\*": "\\*",
    ".": "\\.",
}
_STARS = ("*", "**", "**/")


@settings(max_examples=800, deadline=None)
@given(st.lists(st.sampled_from(list(_REGEX)), min_size=1, max_size=6), st.text("ab/*.", max_size=8))
def test_patterns_agree_with_a_regular_expression(pieces: list[str], name: str) -> None:
    regex, before = "", "/"
    for piece in pieces:
        if (piece in _STARS and before in _STARS[:2]) or (piece == "/" and before == "**"):
            return  # more stars than two, or `**/` made of two pieces
        regex += "(?:.+/)?" if piece == "**/" and before[-1] == "/" else _REGEX[piece]
        before = piece
    assert patterns.matches_any(["".join(pieces)], [name]) == bool(re.fullmatch(regex, name, re.DOTALL))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from(["a*", "**b", "a/**", "**/b", "ab", "a?b"])), max_size=5),
    st.text("ab/", max_size=5),
)
def test_the_last_pattern_that_fits_decides(given_patterns: list[tuple[bool, str]], name: str) -> None:
    last = [taken for taken, pattern in given_patterns if patterns.matches_any([pattern], [name])][-1:]
    lines = [pattern if taken else f"!{pattern}" for taken, pattern in given_patterns]
    assert patterns.matches_any(lines, [name]) == (last == [True])


@pytest.mark.parametrize(
    "pattern", ["*a" * 200 + "b", "**a" * 300 + "[ab]?b", "*a?" * 300 + "b", "a?" * 500 + "b", "**/" * 300 + "b"]
)
def test_a_hostile_pattern_takes_no_time(pattern: str) -> None:
    for _ in range(20):
        assert not patterns.matches_any([pattern], ["a" * 4_000 + "/ab/cb"])
        assert patterns.matches_any([pattern], ["a" * 400 + "b"]) or pattern.startswith("**/")
