"""``python -m workflows lint``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workflows.cli import main

_RIGHT = "on: push\njobs: {a: {runs-on: x}}\n"


def test_right_files_say_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yml").write_text(_RIGHT)
    assert main(["lint", str(tmp_path / "a.yml")]) == 0
    assert capsys.readouterr().out == ""


def test_each_problem_has_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "b.yaml").write_text("on: pusch\n")
    (folder / "a.yml").write_text(_RIGHT)
    (folder / "notes.txt").write_text("x")
    assert main(["lint", str(tmp_path)]) == 1
    file = folder / "b.yaml"
    assert capsys.readouterr().out.splitlines() == [
        f"{file}:1:1: Required property is missing: jobs",
        f"{file}:1:5: Unexpected value 'pusch'. Did you mean 'push'?",
    ]


def test_warnings_alone_are_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yml").write_text("on: {workflow_dispatch: {x: 1}}\njobs: {a: {runs-on: x}}\n")
    assert main(["lint", str(tmp_path)]) == 0
    assert "warning: Unexpected value 'x' is ignored" in capsys.readouterr().out


def test_nothing_to_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(tmp_path)]) == 2
    assert main(["lint", str(tmp_path / "none.yml")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_as_a_program(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("on: push\n")
    command = [sys.executable, "-m", "workflows", "lint", str(tmp_path / "a.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3])
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == f"{tmp_path / 'a.yml'}:1:1: Required property is missing: jobs\n"
