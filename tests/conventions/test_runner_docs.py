"""docs/runner.md names every key of the runner's file and every reason that the runner gives, and no others."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

from runner import config
from tests.conventions.source import ROOT, python_files, syntax_tree

PAGE = (ROOT / "docs" / "runner.md").read_text()
#: Told by themselves elsewhere: the folder that is given to another user, a report that the server refused.
ELSEWHERE = {"disk", "report_refused"}


def section(title: str) -> str:
    [text] = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    return str(text)


def first_cells(title: str) -> list[str]:
    return [line.split("|")[1] for line in section(title).splitlines() if line.startswith("| `")]


def keys_of_the_example() -> set[str]:
    """Every key of the example that the configuration's docstring is."""
    text = ast.get_docstring(syntax_tree(ROOT / "runner" / "config.py")) or ""
    data = tomllib.loads(text[text.index("url =") : text.index("The environment wins")])
    keys: set[str] = set()
    for name, value in data.items():
        if name == "images":
            keys.add("images.LABEL")
        else:
            keys |= {f"{name}.{below}" for below in value} if isinstance(value, dict) else {name}
    return keys


def test_every_key_is_described_and_the_other_way_round() -> None:
    described = {cell.strip(" `") for cell in first_cells("config.toml")}
    assert described == keys_of_the_example()


def test_the_example_is_read_whole(tmp_path: Path) -> None:
    text = ast.get_docstring(syntax_tree(ROOT / "runner" / "config.py")) or ""
    (tmp_path / "config.toml").write_text(text[text.index("url =") : text.index("The environment wins")])
    made, plain = config.load(tmp_path, {}), config.load(tmp_path / "none", {}, url="http://plain")
    # Where the example names the default; and what only the configuration of a just-in-time runner says.
    same = {"backend", "image", "network", "work_folder"}
    for name in config.Config.__dataclass_fields__:
        assert name in same or getattr(made, name) != getattr(plain, name), name


def reasons_in_the_code() -> set[str]:
    """First arguments of InfrastructureError and Trouble, and the words that the job itself gives."""
    found = set()
    for path in python_files("runner"):
        for node in ast.walk(syntax_tree(path)):
            if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                given = node.args[-1] if name == "_refused" else node.args[0]
                if name in ("InfrastructureError", "Trouble", "_refused", "_broken"):
                    found |= {each.value for each in ast.walk(given) if isinstance(each, ast.Constant)}
    return {word for word in found if isinstance(word, str) and re.fullmatch(r"[a-z]+(_[a-z]+)+", word)}


def test_every_reason_is_described_and_the_other_way_round() -> None:
    described = {
        word for cell in first_cells("Why a job fails that is not to blame") for word in re.findall(r"`(\w+)`", cell)
    }
    default = {"engine_failed"}  # the parameter's default in _refused
    assert described == (reasons_in_the_code() | default) - ELSEWHERE
