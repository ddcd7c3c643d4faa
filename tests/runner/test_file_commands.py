"""Environment files, held against the official cases."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.file_commands import FileResults, StepFiles
from runner.guest_files import GuestFolder
from tests.runner.conformance import cases

VARIABLES = {"env": "GITHUB_ENV", "output": "GITHUB_OUTPUT", "state": "GITHUB_STATE"}


def results_of(folder: Path, variable: str, content: bytes | None) -> FileResults:
    with GuestFolder(folder) as guest:
        files = StepFiles(guest)
        files.create()
        path = Path(files.variables(str(folder))[variable])
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
        return files.collect()


def values(results: FileResults, kind: str) -> dict[str, str]:
    return {"env": results.env, "output": results.outputs, "state": results.state}[kind]


@pytest.mark.parametrize("kind", ["env", "output", "state"])
def test_official_cases(kind: str, tmp_path: Path) -> None:
    for number, case in enumerate(cases("file_commands")["cases"]):
        if kind not in case.get("only", [kind]):
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        mark = b"\xef\xbb\xbf" if case.get("bom") else b""
        content = None if "missing" in case else mark + case["content"].encode()
        results = results_of(folder, VARIABLES[kind], content)
        if "expect" in case:
            assert values(results, kind) == case["expect"], case["name"]
            assert results.problems == [], case["name"]
            assert len(results.refused) == case.get("error_issues", 0), case["name"]
        elif "error_contains" in case:
            assert case["error_contains"] in results.problems[0].text, case["name"]
        else:
            assert results.problems, case["name"]


def test_values_before_a_bad_line_stay(tmp_path: Path) -> None:
    results = results_of(tmp_path, "GITHUB_OUTPUT", b"K=1\nbad\nL=2\n")
    assert results.outputs == {"K": "1"}


@pytest.mark.parametrize("name", ["LD_PRELOAD", "LD_LIBRARY_PATH", "BASH_ENV", "Node_Options"])
def test_names_that_lead_to_code(name: str, tmp_path: Path) -> None:
    results = results_of(tmp_path, "GITHUB_ENV", f"{name}=x\nOK=1\n".encode())
    assert (results.refused, results.env) == ([name], {"OK": "1"})


def test_paths_and_summary(tmp_path: Path) -> None:
    assert results_of(tmp_path, "GITHUB_PATH", b"\xef\xbb\xbf/a\n\n/b\r\n/c").paths == ["/a", "/b", "/c"]
    assert results_of(tmp_path, "GITHUB_STEP_SUMMARY", "# Hé\n".encode()).summary == "# Hé\n"


def test_a_large_summary_is_only_noted(tmp_path: Path) -> None:
    results = results_of(tmp_path, "GITHUB_STEP_SUMMARY", b"x" * ((1 << 20) + 1))
    assert results.summary == ""
    assert "aborted" in results.notes[0]
    assert not results.problems


@pytest.mark.parametrize("variable", ["GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE"])
@pytest.mark.parametrize("kind", ["symlink", "fifo"])
def test_a_hostile_file_fails_the_step(variable: str, kind: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("A=host secret\n")
    with GuestFolder(tmp_path) as guest:
        files = StepFiles(guest)
        files.create()
        path = Path(files.variables(str(tmp_path))[variable])
        path.unlink()
        path.symlink_to(secret) if kind == "symlink" else os.mkfifo(path)
        results = files.collect()
    assert "host secret" not in repr(results)
    assert len(results.problems) == 1
