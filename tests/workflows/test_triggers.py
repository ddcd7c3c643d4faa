"""Which events fire a workflow."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows import conformance
from workflows import parser, patterns
from workflows.model import Filter, Trigger, Workflow
from workflows.triggers import Event, matches


def _event(said: str) -> Event:
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
    for said in case["fires"]:
        event = _event(said)
        trigger = matches(workflow, event)
        assert trigger is not None, said
        assert trigger.event == event.name
    for said in case.get("not", []):
        assert matches(workflow, _event(said)) is None, said


def test_activity_types() -> None:
    workflow = Workflow("w.yml", "w", on=(Trigger("release", types=("published",)), Trigger("issues")))
    assert matches(workflow, Event("release", action="published")) is workflow.on[0]
    assert matches(workflow, Event("release", action="edited")) is None
    assert matches(workflow, Event("issues", action="opened")) is workflow.on[1]


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


_PIECES = st.sampled_from(["a", "b", "/", "*", "**", "a?", "b+", "[ab]", "[a-b]+", "\\*", "."])


def _as_regex(pieces: list[str]) -> str:
    """The same pattern for Python's own engine; two stars beside each other and ``**/`` are avoided below."""
    known = {
        "*": "[^/]*",
        "**": ".*",
        "a?": "a?",
        "b+": "b+",
        "[ab]": "[ab]",
        "[a-b]+": "[ab]+",
        "\\*": "\\*",
        ".": "\\.",
    }
    return "".join(known.get(piece, piece) for piece in pieces)


@settings(max_examples=500, deadline=None)
@given(st.lists(_PIECES, min_size=1, max_size=6), st.text("ab/*.", max_size=8))
def test_patterns_agree_with_a_regular_expression(pieces: list[str], name: str) -> None:
    pattern = "".join(pieces)
    if "***" in pattern or re.search(r"(?<!\\)\*\*?[*]|\*\*/", pattern):
        return
    assert patterns.matches_any([pattern], [name]) == bool(re.fullmatch(_as_regex(pieces), name, re.DOTALL))


def test_a_hostile_pattern_takes_no_time() -> None:
    assert not patterns.matches_any(["*a" * 200 + "b"], ["a" * 2_000])
