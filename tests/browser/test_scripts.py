"""The scripts of a page as one file, run by a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("/octo/widget/actions", "Go to the runs of this repository"),
        ("/octo/widget/actions/runs/{failed}", "Re-run failed jobs"),
        ("/octo/widget/actions/runs/{failed}/job/{bad_job}", "Next error or warning in the log"),
        ("/octo/widget/actions/workflows/ci.yml/dispatch", "Search on this page"),
        ("/rosa/words/blob/main/README.md", "Menu of the row"),
        ("/rosa/words/edit/main/README.md", "Show these shortcuts"),
    ],
)
def test_every_module_has_run_once(person: Page, site: Site, address: str, shown: str) -> None:
    """Shortcuts are bound by the page's own modules, and shown by the common ones: both know the same list."""
    scripts: list[str] = []
    person.on("request", lambda request: scripts.append(request.url) if request.resource_type == "script" else None)
    person.goto(address.format(**site.ids))
    expect(person.locator("html.js")).to_have_count(1)
    person.evaluate("document.activeElement.blur()")
    person.keyboard.press("?")
    expect(person.locator("dialog[open]")).to_have_count(1)
    expect(person.locator("dialog dd", has_text=shown)).to_have_count(1)
    assert len(scripts) == 1
