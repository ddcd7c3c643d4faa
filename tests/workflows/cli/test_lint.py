"""``python -m workflows lint``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from workflows.cli import main

_RIGHT = "on: push\njobs: {a: {runs-on: ubuntu-latest}}\n"


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
    (tmp_path / "a.yml").write_text("on: {workflow_dispatch: {x: 1}}\njobs: {a: {runs-on: ubuntu-latest}}\n")
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


def test_the_usual_folders_are_read_without_a_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "workflows", "lint"]
    environment = {"PYTHONPATH": str(Path(__file__).parents[3])}
    nothing = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (2, "", "no workflow files found\n")
    for folder in (".github/workflows", ".shithub/workflows"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.yml").write_text("on: pusch\njobs: {a: {runs-on: ubuntu-latest}}\n")
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    places = [line.partition(": ")[0] for line in done.stdout.splitlines()]
    assert (done.returncode, places) == (1, [".shithub/workflows/a.yml:1:5", ".github/workflows/a.yml:1:5"])
    main(["lint", str(tmp_path)])
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_labels_and_formats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.yml"
    file.write_text("on: push\njobs: {a: {runs-on: gpu-1}}\n")
    assert main(["lint", str(file), "--label", "big", "--label", "gpu-*"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["lint", str(file), "--format", "github"]) == 0
    assert capsys.readouterr().out.startswith(f"::warning file={file},line=2,col=21,title=runner-label::No runner")
    assert main(["lint", str(file), "--format", "json"]) == 0
    [found] = json.loads(capsys.readouterr().out)
    assert (found["file"], found["line"], found["rule"]) == (str(file), 2, "runner-label")


@pytest.mark.parametrize("arguments", [["--format", "xml"], ["--label"], ["--unknown"]])
def test_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["lint", *arguments])
    assert ended.value.code == 2


@pytest.mark.parametrize("name", ["action.yml", "other.yml"])
def test_action_files(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / name).write_text("runs:\n  using: node16\n  main: x.js\n")
    assert main(["lint", str(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith("[removed-node]\n")


_CALLED = "on: {workflow_call: {inputs: {a: {type: number, required: true}}, outputs: {o: {value: x}}}}"
_CALLER = """\
on: push
jobs:
  one: {uses: ./.github/workflows/called.yml, with: {b: 1}}
  two: {uses: ./.github/workflows/none.yml}
  three: {uses: octo-org/octo-repo/.github/workflows/far.yml@v1, with: {any: thing}}
"""
_USER = """\
on: push
jobs:
  one: {uses: ./.github/workflows/called.yml, with: {a: 1}}
  two: {uses: octo-org/octo-repo/.github/workflows/far.yml@v1}
  last:
    needs: [one, two]
    runs-on: ubuntu-latest
    steps: [{run: "x ${{ needs.one.outputs.o }} ${{ needs.one.outputs.p }} ${{ needs.two.outputs.p }}"}]
"""


def test_calls_of_the_same_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "called.yml").write_text(_CALLED + "\njobs: {a: {runs-on: ubuntu-latest}}\n")
    (folder / "caller.yml").write_text(_CALLER)
    (folder / "user.yml").write_text(_USER)
    assert main(["lint", str(folder / "caller.yml"), str(folder / "user.yml")]) == 1
    said = [line.removeprefix(f"{folder}/") for line in capsys.readouterr().out.splitlines()]
    assert said == [
        "caller.yml:3:15: Input a is required, but not provided while calling.",
        "caller.yml:3:57: Invalid input, b is not defined in the referenced workflow.",
        "caller.yml:4:15: Unable to find reusable workflow './.github/workflows/none.yml'",
        "user.yml:8:53: warning: 'needs.one.outputs.p' is nothing: the job 'one' has no output 'p' [unknown-output]",
    ]
