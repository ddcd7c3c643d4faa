"""Three pages look as they did: where their parts stand at two widths, and their colours in both themes.

Pictures would differ with the fonts and the Chromium of each machine. What is held against ``looks.json`` is what a
change of a style sheet or a template changes: of the first element of each kind the box, with letters of no size, and
the computed colours and sizes. ``FORGE_KEEP_LOOKS=1`` writes the file anew, for a change that is meant; its difference
is then looked at like any other.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Opened, Site

LOOKS = Path(__file__).parent / "looks.json"
TAKE = (Path(__file__).parent / "looks.js").read_text().partition("\n")[2]
PAGES = {
    "runs": "/octo/widget/actions?query=is:failure",
    "run": "/octo/widget/actions/runs/{failed}?view=graph",
    "job": "/octo/widget/actions/runs/{failed}/job/{bad_job}",
}
#: Pixels that an edge may stand elsewhere: browsers round in their own ways.
NEAR = 1


@pytest.mark.parametrize("name", list(PAGES))
def test_a_page_looks_as_it_did(opened: Opened, site: Site, name: str) -> None:
    wide, narrow, dark, narrow_dark = (
        _take(opened, site, name, width, theme) for theme in ("light", "dark") for width in (1280, 390)
    )
    # A theme moves nothing.
    assert _different(wide["boxes"], dark["boxes"]) == _different(narrow["boxes"], narrow_dark["boxes"]) == []
    light, night = narrow["colours"] | wide["colours"], narrow_dark["colours"] | dark["colours"]
    now = {
        kind: [wide["boxes"].get(kind), narrow["boxes"].get(kind), light[kind], night[kind]]
        for kind in narrow["boxes"] | wide["boxes"]
    }
    looks: dict[str, Any] = json.loads(LOOKS.read_text()) if LOOKS.exists() else {}
    if os.environ.get("FORGE_KEEP_LOOKS") == "1":
        looks[name] = now
        LOOKS.write_text(_written(looks))
    assert name in looks, "nothing is kept of it: FORGE_KEEP_LOOKS=1"
    different = _different(looks[name], now)
    assert not different, "\n".join(f"{kind}: {before} is now {after}" for kind, before, after in different)


def test_a_change_is_seen(opened: Opened, site: Site) -> None:
    """A pixel of padding, a colour, a part that is gone: each is told."""
    before = _take(opened, site, "runs", 1280, "light")
    for change, what in (
        ("h1 { padding-top: 3px }", "boxes"),
        ("h1 { color: #123456 }", "colours"),
        ("[data-rows] { display: none }", "boxes"),
    ):
        after = _take(opened, site, "runs", 1280, "light", change)
        assert _different(before[what], after[what]), change
    assert not _different(before["boxes"], _take(opened, site, "runs", 1280, "light")["boxes"])


def _take(opened: Opened, site: Site, name: str, width: int, theme: str, change: str = "") -> dict[str, Any]:
    context = opened(viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce")
    page: Page = context.new_page()
    page.goto(PAGES[name].format(**site.ids))
    if name == "job":
        page.wait_for_selector('.vlog [data-n="1306"]')
        page.wait_for_selector(".ticks .err")
    if change:
        page.evaluate("() => { document.adoptedStyleSheets = [new CSSStyleSheet()] }")
        page.evaluate("(text) => document.adoptedStyleSheets[0].replaceSync(text)", change)
    taken: dict[str, Any] = page.evaluate(TAKE)
    context.close()
    return taken


def _different(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Kinds that are on one side only, or elsewhere, or in another colour."""
    return [
        (kind, before.get(kind), after.get(kind))
        for kind in sorted({*before, *after})
        if not _alike(before.get(kind), after.get(kind))
    ]


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, int) and isinstance(other, int):
        return abs(one - other) <= NEAR
    return bool(one == other)


def _written(looks: dict[str, Any]) -> str:
    """As JSON with a line for each kind, so that a difference can be read."""
    pages = []
    for name, kinds in sorted(looks.items()):
        lines = (f"  {json.dumps(kind)}: {json.dumps(value)}" for kind, value in sorted(kinds.items()))
        pages.append(f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(pages) + "\n}\n"
