"""Terminal output to text: the table that the browser's twin is held to as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from forge.web import ansi, palette, security

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("ansi_cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_segments(case: dict[str, Any]) -> None:
    start = ansi.apply(ansi.PLAIN, case.get("start", ""))
    found, end = ansi.segments(case["text"], start)
    assert [list(part) for part in found] == case["segments"]
    assert end.parameters() == case["end"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_parameters_give_the_style_again(case: dict[str, Any]) -> None:
    end = ansi.segments(case["text"], ansi.apply(ansi.PLAIN, case.get("start", "")))[1]
    assert ansi.apply(ansi.PLAIN, end.parameters()) == end


def test_html_is_escaped_and_addresses_are_links() -> None:
    found, _ = ansi.html('<script>alert(1)</script> see https://example.org/a?b=1&c=2). "x"')
    assert "<script>" not in found
    assert '<a href="https://example.org/a?b=1&amp;c=2" rel="nofollow noopener noreferrer">' in found
    assert found.endswith("</a>). &quot;x&quot;")


def test_only_web_addresses_are_links() -> None:
    assert "<a" not in ansi.html("javascript:alert(1) file:///etc/passwd https:// data:text/html,x")[0]


def test_a_rainbow_is_bounded() -> None:
    text = "".join(f"\x1b[38;5;{number % 256}mx" for number in range(5000))
    found, _ = ansi.segments(text)
    assert len(found) == ansi.MAX_SEGMENTS
    assert sum(len(part) for _, part in found) == 5000


@pytest.mark.parametrize("number", range(16, 256))
@pytest.mark.parametrize(("ground", "towards"), [(palette.LIGHT_BACKGROUND, 0), (palette.DARK_BACKGROUND, 255)])
def test_every_colour_can_be_read(number: int, ground: palette.Rgb, towards: int) -> None:
    assert palette.contrast(palette._lifted(palette.colour(number), ground, towards), ground) >= 4.5


def test_the_stylesheet_is_the_palette() -> None:
    assert (security.STATIC / "ansi.css").read_text() == palette.stylesheet()
