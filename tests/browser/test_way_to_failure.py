"""From the list of runs to the line that says why: one click shows it, a second opens it in its log."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.conftest import PlainPage, Site
from tests.browser.seed import BIG

WHY = "Error: Process completed with exit code 1."


def _on_screen(page: Page, selector: str) -> bool:
    """True when a person who scrolls nothing sees the whole of it."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["y"] >= 0 and box["y"] + box["height"] <= 900


def test_one_click_to_the_failing_line(person: Page, site: Site) -> None:
    person.goto(f"{site.repository}/actions?query=is:failure")
    person.get_by_role("link", name="Say a lot").first.click()
    line = f'#failure [data-n="{BIG}"]'
    assert person.locator(line).inner_text() == WHY
    assert _on_screen(person, line)
    person.locator("#failure a", has_text="Open").first.click()
    person.wait_for_selector(f'.vlog [data-n="{BIG}"]')
    assert _on_screen(person, f'.vlog [data-n="{BIG}"]')


def test_the_same_without_scripts(plain: PlainPage, site: Site) -> None:
    plain.goto(f"{site.repository}/actions?query=is:failure")
    plain.follow(plain.get_by_role("link", name="Say a lot").first)
    assert plain.locator(f'#failure [data-n="{BIG}"]').inner_text() == WHY
    plain.follow(plain.locator("#failure a", has_text="Open").first)
    assert plain.locator(f"#s1-L{BIG}").inner_text() == WHY
