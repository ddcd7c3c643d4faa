"""What a step writes is what one reads: 200,000 lines, byte for byte, after the time stamps."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.stack import Stack

pytestmark = pytest.mark.docker

LINES = 200_000
#: Lines of many lengths, with text that a careless reader would change: colours, tabs, umlauts, trailing blanks.
SCRIPT = f"""\
import sys
for number in range({LINES}):
    text, blanks = "x" * (number % 91), " " * (number % 3)
    sys.stdout.write("%d \\x1b[3%dm%s\\x1b[0m\\t\\u00fc %s\\n" % (number, number % 8, text, blanks))
"""
WORKFLOW = """\
name: Loud
on: push
jobs:
  loud:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Speak
        run: python3 loud.py
"""
STAMP = re.compile(rb"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z ")


def expected() -> bytes:
    """The same lines, made here."""
    return b"".join(
        b"%d \x1b[3%dm%s\x1b[0m\t\xc3\xbc %s\n" % (number, number % 8, b"x" * (number % 91), b" " * (number % 3))
        for number in range(LINES)
    )


@pytest.fixture
def stack(tmp_path: Path, job_image: str) -> Iterator[Stack]:
    """A server and a Docker runner."""
    with Stack(tmp_path / "stack", bridge=True) as made:
        made.runner(backend="docker", image=job_image)
        yield made


def test_two_hundred_thousand_lines(stack: Stack) -> None:
    project = stack.repository({"loud.py": SCRIPT, ".github/workflows/loud.yml": WORKFLOW})
    run = project.run(project.push())
    assert project.completed(run["id"], timeout=240)["conclusion"] == "success"
    job = project.jobs(run["id"])["loud"]

    answer = stack.api(project.path(f"/jobs/{job['id']}/logs"), follow_redirects=True)
    lines = answer.content.split(b"\n")
    assert all(STAMP.match(line) for line in lines[:-1])
    texts = [STAMP.sub(b"", line) for line in lines[:-1]]
    first = texts.index(expected().split(b"\n", 1)[0])
    spoken = b"".join(text + b"\n" for text in texts[first : first + LINES])
    assert hashlib.sha256(spoken).hexdigest() == hashlib.sha256(expected()).hexdigest()


#: What a careless program writes: a bar that overwrites itself, a line of a megabyte, bytes that are no text,
#: two halves of a secret, and no newline at its end.
STRANGE = b"".join(
    [
        b"begin strange\n",
        b"\r".join(b"\x1b[2K%3d%% [%s]" % (done, b"#" * (done // 10)) for done in range(0, 101, 10)) + b"\n",
        bytes(97 + number % 26 for number in range(1 << 20)) + b"\n",
        bytes(each for each in range(256) if each not in b"\n") + b"\n",
        b"half a letter \xc3 and \xff\xfe and nul \0 here\n",
        b"the word is hunter2-hunter2 and so on\n",
        b"no newline at the end",
    ]
)
STRANGE_WORKFLOW = """\
name: Strange
on: push
jobs:
  strange:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo "::add-mask::hunter2-hunter2"
      - run: python strange.py
"""
#: In pieces that fit nothing, each written at once.
STRANGE_SCRIPT = """\
import os
data = open("strange.bin", "rb").read()
for at in range(0, len(data), 9973):
    piece = data[at : at + 9973]
    while piece:
        piece = piece[os.write(1, piece) :]
"""


def test_strange_output_is_kept_and_masked(stack: Stack) -> None:
    files = {
        "strange.py": STRANGE_SCRIPT,
        "strange.bin": STRANGE,
        ".github/workflows/strange.yml": STRANGE_WORKFLOW,
    }
    project = stack.repository(files)
    run = project.run(project.push())
    assert project.completed(run["id"], timeout=120)["conclusion"] == "success"
    job = project.jobs(run["id"])["strange"]

    answer = stack.api(project.path(f"/jobs/{job['id']}/logs"), follow_redirects=True)
    assert answer.headers["content-type"].startswith("text/plain")
    lines = [STAMP.sub(b"", line) for line in answer.content.split(b"\n")]
    first = lines.index(b"begin strange")
    expected_lines = STRANGE.replace(b"hunter2-hunter2", b"***").split(b"\n")
    assert lines[first : first + len(expected_lines)] == expected_lines
    assert b"hunter2-hunter2" not in answer.content.split(b"begin strange\n")[1]
