"""The commands that docs/commands.md lists are those that there are."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

import pytest

import forge.cli
import runner.__main__
from tests.conventions.source import ROOT

DOCUMENT = ROOT / "docs" / "commands.md"


def commands(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Every command of a parser that has none below it, as one writes it."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in below:
        for child in action.choices.values():
            yield from commands(child)
    if not below:
        yield parser.prog


@pytest.mark.parametrize("program", [forge.cli, runner.__main__], ids=["forge", "forge-runner"])
def test_documented_commands_exist_and_the_other_way_round(program: object) -> None:
    there = set(commands(program._parser()))  # type: ignore[attr-defined]
    name = "forge-runner" if program is runner.__main__ else "forge"
    named = set(re.findall(rf"^\| `({name} [a-z ]+)`", DOCUMENT.read_text(), re.MULTILINE))
    assert named == there


def test_the_first_installation_uses_commands_that_exist() -> None:
    [example] = re.findall(r"```\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    there = set(commands(forge.cli._parser()))
    for line in example.splitlines():
        assert any(line.startswith(command) for command in there), line
