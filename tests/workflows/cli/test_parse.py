"""``python -m workflows parse``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.workflows import conformance
from workflows.cli import main

ROOT = Path(__file__).resolve().parents[3]

_WORKFLOW = """\
name: CI
on: {push: {branches-ignore: [a]}, workflow_dispatch: {inputs: {b: {type: choice, options: [c]}}}}
jobs:
  z:
    runs-on: [x, y]
    strategy: {matrix: {v: [1, 2.5]}, fail-fast: false}
    steps:
    - {uses: actions/checkout@v4, with: {ref: "${{ github.ref }}"}}
    - {id: s, name: N, if: always(), run: "echo ${{ matrix.v }}", env: {A: 1}}
  a: {needs: z, if: github.ref == 'x', uses: ./.github/workflows/b.yml, with: {c: true}, secrets: inherit}
"""


def _ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    status = main(["parse", *arguments])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_workflow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "w.yml"
    file.write_text(_WORKFLOW)
    status, [answer] = _ask(capsys, str(file))
    assert (status, answer["file"], answer["errors"]) == (0, str(file), [])
    assert answer["workflow"] == {
        "name": "CI",
        "on": {
            "push": {"branches-ignore": ["a"]},
            "workflow_dispatch": {"inputs": {"b": {"type": "choice", "options": ["c"]}}},
        },
        "jobs": [
            {
                "id": "z",
                "name": "z",
                "needs": [],
                "if": "success()",
                "strategy": {"matrix": {"v": [1, 2.5]}, "fail-fast": False},
                "runs-on": ["x", "y"],
                "steps": [
                    {
                        "id": "__actions_checkout",
                        "if": "success()",
                        "uses": "actions/checkout@v4",
                        "with": {"ref": "${{ github.ref }}"},
                    },
                    {"id": "s", "name": "N", "if": "always()", "run": "echo ${{ matrix.v }}", "env": {"A": "1"}},
                ],
            },
            {
                "id": "a",
                "name": "a",
                "needs": ["z"],
                "if": "success() && (github.ref == 'x')",
                "uses": "./.github/workflows/b.yml",
                "with": {"c": True},
                "secrets": "inherit",
            },
        ],
    }


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ("{using: node20, main: m, post: p}", {"using": "node20", "main": "m", "post": "p", "post-if": "always()"}),
        ("{using: docker, image: i, args: [a]}", {"using": "docker", "image": "i", "args": ["a"]}),
        (
            "{using: composite, steps: [{run: r, shell: sh}]}",
            {"using": "composite", "steps": [{"id": "__run", "if": "success()", "run": "r", "shell": "sh"}]},
        ),
    ],
)
def test_an_action(runs: str, said: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("action.yml", "other.yml"):
        (tmp_path / name).write_text(f"name: A\ninputs: {{x: {{default: d, required: true}}}}\nruns: {runs}\n")
        status, [answer] = _ask(capsys, str(tmp_path / name))
        assert (status, answer["errors"]) == (0, [])
        assert answer["action"] == {"name": "A", "inputs": {"x": {"required": True, "default": "d"}}, "runs": said}


def test_each_error_has_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yml").write_text("on: pusch\n")
    (tmp_path / "b.yml").write_text("on: push\njobs: {a: {runs-on: x}}\n")
    status, answers = _ask(capsys, str(tmp_path / "a.yml"), str(tmp_path / "b.yml"))
    assert status == 1
    assert [answer["file"] for answer in answers] == [str(tmp_path / "a.yml"), str(tmp_path / "b.yml")]
    assert answers[0]["errors"] == [
        {"line": 1, "column": 1, "message": "Required property is missing: jobs"},
        {"line": 1, "column": 5, "message": "Unexpected value 'pusch'"},
    ]
    assert answers[0]["workflow"] is None
    assert answers[1]["errors"] == []


def test_the_path_in_the_repository_decides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.yml"
    file.write_text("runs: {using: node20, main: m}\n")
    assert "action" in _ask(capsys, str(file))[1][0]
    assert "action" in _ask(capsys, str(file), "--as", "a/action.yaml")[1][0]
    status, [answer] = _ask(capsys, str(file), "--as", ".github/workflows/x.yml")
    assert (status, answer["workflow"]) == (1, None)


def test_what_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.yml").write_text("on: push\njobs: {a: {runs-on: x}}\n")
    assert main(["parse", str(tmp_path / "none.yml"), str(tmp_path / "b.yml")]) == 2
    said = capsys.readouterr()
    assert f"{tmp_path / 'none.yml'}: No such file or directory" in said.err
    assert json.loads(said.out)["errors"] == []
    assert main(["parse", str(tmp_path / "b.yml"), "--called", f"x={tmp_path / 'none.yml'}"]) == 2
    with pytest.raises(SystemExit) as ended:
        main(["parse", str(tmp_path / "b.yml"), "--called", "x"])
    assert ended.value.code == 2


def test_bytes_that_are_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.yml").write_bytes(b"on: push\xff\n")
    status, [answer] = _ask(capsys, str(tmp_path / "b.yml"))
    assert status == 1
    assert answer["errors"]


def test_standard_input_and_usage() -> None:
    command = [sys.executable, "-m", "workflows"]
    text = "on: push\njobs: {a: {runs-on: x}}\n"
    done = subprocess.run([*command, "parse", "-"], cwd=ROOT, input=text, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["workflow"]["name"] == "-"
    for arguments, status in (([], 2), (["none"], 2), (["--help"], 0), (["parse", "--help"], 0), (["parse"], 2)):
        done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == status
        assert "usage: python -m workflows" in done.stdout + done.stderr


def test_real_files(capsys: pytest.CaptureFixture[str]) -> None:
    paths = conformance.require("real-workflows", "*.yml", 110)
    actions = conformance.require("real-workflows/_actions", "*.yml", 10)
    status, answers = _ask(capsys, *map(str, [*paths, *actions]))
    assert status == 0
    assert [answer["errors"] for answer in answers] == [[]] * len(answers)
    assert all("workflow" in answer for answer in answers[: len(paths)])
    assert all("action" in answer for answer in answers[len(paths) :])
