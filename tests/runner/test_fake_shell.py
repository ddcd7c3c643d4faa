"""The fake backend's shell against the real one: the same script, the same output, files and exit code."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runner.backends.fake_shell import Shell

SCRIPTS = {
    "nothing": "",
    "echo": "echo a  b 'c  d' \"e  f\"; echo -n x; echo",
    "variables": 'A="1  2"; echo $A; echo "$A" ${B:-none} "[$B]" \'$A\' \\$A "\\$A" pre${A}post $; echo a$B',
    "environment": 'echo "$GIVEN" ${GIVEN}s $EMPTY done; export NEW=1; echo $NEW',
    "comments and continued lines": "# first\necho a # b\necho c#d \\\n  e\n",
    "quotes over lines": "echo 'a\n  b' \"c\nd\"",
    "files": "echo one > f; echo two >> f; cat f; echo three > f; cat f f; test -f f && echo f; test -f g || echo g",
    "first failure ends it": "echo a; false; echo b",
    "rescued": "false || echo saved; true && echo on; false && echo no || echo yes; echo $?; echo end",
    "and that fails last": "true && false\necho never",
    "and that fails first": "false && true\necho goes on $?",
    "exit": "echo a; exit 3; echo b",
    "exit of the last": "false || exit",
    "test": "test a = a; test a != b; test -n x; test -z ''; [ 1 -lt 2 ]; [ ! a = b ]; test x; [ 3 -ge 4 ] || echo no",
    "test fails": '[ "$GIVEN" = other ]; echo never',
    "split": 'A="-n x"; echo $A; echo y; B=" a b "; echo z${B}z',
    "seq and sleep": "seq 3; sleep 0",
    "line ends after operators": "true &&\n  echo a\nfalse ||\n\n  echo b",
    "semicolons": "echo a;echo b; echo 'c;d'",
    "empty words": 'echo "" a "$B" b $B c',
}


@dataclass
class Memory:
    """A world with files of its own."""

    output: bytes = b""
    files: dict[str, bytes] = field(default_factory=dict)

    def write(self, data: bytes) -> None:
        self.output += data

    def sleep(self, seconds: float) -> bool:
        return False

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def save(self, path: str, data: bytes, *, append: bool) -> str:
        self.files[path] = (self.files.get(path, b"") if append else b"") + data
        return ""


ENVIRONMENT = {"GIVEN": "a value", "EMPTY": "", "PATH": os.environ["PATH"]}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_it_does_as_bash_does(script: str, tmp_path: Path) -> None:
    real = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-c", script], cwd=tmp_path, env=ENVIRONMENT, capture_output=True
    )
    assert real.stderr == b""
    world = Memory()
    code = Shell(world, ENVIRONMENT, "/here").run(script)
    assert (code, world.output.decode()) == (real.returncode, real.stdout.decode())
    assert {name.removeprefix("/here/"): data for name, data in world.files.items()} == {
        path.name: path.read_bytes() for path in tmp_path.iterdir()
    }


@pytest.mark.parametrize(
    ("script", "code", "output"),
    [
        ("make all; echo never", 127, "fake: make: command not found\n"),
        ("cat gone", 1, "fake: cat: gone: No such file or directory\n"),
        ("echo $(date)", 2, "fake: syntax error: `$(' is not known here\n"),
        ("echo a | cat", 2, "fake: syntax error: `|' is not known here\n"),
        ("echo 'a", 2, "fake: syntax error: unmatched `''\n"),
    ],
)
def test_what_it_does_not_know_is_an_error(script: str, code: int, output: str) -> None:
    world = Memory()
    assert Shell(world, {}, "/here").run(script) == code
    assert world.output.decode() == output


def test_it_reaches_the_network_by_what_its_backend_gives() -> None:
    asked = []

    def fetch(method: str, url: str, headers: object, body: bytes) -> tuple[int, bytes]:
        asked.append((method, url, headers, body))
        return 201, b"made"

    world = Memory()
    script = """curl -s http://there/a; echo
curl -sS -o /dev/null -w '%{http_code}\\n' -X PUT -H "Accept: x" -d '{}' http://there/b
curl -s -d 1 -o f http://there/c && cat f
curl --proxy x http://there/d"""
    assert Shell(world, {}, "/here", fetch).run(script) == 2
    assert world.output == b"made\n201\nmadefake: curl: option --proxy: is unknown\n"
    assert asked == [
        ("GET", "http://there/a", {}, b""),
        ("PUT", "http://there/b", {"Accept": "x"}, b"{}"),
        ("POST", "http://there/c", {}, b"1"),
    ]
    assert Shell(Memory(), {}, "/here").run("curl http://there/a") == 127
