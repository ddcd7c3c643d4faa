"""Files and functions that have grown past one idea."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.conventions.source import CODE, ROOT, python_files, syntax_tree, tracked, where

FILE_LINES = 500
FUNCTION_LINES = 60
#: Written by a program or in a language whose files do not split.
GENERATED = (".lock", ".json", ".svg")


def is_made_by_program(path: Path) -> bool:
    """True when its first line names the program of ours that writes it."""
    made = re.search(r"Made by ([\w/]+\.py)", path.read_text().split("\n", 1)[0])
    return made is not None and (ROOT / made[1]).is_file()


def test_no_file_is_too_long() -> None:
    long = {}
    for path in tracked():
        if path.suffix in GENERATED or "migrations" in path.parts:
            continue
        try:
            lines = path.read_text().count("\n")
        except UnicodeDecodeError:
            continue  # a picture or a font
        if lines > FILE_LINES and not is_made_by_program(path):
            long[str(path.relative_to(ROOT))] = lines
    assert not long, f"over {FILE_LINES} lines: split them into a folder: {long}"


def test_no_function_is_too_long() -> None:
    long = []
    for path in python_files(*(folder for folder in CODE if folder != "tests")):
        for node in ast.walk(syntax_tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    long.append(f"{where(path, node)} {node.name}: {lines}")
    assert not long, f"over {FUNCTION_LINES} lines: {long}"


def test_no_folder_of_leftovers() -> None:
    vague = {"utils", "util", "common", "helpers", "misc"}
    found = [str(path.relative_to(ROOT)) for path in tracked() if vague & {*path.parts, path.stem}]
    assert not found, f"name these by what they do: {found}"
