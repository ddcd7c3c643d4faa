"""From an empty repository to a green run with nothing but the pages; files, runners, keys."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened, PlainPage, Site, fails, focus
from tests.services.stack import LOGIN, PASSWORD, Stack


@pytest.mark.timeout(300)  # a server, a runner and a browser start, on a machine that may be busy
def test_from_nothing_to_a_green_run(visited: Opened, tmp_path: Path) -> None:
    with Stack(tmp_path / "stack") as stack:
        stack.runner()
        page = visited(base_url=stack.url).new_page()
        page.goto("/new")
        page.fill("#login", LOGIN)
        page.fill("#password", PASSWORD)
        page.click("main button")
        page.fill("#name", "first")
        page.click("text=Create repository")
        page.click(".tabs >> text=Actions")
        page.click("text=Add this workflow")
        assert page.input_value("#path") == ".github/workflows/ci.yml"
        page.click("button:has-text('Commit')")
        page.wait_for_url("**/first/actions")
        page.click("#rows .name:has-text('Create ci.yml')", timeout=30_000)  # it comes by itself
        page.wait_for_selector("#pill:has-text('Success')", timeout=60_000)
        page.click("#side a:has-text('test')")
        page.locator("summary", has_text="echo").click()
        page.get_by_text(f"Hello from {LOGIN}/first", exact=True).wait_for()
        page.context.close()


def test_files_with_scripts_off(plain: PlainPage, site: Site) -> None:
    plain.goto("/rosa/words")
    plain.click(".files >> text=src")
    plain.click(".files >> text=words")
    plain.click(".files >> text=count.py")
    expect(plain.locator(".hk", has_text="import")).to_have_count(1)
    plain.click(".bar summary:has-text('main')")
    assert plain.locator(".pop a[aria-current]").inner_text() == "main"
    plain.click(".bar summary:has-text('main')")
    plain.click("text=Say it better")
    assert "Nobody asked." in plain.inner_text("main")
    assert plain.locator(".d-add").inner_text().endswith("# by hand")
    plain.goto("/rosa/words/new/main/notes")
    plain.fill("#path", ".github/workflows/odd.yml")
    plain.fill("#text", "on: push\njobz: 1\n")
    plain.click("button:has-text('Commit')")
    assert "this workflow could not start" in plain.inner_text("#errors")
    plain.fill("#path", "notes/one.txt")
    plain.click("button.primary")
    assert plain.url == f"{site.url}/rosa/words/blob/main/notes/one.txt"
    plain.click("text=Delete")
    plain.click("main form button.danger")
    assert "notes" not in plain.inner_text(".files")


def test_lines_have_addresses(person: Page) -> None:
    person.goto("/rosa/words/blob/main/src/words/count.py")
    for number, keys in ((6, []), (9, ["Shift"])):
        person.locator(f"#L{number}").click(position={"x": 20, "y": 8}, modifiers=keys)  # type: ignore[arg-type]
    assert person.url.endswith("#L6-L9")
    expect(person.locator(".ln.on")).to_have_count(4)
    person.click("#permalink")
    expect(person).to_have_url(re.compile(r"/blob/[0-9a-f]{40}/src/words/count.py#L6-L9$"))
    expect(person.locator(".ln.on")).to_have_count(4)


def test_a_problem_leads_to_its_line(person: Page) -> None:
    person.goto("/rosa/fresh/new/main?filename=.github/workflows/x.yml")
    person.fill("#text", "on: push\njobz: 1\n")
    person.click("button:has-text('Commit')")
    assert person.evaluate("document.activeElement.id") == "errors"
    person.click("#errors [data-line='2']")
    assert person.evaluate("document.activeElement.value.slice(document.activeElement.selectionStart)") == "jobz: 1\n"
    person.on("dialog", lambda dialog: dialog.accept())


def test_a_runner_is_let_in(plain: PlainPage) -> None:
    plain.goto("/rosa/words/settings/runners")
    shown = plain.inner_text("#runners")
    for part in (
        "idle-one idle",
        "draining-one draining",
        "gone-one offline",
        "busy-one busy of the site",
        "never heard",
    ):
        assert part in shown, part
    plain.click("#runners a:has-text('build')")
    assert "/job/" in plain.url
    plain.go_back()
    plain.click("text=New registration token")
    token = plain.input_value("#token")
    assert f"--token {token}" in plain.input_value("#commands")
    plain.click("[aria-label='Actions for idle-one']")
    plain.click("button:has-text('Drain')")
    assert "idle-one draining" in plain.inner_text("#runners")
    plain.click("[aria-label='Actions for gone-one']")
    plain.click("text=Remove for good >> visible=true")
    assert "gone-one" not in plain.inner_text("#runners")


def test_keys(person: Page, site: Site) -> None:
    person.goto("/rosa/words/tree/main/src/words")
    person.keyboard.press("?")
    dialog = person.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("Up one level")
    person.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    for above in ("/rosa/words/tree/main/src", "/rosa/words/tree/main", "/rosa/words", "/rosa", "/"):
        person.keyboard.press("u")
        person.wait_for_url(site.url + above)
    person.goto(site.job("failed", "bad_job"))
    for above in (f"/actions/runs/{site.ids['failed']}", "/actions/workflows/ci.yml", "/actions", "/octo/widget"):
        person.keyboard.press("u")
        person.wait_for_url(f"**{above}")
    person.keyboard.press("g")
    person.keyboard.press("a")
    person.wait_for_url("**/octo/widget/actions")
    person.keyboard.press("g")
    person.keyboard.press("w")
    assert person.evaluate("document.activeElement.closest('.side') !== null")
    person.keyboard.press("/")
    person.keyboard.type("gag?u")
    assert person.input_value("#q") == "gag?u"
    expect(person.get_by_role("dialog")).to_have_count(0)
    person.locator("main h1").click()
    person.keyboard.press("?")
    person.get_by_label("Single keys are shortcuts").uncheck()
    person.keyboard.press("Escape")
    person.keyboard.press("/")
    assert person.evaluate("document.activeElement.id") != "q"
    person.keyboard.press("?")
    person.get_by_label("Single keys are shortcuts").check()


def test_a_key_right_after_a_dialog(person: Page, site: Site) -> None:
    """It is closed, and its field has the focus still."""
    person.goto("/rosa/words/tree/main/src/words")
    person.keyboard.press("?")
    expect(person.get_by_role("dialog")).to_be_visible()
    person.evaluate(
        """() => setTimeout(() => {
          const field = document.querySelector("dialog input");
          field.closest("dialog").close();
          field.dispatchEvent(new KeyboardEvent("keydown", {key: "u", bubbles: true}));
        })"""
    )
    person.wait_for_url(f"{site.url}/rosa/words/tree/main/src")


def test_the_way_without_a_mouse(person: Page, site: Site) -> None:
    """Filter, open, go on to the log; wherever the focus is, it can be seen."""
    person.goto("/octo/widget/actions")
    person.keyboard.press("/")
    assert focus(person) == "q"
    person.keyboard.type("is:failure retry")
    person.keyboard.press("Enter")
    person.wait_for_url("**query=is*")
    person.keyboard.press("j")
    assert focus(person).startswith("Add retry")
    person.keyboard.press(".")
    assert focus(person)
    person.keyboard.press("Escape")
    assert focus(person)
    person.keyboard.press("k")
    person.keyboard.press("o")
    person.wait_for_url(f"**/runs/{site.ids['failed']}")
    for _ in range(30):
        person.keyboard.press("Tab")
        if focus(person).startswith("Open the log"):
            break
    person.keyboard.press("Enter")
    person.wait_for_url("**/job/**")


PAUSED = "Live updates paused, reconnecting"
#: Every kind of page that is kept up to date.
LIVE = (
    "/octo/widget/actions",
    "/octo/gadget/actions/workflows/nightly.yml",
    "/octo/widget/actions/runs/{timed}",
    "/octo/widget/actions/runs/{timed}/usage",
    "/octo/widget/actions/runs/{timed}/job/{timed_job}",
    "/-/actions/mine",
    "/rosa/words/settings/runners",
)


def test_a_stream_that_is_away_is_told(person: Page, site: Site) -> None:
    person.clock.install()
    chip = person.locator("#live-state")
    for address in LIVE:
        person.route("**/events*", lambda route: route.fulfill(status=503))
        with person.expect_response("**/events*"):
            person.goto(address.format(**site.ids))
        expect(chip).to_be_hidden()
        person.clock.run_for(5000)
        expect(chip).to_have_text(PAUSED)
        for _ in range(5):
            if chip.inner_text() == "Reload":
                break
            with person.expect_response("**/events*"):
                person.clock.run_for(15_000)
            person.evaluate("0")
        expect(chip).to_have_text("Reload")
        person.unroute("**/events*")
        with person.expect_navigation():
            chip.click()
        expect(chip).to_have_text("Live")


def test_news_that_cannot_be_fetched(person: Page, plain: PlainPage, site: Site) -> None:
    """What was there stays; that it is old is told when it has not come for five seconds."""
    plain.goto("/octo/gadget/actions/workflows/nightly.yml/dispatch")
    plain.click("main form button.primary")
    address, here = plain.url, re.compile(re.escape(plain.url) + "$")
    person.clock.install()
    person.goto(address)
    chip, pill = person.locator("#live-state"), person.locator("#pill")
    expect(chip).to_have_text("Live")
    person.route(here, fails)
    with person.expect_response(here):
        plain.click("text=Cancel run")
    expect(chip).not_to_have_text(PAUSED)
    with person.expect_response(here):
        person.clock.run_for(5000)
    expect(chip).to_have_text(PAUSED)
    expect(pill).to_contain_text("Queued")
    person.unroute(here)
    person.clock.run_for(5000)
    expect(pill).to_contain_text("Cancelled")
    expect(chip).to_be_hidden()  # nothing more will come
