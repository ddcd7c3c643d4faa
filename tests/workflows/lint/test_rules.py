"""What each rule finds, and where."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from tests.workflows import conformance
from workflows import parser
from workflows.lint import RULES, Options, Rule, lint

_JOB = "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n"


def _whole(text: str) -> str:
    return _JOB + indent(text, "    ") if text.startswith("steps:") else text


@pytest.mark.parametrize("case", conformance.table("lint"))
def test_cases(case: dict[str, Any]) -> None:
    text = _whole(case["text"])
    found = lint(text, "x.yml", Options(tuple(case.get("labels", ()))), action=case.get("action", False))
    assert [f"{each.line}:{each.column} {each.rule}" for each in found] == case.get("found", [])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_example_of_a_rule_breaks_it_alone(rule: Rule) -> None:
    parser.parse(rule.example, "x.yml")
    assert [each.rule for each in lint(rule.example, "x.yml")] == [rule.name]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_can_be_silenced_on_its_line(rule: Rule) -> None:
    [found] = lint(rule.example, "x.yml")
    lines = rule.example.splitlines()
    lines[found.line - 1] += f"  # workflows: ignore={rule.name}"
    assert lint("\n".join(lines) + "\n", "x.yml") == ()


def test_names_of_rules_are_unique() -> None:
    assert len({rule.name for rule in RULES} - {"syntax", "ignored-key", "doubtful-event"}) == len(RULES)


@pytest.mark.parametrize(
    "text", ["", "a", "[]", "jobs: {a: [], b: 1}", "jobs: {a: {steps: [{}, [], 1]}}", "{: \ufeff}"]
)
@pytest.mark.parametrize("action", [False, True])
def test_what_is_no_workflow_at_all(text: str, action: bool) -> None:
    assert "syntax" in {each.rule for each in lint(text, "x.yml", action=action)}


_HOSTILE = {
    "nothing but line ends": "x" + "\n" * 400_000 + "x",
    "openings without an end": "echo " + "${{" * 60_000,
    "commands without an end": "::set-output " * 15_000,
    "half a comment": "# workflows:" + " " * 200_000,
    "the ends of groups": "} " * 100_000,
}


@pytest.mark.parametrize("text", _HOSTILE.values(), ids=_HOSTILE)
def test_hostile_scripts_are_read_once(text: str) -> None:
    script = "\n".join(f"          {line}" if line else "" for line in text.split("\n"))
    assert len(lint(f"{_JOB}    steps:\n      - run: |2\n{script}\n", "x.yml")) <= 2


def test_bytes_with_a_mark_at_the_beginning() -> None:
    text = RULES[0].example
    assert lint(text.encode("utf-8-sig"), "x.yml") == lint(text, "x.yml")


def test_lines_that_end_in_two_characters() -> None:
    text = next(rule.example for rule in RULES if rule.name == "untrusted-input")
    assert lint(text.replace("\n", "\r\n"), "x.yml") == lint(text, "x.yml")


@pytest.mark.parametrize("path", conformance.files("real-workflows", "*.yml"), ids=lambda path: path.name)
def test_few_rules_are_broken_in_real_workflows(path: Path) -> None:
    found = lint(path.read_bytes(), path.name)
    assert len([each for each in found if each.severity == "warning" and each.rule != "unpinned-action"]) <= 10
