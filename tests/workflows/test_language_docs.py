"""What the pages of the language say is so: tables are those of the schema, examples are read and carried out."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts import language_tables
from workflows import expressions, parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(language_tables.PAGES.glob("*.md"))
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ASKED = re.compile(r"^\$ (.*)$", re.MULTILINE)


def fences(kind: str) -> list[Any]:
    """Every fence of a kind, named by its page and line."""
    found = []
    for page in PAGES:
        text = page.read_text()
        for match in _FENCE.finditer(text):
            if match[1] == kind:
                line = text.count("\n", 0, match.start()) + 1
                found.append(pytest.param(match[2], id=f"{page.name}:{line}"))
    return found


def rows(head: str) -> list[Any]:
    """The rows of the tables of two columns with this head, each with what stands between its backticks."""
    found = []
    for page in PAGES:
        for table in re.findall(rf"^\| {head} \|\n\|[-|]+\|\n((?:\|.*\n)+)", page.read_text(), re.MULTILINE):
            for row in table.splitlines():
                left, right = re.findall(r"`((?:[^`\\]|\\.)*)`", row.replace(r"\|", "\0"))
                found.append(pytest.param(left.replace("\0", "|"), right.replace("\0", "|"), id=left))
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_tables_are_those_of_the_schema(path: Path) -> None:
    text = path.read_text()
    assert text == language_tables.written(text), "run: .venv/bin/python -m scripts.language_tables"


def test_every_table_is_on_a_page() -> None:
    shown = [name for page in PAGES for name in language_tables.tables_in(page.read_text())]
    assert sorted(shown) == sorted(language_tables.every_table())


def test_every_page_is_linked() -> None:
    index = (language_tables.PAGES / "README.md").read_text()
    assert {page.name for page in PAGES} - {"README.md"} == set(re.findall(r"\]\(([\w-]+\.md)\)", index))


@pytest.mark.parametrize("text", fences("yaml"))
def test_examples_are_right(text: str) -> None:
    if re.search(r"^runs:", text, re.MULTILINE):
        assert parser.read_action(text, "action.yml")[1] == ()
    else:
        assert parser.read(text, ".github/workflows/example.yml")[1] == ()


@pytest.mark.parametrize(("expression", "value"), rows(r"expression \| value"))
def test_expressions_have_the_value_that_is_said(expression: str, value: str) -> None:
    found = expressions.evaluate(expressions.parse(expression, ()), {})
    assert json.dumps(found) == json.dumps(json.loads(value, parse_int=float))


@pytest.mark.parametrize("text", fences("console"))
def test_commands_answer_what_is_said(text: str, tmp_path: Path) -> None:
    parts = _ASKED.split(text)[1:]
    assert parts
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    for asked, said in zip(parts[::2], parts[1::2], strict=True):
        command = asked.replace("python -m workflows", f"{shlex.quote(sys.executable)} -m workflows")
        done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=False)
        assert (done.stdout + done.stderr).strip() == said.strip()
