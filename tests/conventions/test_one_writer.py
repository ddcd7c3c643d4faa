"""One module writes status and conclusion, and one module runs git."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conventions.source import ROOT, python_files, syntax_tree, where

WRITER = ROOT / "forge" / "actions" / "transitions.py"
GIT = ROOT / "forge" / "repos" / "git.py"
WORDS = {"status", "conclusion"}
#: Methods of a manager or a query set that write the columns given by name.
WRITING = {"update", "create", "get_or_create", "update_or_create", "aupdate", "acreate"}


def writes(tree: ast.Module) -> Iterator[ast.AST]:
    """Every place of a file that writes a status or a conclusion of a row."""
    rows = row_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(each, ast.Attribute) and each.attr in WORDS for each in flat(targets)):
                yield node
        elif isinstance(node, ast.Call) and is_writing_call(node, rows):
            yield node


def flat(targets: list[ast.expr]) -> Iterator[ast.expr]:
    """Targets, with those of `a, b = …` one by one."""
    for target in targets:
        if isinstance(target, ast.Tuple | ast.List):
            yield from flat(target.elts)
        else:
            yield target


def is_writing_call(call: ast.Call, rows: set[str]) -> bool:
    """`rows.update(status=…)`, `Job(status=…)`, `Job.objects.create(status=…)`, `setattr(x, "status", …)`,
    `bulk_update(rows, ["status"])`."""
    name = called(call)
    if name == "setattr" and len(call.args) > 1:
        return is_word(call.args[1])
    if name in ("bulk_update", "abulk_update"):
        return any(is_word(each) for argument in call.args for each in ast.walk(argument))
    given = {keyword.arg for keyword in call.keywords}
    for keyword in call.keywords:
        if keyword.arg in ("defaults", "create_defaults", None):
            given |= {each.value for each in ast.walk(keyword.value) if isinstance(each, ast.Constant)}
    return bool(given & WORDS) and (name in WRITING or makes_row(call, rows))


def makes_row(call: ast.Call, rows: set[str]) -> bool:
    """`Job(…)` of the engine's models, not the dataclass of the same name; or `models.Job(…)`."""
    if isinstance(call.func, ast.Attribute):
        return isinstance(call.func.value, ast.Name) and call.func.value.id == "models"
    return called(call) in rows


def called(call: ast.Call) -> str:
    """The last name of what is called."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def is_word(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in WORDS


def row_names(tree: ast.Module) -> set[str]:
    """The classes that this file takes from the engine's models."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("actions.models"):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def test_only_transitions_writes_status_and_conclusion() -> None:
    assert WRITER.is_file()
    others = [path for path in python_files("forge") if path != WRITER]
    found = [where(path, node) for path in others for node in writes(syntax_tree(path))]
    assert not found, f"only forge/actions/transitions.py writes status and conclusion: {found}"


@pytest.mark.parametrize(
    "source",
    [
        "job.status = 'completed'",
        "a, job.conclusion = 1, 'success'",
        "Job.objects.filter(pk=1).update(status='queued')",
        "Run.objects.create(status='queued')",
        "from forge.actions.models import Run\nRun(status='queued').save()",
        "from forge.actions import models\nmodels.Job(conclusion='success')",
        "setattr(job, 'status', 'queued')",
        "Job.objects.bulk_update(jobs, ['conclusion'])",
        "Job.objects.update_or_create(pk=1, defaults={'status': 'queued'})",
        "Job.objects.filter(pk=1).update(**{'status': 'queued'})",
    ],
)
def test_every_way_to_write_is_seen(source: str) -> None:
    assert list(writes(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "status = 'queued'",
        "Job.objects.filter(status='queued')",
        "decide.Job(status='queued')",
        "from workflows.messages import Step\nStep(status='queued')",
        "Job.objects.update(name='status')",
        "Response({}, status=404)",
    ],
)
def test_reading_is_not_writing(source: str) -> None:
    assert not list(writes(ast.parse(source)))


def runs_git(tree: ast.Module) -> Iterator[ast.AST]:
    """Lists and calls whose first word is git: what one hands to a process."""
    for node in ast.walk(tree):
        words = node.elts if isinstance(node, ast.List | ast.Tuple) else node.args if isinstance(node, ast.Call) else []
        starts = isinstance(node, ast.List) or (isinstance(node, ast.Call) and called(node) in SPAWNING)
        if starts and words and isinstance(words[0], ast.Constant) and is_git(words[0].value):
            yield node


SPAWNING = {"run", "Popen", "call", "check_call", "check_output", "create_subprocess_exec", "execvp", "system", "which"}


def is_git(word: object) -> bool:
    return isinstance(word, str) and (word == "git" or word.startswith("git ") or Path(word).name == "git")


#: The demonstration pushes as a person does: with a git of its own, from outside.
PEOPLE = ROOT / "forge" / "demo"


def test_only_repos_git_runs_git() -> None:
    assert GIT.is_file()
    others = [path for path in python_files("forge") if path != GIT and PEOPLE not in path.parents]
    found = [where(path, node) for path in others for node in runs_git(syntax_tree(path))]
    assert not found, f"only forge/repos/git.py runs git: {found}"
