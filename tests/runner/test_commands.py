"""Commands printed by steps, held against the official cases."""

from __future__ import annotations

from typing import Any

import pytest

from runner.annotations import properties
from runner.commands import CANDIDATE, StepCommands, parse
from tests.runner.conformance import cases


def commands(environment: dict[str, str] | None = None, **options: Any) -> tuple[StepCommands, list[str]]:
    masks: list[str] = []
    return StepCommands(masks.append, environment or {}, **options), masks


def test_official_parser_cases() -> None:
    data = cases("command_parser")
    known = frozenset(data["registered"])
    for case in data["cases"]:
        found = parse(case["line"], known)
        assert (found is not None) == case["match"], case
        if found is not None:
            assert CANDIDATE.search(case["line"].encode()), case
            assert found.name == case.get("command", "do-something"), case
            assert found.data == case["data"], case
            assert case["properties"] is None or dict(found.properties) == case["properties"], case


def test_official_annotation_ranges() -> None:
    for case in cases("annotations")["cases"]:
        command = parse(case["line"], frozenset({"warning"}))
        assert command is not None
        assert properties(command.get) == case["properties"], case


def test_official_flow() -> None:
    for case in cases("command_flow")["cases"]:
        for environment in case.get("env_any", [case.get("env", {})]):
            if "each" in case:
                for token in case["each"]:
                    step, _ = commands(environment)
                    step.process(case.get("template", "::stop-commands::{}").format(token))
                    assert step.failed == case["expect"].startswith("raises"), (case["name"], token)
            else:
                check_lines(case, environment)


def check_lines(case: dict[str, Any], environment: dict[str, str]) -> None:
    step, masks = commands(environment)
    for line, expected in case.get("lines", []):
        if case["name"] == "echo-invalid":
            step, masks = commands(environment)
        processed = step.process(line) is not None
        assert processed == (expected is not False), (case["name"], line)
        if isinstance(expected, str) and expected.startswith("echo"):
            assert step.echo == expected.endswith("on"), line
        if isinstance(expected, str) and expected.endswith("failure"):
            assert step.failed, line
    assert [mask for mask in case.get("after_masked", []) if mask not in masks] == []


def test_echo_is_on_with_step_debug() -> None:
    assert commands(debug=True)[0].echo
    assert not commands()[0].echo


@pytest.mark.parametrize("name", ["set-env name=A", "add-path"])
def test_dangerous_commands_are_refused(name: str) -> None:
    step, _ = commands()
    printed = step.process(f"::{name}::value")
    assert printed
    assert "Unable to process command" in printed[0]
    assert step.failed
    assert not step.env
    assert not step.paths


@pytest.mark.parametrize("name", ["NODE_OPTIONS", "node_options", "LD_PRELOAD", "BASH_ENV"])
def test_dangerous_names_are_refused(name: str) -> None:
    step, _ = commands({"ACTIONS_ALLOW_UNSECURE_COMMANDS": "true"})
    step.process(f"::set-env name={name}::x")
    assert not step.env
    assert step.annotations[0].level == "failure"


def test_annotations_are_kept_and_shown() -> None:
    step, _ = commands(workspace="/__w/r/r")
    assert step.process("::error file=/__w/r/r/src/a.py,line=3,title=Bad::first%0Asecond") == [
        "##[error]first",
        "second",
    ]
    note = step.annotations[0]
    assert (note.level, note.path, note.start_line, note.title, note.message) == (
        "failure",
        "src/a.py",
        3,
        "Bad",
        "first\nsecond",
    )


def test_ten_annotations_of_a_kind() -> None:
    step, _ = commands()
    for number in range(12):
        assert step.process(f"::warning::{number}") == [f"##[warning]{number}"]
    step.process("::notice::other kind")
    assert [note.message for note in step.annotations] == [*map(str, range(10)), "other kind"]


def test_masks_groups_and_debug() -> None:
    step, masks = commands()
    assert step.process("::add-mask::secret%0Avalue") == []
    assert masks == ["secret\nvalue"]
    assert step.process("::group::a title") == ["##[group]a title"]
    assert step.process("::endgroup::") == ["##[endgroup]"]
    assert step.process("::debug::unseen") == []
    assert step.process("::unknown::stays") is None


def test_outputs_and_state() -> None:
    step, _ = commands()
    step.process("::set-output name=a::1")
    step.process("::save-state name=b::2")
    assert (step.outputs, step.state) == ({"a": "1"}, {"b": "2"})
    step.process("::set-output::no name")
    assert step.failed
