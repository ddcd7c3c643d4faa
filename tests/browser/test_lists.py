"""The run list, a workflow's page and the dispatch form: with the keyboard, live, without scripts."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import AXE, Opened, PlainPage, Site, focus

LIST = "/octo/gadget/actions"
NIGHTLY = f"{LIST}/workflows/nightly.yml"


def _started(page: Page) -> int:
    """The id of the run whose page this is."""
    page.wait_for_url(re.compile(r"/actions/runs/\d+$"))
    return int(page.url.rsplit("/", 1)[-1])


def test_the_form_in_a_dialog(person: Page) -> None:
    person.goto(NIGHTLY)
    person.keyboard.press("d")
    dialog = person.locator("dialog[open]")
    expect(dialog.locator("h2").first).to_have_text("Run Nightly")
    expect(person.locator("#ref")).to_be_focused()
    person.evaluate(AXE.read_text())
    assert person.evaluate("async () => (await axe.run(document)).violations.map((one) => one.id)") == []
    dialog.locator("[data-filter]").fill("note 4")
    expect(dialog.locator(".field[data-name]:visible")).to_have_count(1)
    dialog.locator("[data-filter]").fill("")
    person.fill("#in-count", "many")
    person.select_option("#in-target", "staging")
    person.uncheck("#in-dry-run")
    person.fill("#in-note-2", "it's so")
    person.click("summary:has-text('As a command')")
    said = person.input_value("#gh")
    assert "-f target=staging -f dry-run=false -f count=many" in said
    assert "-f 'note-2=it'\"'\"'s so'" in said
    person.fill("#ref", "short")
    person.press("#ref", "Tab")
    expect(person.locator("#in-note-2")).to_have_count(0)  # the file of that branch has no such input
    expect(person.locator("#in-count")).to_have_value("many")
    expect(person.locator("#in-dry-run")).not_to_be_checked()
    dialog.locator("button.primary").click()
    expect(person.locator("#errors")).to_be_focused()
    expect(person.locator("#errors")).to_contain_text("1 input needs another value")
    person.click("#errors a")
    expect(person.locator("#in-count")).to_be_focused()
    person.fill("#in-count", "4")
    dialog.locator("button.primary").click()
    _started(person)
    facts = person.inner_text("main")
    assert "staging" in facts
    assert "short" in facts
    person.click("#more > summary")
    person.click("text=Run again with changes")
    expect(person.locator("#ref")).to_have_value("short")
    expect(person.locator("#in-count")).to_have_value("4")
    person.goto(f"{NIGHTLY}/dispatch")
    person.click("text=/As in your run/")
    expect(person.locator("#ref")).to_have_value("short")
    expect(person.locator("#in-count")).to_have_value("4")


def test_a_form_that_cannot_be_fetched_is_gone_to(person: Page) -> None:
    person.goto(NIGHTLY)
    person.route(
        "**/dispatch*", lambda route: route.abort() if route.request.resource_type == "fetch" else route.continue_()
    )
    person.click("a.primary[data-dialog]")
    person.wait_for_url(f"**{NIGHTLY}/dispatch")
    person.unroute_all()
    person.fill("#ref", "short")
    person.press("#ref", "Tab")
    person.wait_for_url("**/dispatch?ref=short&*")  # a reload shows the same
    expect(person.locator("#in-note-1")).to_have_count(0)


def test_commands_are_the_same_with_and_without_scripts(person: Page) -> None:
    person.goto(f"{NIGHTLY}/dispatch?input.note-1=%22a%22%20%C3%A4%20%27b%27")
    before = [person.locator("#curl").input_value(), person.locator("#gh").input_value()]
    assert json.dumps({"note-1": '"a" ä'})[2:8] in before[0]
    person.locator("#in-note-2").fill("x")
    assert [person.locator("#curl").input_value(), person.locator("#gh").input_value()] != before
    person.locator("#in-note-2").fill("")
    assert [person.locator("#curl").input_value(), person.locator("#gh").input_value()] == before


def test_a_dialog_gives_the_focus_back(person: Page, site: Site) -> None:
    person.goto(LIST)
    row = person.locator(f"#run-{site.ids['by_hand']}")
    row.locator("summary").click()
    row.locator("text=Delete run").click()
    expect(person.locator("dialog[open]")).to_contain_text("This cannot be undone")
    expect(person.locator("dialog[open] .danger")).to_be_focused()
    person.keyboard.press("Escape")
    expect(person.locator("dialog")).to_have_count(0)
    expect(row.locator("summary")).to_be_focused()
    row.locator("summary").click()
    row.locator("text=Run again with changes").click()
    expect(person.locator("#in-count")).to_have_value("7")
    expect(person.locator("#in-note-2")).to_have_value("it's so")
    person.click("dialog .dialog-close")
    expect(row.locator("summary")).to_be_focused()
    person.goto(f"{NIGHTLY}?query=is:failure")
    expect(person.locator("dialog")).to_have_count(0)


def test_a_run_is_deleted_from_its_row(person: Page) -> None:
    person.goto(f"{NIGHTLY}?query=Night+1")
    row = person.locator("#rows > li", has_text="Night 12")
    row.locator("summary").click()
    row.locator("text=Delete run").click()
    person.click("dialog button.danger")
    person.wait_for_url(re.compile("query=Night"))
    expect(person.locator("#rows > li", has_text="Night 11")).to_have_count(1)
    expect(person.locator("#rows > li", has_text="Night 12")).to_have_count(0)


def test_rows_by_keyboard(person: Page, site: Site) -> None:
    person.context.grant_permissions(["clipboard-read", "clipboard-write"])
    person.goto(LIST)
    names = person.locator("#rows .name")
    person.keyboard.press("j")
    expect(names.nth(0)).to_be_focused()
    for _ in range(2):
        person.keyboard.press("j")
    person.keyboard.press("k")
    expect(names.nth(1)).to_be_focused()
    person.keyboard.press(".")
    menu = person.locator("#rows > li").nth(1).locator(".menu")
    expect(menu).to_have_attribute("open", "")
    menu.locator("text=Copy link").press("Enter")
    expect(menu.locator("summary")).to_be_focused()
    expect(person.locator("#say")).to_have_text("Copied")
    address = names.nth(1).get_attribute("href") or ""
    assert person.evaluate("navigator.clipboard.readText()") == site.url + address
    person.keyboard.press("k")
    person.keyboard.press("o")
    person.wait_for_url(re.compile(r"/actions/runs/\d+$"))
    person.go_back()
    person.keyboard.press("/")
    expect(person.locator("#q")).to_be_focused()
    person.keyboard.type("is:failure jjj")
    person.keyboard.press("Enter")
    expect(person.locator("main h2", has_text="No runs match is:failure jjj")).to_be_visible()


def test_new_runs_are_announced(person: Page, plain: PlainPage) -> None:
    person.goto(LIST)
    expect(person.locator("#live-state")).to_have_text("Live")
    person.evaluate("window.scrollTo(0, 400)")
    first = person.locator("#rows > li").first.get_attribute("id")
    plain.goto(f"{NIGHTLY}/dispatch")
    plain.click("main form button.primary")
    run = _started(plain)
    expect(person.locator("#live-state")).to_have_text("1 new run, show")
    assert person.locator("#rows > li").first.get_attribute("id") == first
    person.click("#live-state")
    expect(person.locator("#rows > li").first).to_have_id(f"run-{run}")
    expect(person.locator("#live-state")).to_have_text("Live")
    person.click("#live-state")
    expect(person.locator("#live-state")).to_have_text("Paused")
    plain.click("text=Cancel run")
    person.click("#live-state")
    expect(person.locator(f"#run-{run} .st .vh").first).to_have_text("Cancelled")


def test_a_ticked_row_stays(person: Page, plain: PlainPage) -> None:
    plain.goto(f"{NIGHTLY}/dispatch")
    plain.click("main form button.primary")
    run = _started(plain)
    person.goto(f"{LIST}?select=1")
    box = person.locator(f"#run-{run} .pick input")
    box.check()
    person.locator("h1").click()
    plain.click("text=Cancel run")
    plain.goto(f"{NIGHTLY}/dispatch")
    plain.click("main form button.primary")
    later = _started(plain)
    expect(person.locator(f"#run-{later}")).to_be_visible()
    expect(box).to_be_checked()
    person.click("text=Select all")
    expect(person.locator(".pick input:not(:checked)")).to_have_count(0)
    person.click("text=Select all")
    expect(person.locator(".pick input:checked")).to_have_count(0)
    plain.click("text=Cancel run")


@pytest.mark.parametrize("word", ["part 7", "BROKEN"])
def test_workflows_are_filtered(person: Page, word: str) -> None:
    person.goto(LIST)
    person.fill(".side [data-filter]", word)
    expect(person.locator("#side li:visible")).to_have_count(1)
    person.fill(".side [data-filter]", "")
    expect(person.locator("#side li:visible")).to_have_count(12)


def test_runs_are_chosen_and_go_without_scripts(plain: PlainPage, site: Site) -> None:
    plain.goto(f"{LIST}?query=Night")
    plain.click("button[value=compact]")
    assert plain.url.endswith("?query=Night")
    expect(plain.locator("#rows.compact")).to_have_count(1)
    plain.click("button[value=comfortable]")
    plain.click("main a:has-text('Select')")
    for title in ("Night 24", "Night 23"):
        plain.locator("#rows > li", has_text=title).locator(".pick input").check()
    plain.click("text=Delete…")
    assert "Delete 2 runs?" in plain.inner_text("h1")
    plain.click("main a:has-text('Cancel')")
    expect(plain.locator("#rows > li", has_text="Night 24")).to_have_count(1)
    plain.click("main a:has-text('Select')")
    plain.locator("#rows > li", has_text="Night 24").locator(".pick input").check()
    plain.click("text=Delete…")
    plain.click("button:has-text('Delete run')")
    assert "query=Night" in plain.url
    expect(plain.locator("#rows > li", has_text="Night 24")).to_have_count(0)
    expect(plain.locator("#rows > li", has_text="Night 23")).to_have_count(1)
    plain.goto(f"{LIST}/delete?run=999999")
    expect(plain.locator("button.danger")).to_have_count(0)


def test_a_workflow_is_pinned(person: Page) -> None:
    person.goto(LIST)
    names = person.locator("#side .t")
    expect(names.nth(1)).to_have_text("Part 5")
    person.locator("#side li", has_text="Part 7").hover()
    person.click("[aria-label='Pin Part 7']")
    expect(names.nth(2)).to_have_text("Part 7")
    person.locator("#side li", has_text="Part 7").locator("a").click()
    person.click("summary[aria-label='More for Part 7']")
    person.click("text=Unpin workflow")
    expect(names.nth(2)).to_have_text("Broken")


def test_a_filter_is_saved_from_the_list(person: Page) -> None:
    person.goto(LIST)
    person.click("summary:has-text('Saved filters')")
    person.click(".pop >> text=Bad nights")
    person.wait_for_url("**?query=is%3Afailure%20workflow%3Anightly.yml")
    person.fill("#q", "is:cancelled")
    person.press("#q", "Enter")
    person.wait_for_url("**?query=is%3Acancelled")
    person.click("summary:has-text('Saved filters')")
    person.click("text=Save this filter")
    expect(person.locator("#filter-name")).to_be_focused()
    person.evaluate(AXE.read_text())
    assert person.evaluate("async () => (await axe.run(document)).violations.map((one) => one.id)") == []
    person.fill("#filter-name", "bad NIGHTS")
    person.press("#filter-name", "Enter")
    expect(person.locator("dialog #errors")).to_be_focused()
    expect(person.locator("dialog #errors")).to_contain_text("already")
    person.fill("#filter-name", "Stopped")
    person.press("#filter-name", "Enter")
    expect(person.locator("dialog")).to_have_count(0)
    expect(person.locator("#q")).to_have_value("is:cancelled")
    person.click("summary:has-text('Saved filters')")
    expect(person.locator(".pop [aria-current=true]", has_text="Stopped")).to_be_visible()


def test_filters_without_scripts(plain: PlainPage) -> None:
    plain.goto(f"{LIST}?query=is:timed_out")
    plain.click("summary:has-text('Saved filters')")
    plain.click("text=Save this filter")
    assert plain.input_value("#filter-query") == "is:timed_out"
    plain.click("button:has-text('Save filter')")
    assert "Give the filter a name" in plain.inner_text("#errors")
    plain.fill("#filter-name", "Too slow")
    plain.click("button:has-text('Save filter')")
    assert plain.input_value("#q") == "is:timed_out"
    plain.click("summary:has-text('Saved filters')")
    plain.click("text=Manage filters")
    plain.click("button:has-text('Delete Too slow')")
    expect(plain.locator(".saved .name", has_text="Too slow")).to_have_count(0)
    expect(plain.locator(".saved .name", has_text="Bad nights")).to_have_count(1)
    plain.click("[aria-label='Pin Part 9']")
    assert plain.locator("#side .t").nth(2).inner_text() == "Part 9"
    plain.click("[aria-label='Unpin Part 9']")


def test_the_workflow_page_without_scripts(plain: PlainPage) -> None:
    plain.goto(NIGHTLY)
    about = plain.inner_text("#about")
    assert "push to main and release/**, if src/** changed; new branches and tags; by hand" in about
    assert "daily at 02:00 UTC (next in 5 h)" in about
    assert plain.locator("#about rect").count() == plain.locator("#about tbody tr").count() > 10
    plain.click("summary[aria-label='More for Nightly']")
    plain.click("text=Disable workflow")
    assert "This workflow is disabled" in plain.inner_text("main")
    assert plain.locator("#side li").last.inner_text().endswith("Nightly\ndisabled")
    plain.click("text=Enable workflow")
    expect(plain.locator("text=This workflow is disabled")).to_have_count(0)
    plain.click("summary[aria-label='More for Nightly']")
    plain.click(".pop >> text=Badge")
    plain.select_option("#branch", "short")
    plain.click("main button:has-text('Show')")
    assert "badge.svg?branch=short" in plain.input_value("#markdown")
    assert plain.evaluate("document.querySelector('img.badge').naturalWidth") > 50


def test_a_problem_is_as_wide_as_the_list(person: Page) -> None:
    person.goto(f"{LIST}/workflows/broken.yml")
    band, box = person.locator("#problem .banner").bounding_box(), person.locator("section.box").bounding_box()
    assert band is not None
    assert box is not None
    assert (band["x"], band["width"]) == (box["x"], box["width"])
    person.click("#problem a")
    person.wait_for_url("**/blob/main/.github/workflows/broken.yml#L6")


@pytest.mark.parametrize("address", [LIST, f"{LIST}?select=1", NIGHTLY, "/-/actions/mine", f"{LIST}/filters", "/"])
def test_every_menu_fits_the_narrowest_window(opened: Opened, address: str) -> None:
    page = opened(viewport={"width": 320, "height": 800}).new_page()
    page.goto(address)
    menus = page.locator("details.menu:visible")
    outside = []
    for number in range(min(menus.count(), 12)):
        menu = menus.nth(number)
        menu.locator("summary").click()
        box = menu.locator(".pop").bounding_box()
        assert box is not None
        if box["x"] < 0 or box["x"] + box["width"] > 320:
            outside.append((menu.locator("summary").inner_text() or number, box["x"], box["width"]))
        page.keyboard.press("Escape")
    assert outside == []


def test_the_whole_way_with_the_keyboard(person: Page) -> None:
    """Start a run, find it by a query, cancel it from its row, save the query, come back by the side."""
    keys = person.keyboard
    person.goto(NIGHTLY)
    keys.press("d")
    expect(person.locator("#ref")).to_be_focused()
    focus(person)
    person.locator("dialog button.primary").focus()
    focus(person)
    keys.press("Enter")
    run = _started(person)
    keys.press("g")
    keys.press("a")
    person.wait_for_url(f"**{LIST}")
    keys.press("/")
    keys.type("is:queued event:workflow_dispatch")
    focus(person)
    keys.press("Enter")
    person.wait_for_url("**?query=is*")
    keys.press("j")
    expect(person.locator(f"#run-{run} .name")).to_be_focused()
    focus(person)
    keys.press(".")
    assert focus(person) == "Cancel run"
    keys.press("Enter")
    expect(person.locator(f"#run-{run}")).to_have_count(0)
    person.locator("summary", has_text="Saved filters").focus()
    focus(person)
    keys.press("Enter")
    while focus(person) != "Save this filter":  # behind those that are saved
        keys.press("Tab")
    keys.press("Enter")
    expect(person.locator("#filter-name")).to_be_focused()
    keys.type("By hand and waiting")
    keys.press("Enter")
    expect(person.locator("dialog")).to_have_count(0)
    keys.press("g")
    keys.press("w")
    assert focus(person) == "All workflows"
    keys.press("Tab")
    assert focus(person) == "Part 5"
    keys.press("Tab")
    assert focus(person) == "Unpin Part 5"
    keys.press("?")
    expect(person.locator("dialog[open] h2")).to_have_text("Keyboard shortcuts")


def test_my_runs_and_tabs_are_live(person: Page, plain: PlainPage) -> None:
    person.goto("/-/actions/mine")
    expect(person.locator("#live-state")).to_have_text("Live")
    listed = person.context.new_page()
    listed.goto(NIGHTLY)
    expect(listed.locator("#live-state")).to_have_text("Live")
    plain.goto(f"{NIGHTLY}/dispatch")
    plain.click("main form button.primary")
    run = _started(plain)
    row = person.locator(f"#mine #run-{run}")
    expect(row.locator(".st .vh")).to_have_text("Queued")
    expect(listed).to_have_title("Queued: Nightly · Runs · octo/gadget")
    before = listed.locator("#favicon").get_attribute("href") or ""
    assert before.startswith("data:image/svg+xml,")  # a picture of its own
    person.locator("#mine .name").last.focus()  # the list stays as it is then, and each row goes on
    plain.click("text=Cancel run")
    expect(row.locator(".st .vh")).to_have_text("Cancelled")
    expect(person.locator("#mine .name").last).to_be_focused()
    expect(listed).to_have_title("Cancelled: Nightly · Runs · octo/gadget")


def test_the_picture_of_the_tab_has_the_colour_of_the_newest(person: Page, site: Site) -> None:
    pictures = []
    for query in ("is:failure", "is:success", "is:queued"):
        person.goto(f"{LIST}?query={query}")
        person.wait_for_function("document.getElementById('favicon').href.startsWith('data:')")
        pictures.append(person.locator("#favicon").get_attribute("href"))
    assert len(set(pictures)) == 3
    person.context.add_cookies([{"name": "colours", "value": "safe", "url": site.url}])
    person.goto(f"{LIST}?query=is:failure")
    person.wait_for_function("document.getElementById('favicon').href.startsWith('data:')")
    assert person.locator("#favicon").get_attribute("href") not in pictures
