"""Source text in colours: every line is there, whatever it holds, and nothing of it becomes HTML."""

from __future__ import annotations

import re
from html import unescape

import pytest

from forge.web import highlight, security

WORKFLOW = """\
on: push   # every time
jobs:
  test:
    steps:
      - run: |
          echo "<b>hello</b>"

          exit 3
"""


def _plain(line: str) -> str:
    return unescape(re.sub("<[^>]*>", "", line))


def test_yaml_says_what_its_words_are() -> None:
    found = highlight.lines(WORKFLOW, ".github/workflows/ci.yml")
    assert [_plain(line) for line in found] == WORKFLOW.splitlines()
    assert '<span class="ht">jobs</span>' in found[1]
    assert '<span class="hc"># every time</span>' in found[0]
    assert "&lt;b&gt;hello" in found[5]


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        ("a.py", 'def f():\n    """one\n    two"""\n', '<span class="hs">    two&quot;&quot;&quot;</span>'),
        ("Dockerfile", "FROM debian\n", "hk"),
        ("a.diff", "+new\n-old\n", "hi"),
        ("notes", "plain <i>text</i>\n", "plain &lt;i&gt;"),
    ],
)
def test_a_word_that_spans_lines_is_marked_on_each(path: str, text: str, wanted: str) -> None:
    found = highlight.lines(text, path)
    assert [_plain(line) for line in found] == text.splitlines()
    assert wanted in "\n".join(found)


@pytest.mark.parametrize("path", ["a.yml", "a.md", "a.py", "a.html", "a.sh", "a.json", "a.txt"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "\n\n  \n",
        "no newline",
        "\ufeffbom: 1\r\nsecond: 2\r\n",
        '"unclosed\n<script>alert(1)</script>\n',
        "x" * 5000 + "\nshort",
    ],
)
def test_no_line_is_lost(path: str, text: str) -> None:
    wanted = text.replace("\r\n", "\n").split("\n")
    if wanted[-1] == "":
        wanted.pop()
    found = highlight.lines(text, path)
    assert [_plain(line) for line in found] == wanted
    assert "<script" not in "".join(found)


def test_controls_are_shown_not_obeyed() -> None:
    (found,) = highlight.lines("a = '\u202egnp\x1b[31m'", "a.py")
    assert _plain(found) == "a = '[U+202E]gnp'"


def test_every_class_has_a_colour() -> None:
    styles = (security.STATIC / "code.css").read_text()
    used = {name for name in highlight._CLASSES.values() if name}
    assert used == set(re.findall(r"^\.(h[a-z]) \{", styles, re.MULTILINE))
