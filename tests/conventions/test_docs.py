"""What is documented exists, and what exists is documented."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.conventions.source import ROOT, python_files, syntax_tree, tracked

PAGES = sorted(path for path in tracked() if path.suffix == ".md" and "project" not in path.parts)
FOLDERS = "workflows|forge|runner|templates|tests|deploy|docs|bench|scripts"
NAMED = re.compile(rf"(?<![\w/.-])((?:{FOLDERS})/[\w./-]*[\w/])")
SETTING = re.compile(r"FORGE_[A-Z][A-Z_]*[A-Z]")
CONFIGURATION = ROOT / "docs" / "configuration.md"
#: Set by the project's own commands for themselves, no setting of an installation.
INTERNAL = {"FORGE_REQUIRE_ALL"}


def code_of(text: str) -> str:
    """What a page sets in code: between backticks and fences."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))


@pytest.mark.parametrize("document", PAGES, ids=lambda document: str(document.relative_to(ROOT)))
def test_named_paths_and_links_exist(document: Path) -> None:
    text = document.read_text()
    named = {name for name in NAMED.findall(code_of(text)) if not (ROOT / name).exists()}
    linked = {
        link
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
        if "://" not in link and not (document.parent / link).exists()
    }
    assert not named | linked, f"{document.relative_to(ROOT)} names what is not there: {sorted(named | linked)}"


def test_one_push_names_the_modules_on_its_way() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    [way] = re.findall(r"## One push, read in order\n(.*?)\n## ", text, re.DOTALL)
    names = NAMED.findall(way)
    assert len(names) >= 15
    assert [name for name in names if not (ROOT / name).exists()] == []


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_make_target_is_in_the_readme_and_the_other_way_round() -> None:
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / "README.md").read_text()))
    assert named == make_targets()


@pytest.mark.parametrize("document", PAGES, ids=lambda document: str(document.relative_to(ROOT)))
def test_named_make_targets_exist(document: Path) -> None:
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", code_of(document.read_text()), re.MULTILINE))
    assert named <= make_targets()


def defaults() -> dict[str, object]:
    """Every `env.kind("FORGE_…", default=…)` of the server's settings, with its default where it is a plain value."""
    found: dict[str, object] = {}
    for node in ast.walk(syntax_tree(ROOT / "forge" / "settings.py")):
        if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
            continue
        name = node.args[0].value
        if isinstance(name, str) and SETTING.fullmatch(name) and isinstance(node.func, ast.Attribute):
            found[name] = next((value_of(each.value) for each in node.keywords if each.arg == "default"), None)
    return found


def read_from_environment(folder: str) -> set[str]:
    """Every `environ.get("FORGE_…")`, `environ["FORGE_…"]` and `env.kind("FORGE_…")` below a folder."""
    found: set[str] = set()
    for path in python_files(folder):
        if PEOPLE in path.parents:
            continue
        for node in ast.walk(syntax_tree(path)):
            reads = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
            name = node.args[0] if reads else node.slice if isinstance(node, ast.Subscript) else None
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and SETTING.fullmatch(name.value):
                found.add(name.value)
    return found


#: The demonstration sets what the others read.
PEOPLE = ROOT / "forge" / "demo"


def value_of(node: ast.expr) -> object:
    """The value of a literal, or of an operation on two; None of anything else."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.LShift):
        left, right = value_of(node.left), value_of(node.right)
        return left << right if isinstance(left, int) and isinstance(right, int) else None
    return node.value if isinstance(node, ast.Constant) else None


def documented(section: str) -> dict[str, str]:
    """The settings of one section's table, with what it says about the default."""
    [text] = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", CONFIGURATION.read_text(), re.DOTALL | re.MULTILINE)
    return dict(re.findall(r"^\| `(FORGE_[A-Z_]+)` \| (.*?) \|", text, re.MULTILINE))


def test_every_setting_of_the_server_is_documented_and_the_other_way_round() -> None:
    assert set(documented("Server")) == read_from_environment("forge")


def test_every_setting_of_the_runner_is_documented_and_the_other_way_round() -> None:
    described = set(SETTING.findall(ast.get_docstring(syntax_tree(ROOT / "runner" / "config.py")) or ""))
    assert described
    token = {"FORGE_RUNNER_TOKEN"}  # for `register` alone, no part of the configuration
    assert set(documented("Runner")) == described | read_from_environment("runner") | token


def test_documented_numbers_are_the_defaults() -> None:
    said = documented("Server")
    numbers = {name: value for name, value in defaults().items() if type(value) in (int, float)}
    assert numbers
    assert {name: float(said[name]) for name in numbers} == numbers


def test_settings_named_anywhere_in_the_docs_exist() -> None:
    code = "\n".join(path.read_text() for path in python_files("forge", "runner", "tests", "scripts", "bench"))
    known = set(SETTING.findall(code)) | INTERNAL
    named = {name for document in PAGES for name in SETTING.findall(document.read_text())}
    assert named <= known


def test_the_import_layers_are_described() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = {name.strip(" ()") for each in contracts for layer in each.get("layers", ()) for name in layer.split("|")}
    text = (ROOT / "docs" / "architecture.md").read_text()
    [described] = re.findall(r"## Who may import whom\n.*?```\n(.*?)```", text, re.DOTALL)
    assert layers - set(re.findall(r"\w+", described)) == set()
