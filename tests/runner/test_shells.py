"""From ``shell:`` to a command line, row by row."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import shells, step_head
from runner.backends.base import Layout
from runner.errors import StepFailed

CONTAINER = Layout("/__w", "/__w/r/r", "/github/home", "/github/workflow", True, "/bin", ("sh -e {0}", "sh -e {0}"))
HOST = Layout("/w", "/w/r/r", "/w/home", "/w/workflow", False, "/bin", ("", ""))


@pytest.fixture
def search(tmp_path: Path) -> str:
    """A PATH with all programs that the rows name."""
    for name in ("bash", "sh", "python", "pwsh", "perl", "cp"):
        (tmp_path / name).touch(0o755)
    return str(tmp_path)


@pytest.mark.parametrize(
    ("shell", "suffix", "argv"),
    [
        (None, ".sh", ["sh", "-e", "@"]),
        ("bash", ".sh", ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "@"]),
        ("sh", ".sh", ["sh", "-e", "@"]),
        ("python", ".py", ["python", "@"]),
        ("pwsh", ".ps1", ["pwsh", "-command", ". '@'"]),
        ("powershell", ".ps1", ["powershell", "-command", ". '@'"]),
        ("bash -x {0}", ".sh", ["bash", "-x", "@"]),
        ("pwsh  -NoProfile -file {0}", ".ps1", ["pwsh", "-NoProfile", "-file", "@"]),
        ("perl {0}", "", ["perl", "@"]),
        ("cp {0} action.yml", "", ["cp", "@", "action.yml"]),
        ("perl -e \"print 'a b'\" 'c d' {0} {{x}}", "", ["perl", "-e", "print 'a b'", "'c", "d'", "@", "{x}"]),
    ],
)
def test_rows_in_a_container(shell: str | None, suffix: str, argv: list[str]) -> None:
    script = shells.make(shell, "echo a\r\necho b\n", CONTAINER, "")
    path = f"/__w/_temp/{script.name}"
    assert script.name.endswith(suffix)
    assert ("." in script.name) == bool(suffix)
    assert list(script.argv) == [word.replace("@", path) for word in argv]
    assert "echo a\necho b\n" in script.text


@pytest.mark.parametrize(
    ("shell", "shown"),
    [
        (None, "/bash -e {0}"),
        ("bash", "/bash --noprofile --norc -e -o pipefail {0}"),
        ("perl -w {0}", "/perl -w {0}"),
    ],
)
def test_on_a_machine_the_program_is_looked_for(shell: str | None, shown: str, search: str) -> None:
    script = shells.make(shell, "true", HOST, search)
    assert script.shown == f"{search}{shown}"
    assert script.argv[0] == f"{search}{shown.partition(' ')[0]}"


def test_without_bash_it_is_sh(search: str) -> None:
    Path(search, "bash").unlink()
    assert shells.make(None, "true", HOST, search).argv[:2] == (f"{search}/sh", "-e")


@pytest.mark.parametrize(
    ("shell", "said"),
    [
        ("tcsh", "Invalid shell option 'tcsh'"),
        ("bash -x", "format string containing '{0}'"),
        ("cmd", "a shell of Windows"),
        ("fish {0}", "fish: command not found"),
        ("python", "python: command not found"),
    ],
)
def test_what_is_no_shell_says_so(shell: str, said: str, search: str) -> None:
    Path(search, "python").unlink()
    with pytest.raises(StepFailed, match=said.replace("{", r"\{")):
        shells.make(shell, "true", HOST, search)


def test_powershell_ends_with_the_code_of_the_last_program() -> None:
    lines = shells.make("pwsh", "git x", CONTAINER, "").text.split("\n")
    assert lines[0] == "$ErrorActionPreference = 'stop'"
    assert lines[1] == "git x"
    assert lines[2].endswith("{ exit $LASTEXITCODE }")


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("", []),
        ("  a\tb ", ["a", "b"]),
        (r"a\\\"b \"c d\"", ['a\\"b', '"c', 'd"']),
        (r'"a \\" b', ["a \\", "b"]),
        (r"a\b \\server", [r"a\b", r"\\server"]),
        ('"a""b" ""', ['a"b', ""]),
        ('a"b c"d "open end', ["ab cd", "open end"]),
    ],
)
def test_arguments_are_taken_apart_as_dot_net_does(text: str, arguments: list[str]) -> None:
    assert shells.split(text) == arguments


def test_the_head_of_a_script() -> None:
    assert step_head.of_run("\n  one \r\ntwo\n\n", "sh -e {0}", {"A": "1"}) == [
        "##[group]Run one ",
        "\x1b[36;1m\x1b[0m",
        "\x1b[36;1m  one \x1b[0m",
        "\x1b[36;1mtwo\x1b[0m",
        "shell: sh -e {0}",
        "env:",
        "  A: 1",
        "##[endgroup]",
    ]


def test_the_head_of_an_action_leaves_out_what_is_empty() -> None:
    head = ["##[group]Run a/b@v1", "with:", "  x: 1", "##[endgroup]"]
    assert step_head.of_uses("a/b@v1", {"x": "1", "y": ""}, {}) == head
