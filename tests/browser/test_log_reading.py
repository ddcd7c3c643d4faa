"""A person reads a log: searches it, goes from error to error, marks and copies lines, sets how it looks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Opened, PlainPage, Site, fails, keep_nothing
from tests.browser.seed import BIG
from tests.browser.seeds.logs import LONG

ADDRESSES = ("https://good.example/", "https://example.org/a?b=1", "https://example.org/README.md:3")
SAY = "all => all.map((one) => [one.href, one.textContent, one.rel])"
HERE = ".vlog .ln.found"
CURRENT = "[...CSS.highlights.get('log-current')].join()"


@pytest.fixture
def copying(opened: Opened) -> BrowserContext:
    """A browser that may read what was copied."""
    context = opened(viewport={"width": 1360, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    return context


def _count(page: Page, text: str) -> None:
    expect(page.locator("#find-count")).to_have_text(text)


def _found(page: Page, step: int, line: int) -> None:
    """This line of this step is the one gone to, and on the screen."""
    here = page.locator(f"#s{step} {HERE}[data-n='{line}']")
    expect(here).to_be_in_viewport()
    expect(page.locator(HERE)).to_have_count(1)


def test_search_goes_through_the_whole_job(person: Page, site: Site) -> None:
    person.goto(site.job("log_run", "log_tricky"))
    person.wait_for_selector(".vlog .ln")
    person.keyboard.press("/")
    person.keyboard.type("needle")
    _count(person, "2 of 4")  # the first is in a step that is not open
    _found(person, 2, 9)
    assert person.evaluate("CSS.highlights.get('log-current').size") == 1
    assert person.evaluate("[...CSS.highlights.get('log-current')].join()") == "Needle"  # over two elements
    person.keyboard.press("Enter")
    _count(person, "3 of 4")
    person.keyboard.press("Shift+Enter")
    person.keyboard.press("Shift+Enter")
    _count(person, "1 of 4")
    _found(person, 1, 2)
    person.check("[aria-label='Match case']")
    _count(person, "1 of 3")
    person.check("[aria-label='Whole words']")
    person.click("[aria-label='Next hit']")
    _count(person, "2 of 3")
    person.uncheck("[aria-label='Match case']")
    person.check("[aria-label='Regular expression']")
    person.fill("#log-q", "^needles?")
    _count(person, "1 of 1")
    person.fill("#log-q", "(")
    expect(person.locator("#find-count")).to_contain_text("no regular expression")
    person.fill("#log-q", "nowhere")
    _count(person, "No line")
    person.keyboard.press("Escape")
    _count(person, "")
    assert person.evaluate("document.activeElement.className").startswith("log")


def test_a_hit_beyond_the_window_is_scrolled_to(person: Page, site: Site) -> None:
    """Its log may be on the screen in part, with the line in the other part."""
    person.set_viewport_size({"width": 1280, "height": 420})
    person.goto(site.job("log_run", "log_tricky") + "?q=needle")
    _count(person, "2 of 4")
    _found(person, 2, 9)
    person.focus("#log-q")
    person.keyboard.press("Shift+Enter")
    _found(person, 1, 2)
    below = "() => document.querySelector('#s2 .ln[data-n=\"9\"]').getBoundingClientRect().bottom - innerHeight"
    person.evaluate("scrollTo(0, 0)")
    assert person.evaluate(below) > 0
    person.keyboard.press("Enter")
    _count(person, "2 of 4")
    person.wait_for_function(f"{below} <= 0")


def test_search_in_a_long_log(person: Page, site: Site) -> None:
    person.goto(site.job("big", "loud") + "?q=line+87654")
    _count(person, "1 of 1")
    _found(person, 1, 87_654)
    assert person.evaluate(CURRENT) == "line 87654"
    expect(person.locator(".vlog .has")).to_have_count(1)
    person.fill("#log-q", "very long")
    _count(person, f"87,654 of {BIG - 1:,}")  # all are counted; from where one is
    _found(person, 1, 87_654)
    assert person.evaluate(CURRENT) == "very long"
    assert person.evaluate("CSS.highlights.get('log-hit').size") > 20  # on the other lines around it
    for key, number in (("Enter", 87_655), ("Shift+Enter", 87_654), ("Shift+Enter", 87_653)):
        person.keyboard.press(key)
        _count(person, f"{number:,} of {BIG - 1:,}")
        _found(person, 1, number)


def test_hits_beyond_the_ten_thousandth(person: Page, site: Site) -> None:
    """They are named ten thousand at a time; the way from one to the next knows no end but that of the log."""
    person.goto(site.job("big", "loud") + "#s1-L9999")
    person.wait_for_selector(".vlog .ln.hit")
    person.fill("#log-q", "VERY long")
    _count(person, f"9,999 of {BIG - 1:,}")
    for number in (10_000, 10_001, 10_002):
        person.keyboard.press("Enter")
        _found(person, 1, number)
        _count(person, f"{number:,} of {BIG - 1:,}")
    # Lines on the screen whose hits are named with others are marked alike.
    expect(person.locator(".vlog .ln:not(.has)")).to_have_count(0)
    person.keyboard.press("Shift+Enter")
    person.keyboard.press("Shift+Enter")
    _found(person, 1, 10_000)
    person.goto(site.job("big", "loud") + "?q=very+long#s1-L1")
    person.wait_for_selector(".vlog .ln.hit")
    _count(person, f"{BIG - 1:,} lines")
    person.click("[aria-label='Next hit']")
    _found(person, 1, 1)
    person.click("[aria-label='Hit before']")  # before the first comes the last
    _count(person, f"{BIG - 1:,} of {BIG - 1:,}")
    _found(person, 1, BIG - 1)
    assert person.evaluate(CURRENT) == "very long"


def test_a_search_that_fails_can_be_repeated(person: Page, site: Site) -> None:
    person.goto(site.job("log_run", "log_tricky"))
    person.wait_for_selector(".ticks .err")
    person.fill("#log-q", "needle")
    _count(person, "2 of 4")
    again = person.get_by_role("button", name="Retry")
    expect(again).to_be_hidden()
    person.route("**/log/search*", lambda route: route.abort())
    person.fill("#log-q", "needles")
    _count(person, "The log could not be searched: the server cannot be reached.")
    assert person.evaluate("CSS.highlights.get('log-current').size") == 1  # what was found before is still there
    person.unroute("**/log/search*")
    person.route("**/log/search*", fails)
    again.click()
    _count(person, "The log could not be searched: the server answered 500. Its administrator finds that as 5f00d.")
    person.unroute("**/log/search*")
    again.click()
    _count(person, "1 of 1")
    _found(person, 2, 10)
    expect(again).to_be_hidden()


def test_ctrl_f_is_the_log_s_only_when_the_focus_is_in_it(person: Page, site: Site) -> None:
    person.goto(site.job("log_run", "log_tricky"))
    person.wait_for_selector(".vlog .ln")
    person.evaluate("addEventListener('keydown', (event) => (window.taken = event.defaultPrevented))")
    for focus, taken in ((".side a", False), (".log", True), ("#log-q", False)):
        person.focus(focus)
        person.keyboard.press("Control+f")
        assert person.evaluate("window.taken") == taken
    assert person.evaluate("document.activeElement.id") == "log-q"


def test_from_error_to_error(person: Page, site: Site) -> None:
    person.goto(site.job("log_run", "log_tricky"))
    person.wait_for_selector(".ticks .err")
    expect(person.locator(".ticks .warn")).to_have_count(1)
    person.keyboard.press("e")
    _found(person, 2, 12)
    expect(person.locator("#say")).to_have_text("1 of 2, line 12: Warning: <b>mind</b> the needle")
    person.keyboard.press("e")
    _found(person, 2, 14)
    person.keyboard.press("e")
    _found(person, 2, 12)
    person.keyboard.press("E")
    _found(person, 2, 14)


def test_marked_lines_are_moved_and_copied(copying: BrowserContext, site: Site) -> None:
    page = copying.new_page()
    page.goto(site.job("log_run", "log_tricky") + "#s2-L9-L10")
    expect(page.locator("#marked b")).to_have_text("Lines 9 to 10")
    page.click("text=Copy text")
    expect(page.locator("#say")).to_have_text("Lines 9 to 10 copied")
    clipboard = "navigator.clipboard.readText()"
    assert page.evaluate(clipboard) == "red Needle in two colours\nneedles are not a needle\n"
    page.keyboard.press("J")
    expect(page.locator("#marked b")).to_have_text("Line 11")
    page.keyboard.press("K")
    assert page.url.endswith("#s2-L10")
    page.keyboard.press("y")
    expect(page.locator("#say")).to_have_text("Link copied")
    assert page.evaluate(clipboard) == page.url
    page.keyboard.press("l")
    expect(page.locator("#say")).to_contain_text("Error: Process completed with exit code 1.")
    page.click("summary[aria-label='How the log is shown']")
    page.click("text=Copy the log of this step")
    expect(page.locator("#say")).to_contain_text("copied")
    text = page.evaluate(clipboard)
    assert text.startswith("##[group]Fetch\n##[command]git fetch")
    assert "\x1b" not in text
    page.click("[aria-label='Clear the mark']")
    expect(page.locator("#marked")).to_be_hidden()
    assert "#" not in page.url


def test_how_the_log_looks(person: Page, site: Site) -> None:
    person.route("**/-/log-options", keep_nothing)
    person.goto(site.job("log_run", "log_tricky"))
    line = person.locator("#s2 [data-n='2']")
    expect(line).to_be_visible()
    person.click("summary[aria-label='How the log is shown']")
    person.check("input[name=times][value=since]")
    expect(line).to_have_attribute("data-t", "0.0s")
    person.check("input[name=times][value=time]")
    expect(line).to_have_attribute("data-t", "12:00:02")
    person.check("input[name=size][value=large]")
    expect(line).to_have_css("line-height", "24px")
    person.check("input[name=wrap]")
    expect(line).to_have_css("white-space-collapse", "preserve")
    long = person.locator("#s2 [data-n='13']")
    assert long.evaluate("(one) => getComputedStyle(one, '::after').top") == "0px"  # the time is beside its first row
    person.uncheck("input[name=commands]")
    expect(line).to_be_hidden()
    person.reload()
    expect(person.locator("#s2 .log.times.wrap.no-cmd.f-large .ln").first).to_be_visible()


def test_nothing_deceives(person: Page, plain: PlainPage, site: Site) -> None:
    """In log, step name, job name, annotation and summary alike."""
    address = site.job("log_run", "log_tricky")
    for page in (plain, person):
        page.goto(address)
        line = page.locator("#s2 [data-n='8']")
        expect(line).to_have_text("invoice_[U+202E]gnp.exe [U+2067]right[U+2069] [U+200F]mark")
        expect(page.locator("h1")).to_have_text("<i>deploy</i> [U+202E]gnp.exe")
        expect(page.locator("#s2 h2")).to_have_text("Run <i>deploy</i> [U+202E]gnp.exe")
        expect(page.locator("#s2 [data-n='3']")).to_have_text("100% fetched")
        links = page.locator("#s2 .ln a[rel]").evaluate_all(
            "all => all.map((one) => [one.href, one.textContent, one.rel])"
        )
        rel = "nofollow noopener noreferrer"
        assert links == [[href, href, rel] for href in ADDRESSES]
        expect(page.locator("#s2 .ln img, #s2 .ln i")).to_have_count(0)
        page.goto(site.run("log_run"))
        body = page.locator("main")
        expect(body).not_to_contain_text("\u202e")
        expect(page.locator("main a[href^='javascript']")).to_have_count(0)
        expect(page.locator("main script")).to_have_count(0)


def test_a_place_in_a_file_is_a_link_where_there_is_the_file(person: Page, plain: PlainPage, site: Site) -> None:
    address = site.job("log_run", "log_tricky") + "?step=2"
    drawn = []
    for page in (plain, person):
        page.goto(address)
        line = page.locator("#s2 [data-n='11']")
        expect(line.locator("a")).to_have_text(["./README.md:3", "https://example.org/README.md:3"])
        drawn.append(line.inner_html())
    assert drawn[0] == drawn[1]
    person.click("text=./README.md:3")
    expect(person).to_have_url(re.compile("/README.md#L3$"))
    expect(person.locator("main")).to_contain_text("README.md")


def test_a_long_line_is_shown_whole_when_asked_for(person: Page, site: Site) -> None:
    person.goto(site.job("log_run", "log_tricky"))
    line = person.locator("#s2 [data-n='13']")
    expect(line).to_contain_text("begin xxx")
    assert len(line.text_content() or "") < 5000
    person.click("text=show all 61 KB")
    expect(line).to_contain_text("x end")
    assert len(line.text_content() or "") == LONG + len("begin  end")


@pytest.mark.parametrize(
    ("job", "says", "look"),
    [
        ("log_queued", "all 1 with arm64 are busy|the one with arm64 is busy", "waiting"),
        ("log_stuck", "no runner online has the label riscv", "failure"),
    ],
)
def test_what_a_job_waits_for(plain: PlainPage, site: Site, job: str, says: str, look: str) -> None:
    plain.goto(site.job("log_line", job))
    text = plain.inner_text(f".banner.s-{look}")
    assert any(part in text for part in says.split("|"))
    assert ("Position 2" in text) == (job == "log_queued")
    assert "No step has started" in plain.inner_text("#steps")


@pytest.mark.parametrize(
    ("job", "says"),
    [
        ("log_skipped", "Skipped because its condition is false: github.ref == 'refs/heads/release'"),
        ("log_skipped", "This job was skipped"),
        ("log_cancelled", "Cancelled by rosa."),
        ("log_cancelled", "Cancelled before it started"),
        ("log_lost", "it was last heard from at 15 Jan 2026, 12:00:31 UTC"),
        ("log_gone", "This log has been deleted"),
        ("log_gone", "logs are kept here for 90 days after their run"),
        ("log_gone", "Its log has been deleted"),
        ("log_cut", "The log is longer than the server keeps"),
        ("log_quiet", "it printed nothing"),
    ],
)
def test_why_there_is_no_log(plain: PlainPage, site: Site, job: str, says: str) -> None:
    plain.goto(site.job("log_run", job))
    for step in plain.locator("[data-step]:not([open]) > summary").all():
        step.click()
    assert says in plain.inner_text("main")
    if job == "log_lost":
        expect(plain.locator(".banner.s-runner_lost")).to_have_count(1)


def test_from_job_to_job(plain: PlainPage, site: Site) -> None:
    plain.goto(site.job("log_run", "log_tricky"))
    expect(plain.get_by_label("Previous job")).to_have_count(0)
    plain.follow(plain.get_by_label("Next job"))
    plain.follow(plain.get_by_label("Previous job"))
    assert plain.url == site.job("log_run", "log_tricky")


def test_search_without_scripts(plain: PlainPage, site: Site) -> None:
    plain.goto(site.job("log_run", "log_tricky"))
    plain.fill("#log-q", "needle")
    plain.click("text=Search >> nth=-1")
    assert plain.inner_text("#hits") == "4 lines with “needle”"
    plain.click("text=Step 2, line 10")
    expect(plain.locator("#s2-L10")).to_be_in_viewport()
    assert plain.input_value("#log-q") == "needle"


def test_how_the_log_looks_goes_with_the_person(opened: Opened, site: Site) -> None:
    """From browser to browser for who is logged in; who is not keeps it to one."""
    address = site.job("log_run", "log_tricky")
    first, second, nobody = (opened(login).new_page() for login in ("bea", "bea", ""))
    first.goto(address)
    first.click("summary[aria-label='How the log is shown']")
    with first.expect_response("**/-/log-options") as kept:
        first.check("input[name=size][value=large]")
    assert kept.value.status == 303
    assert first.url == address
    second.goto(address)
    expect(second.locator("#s2 .log.f-large .ln").first).to_be_visible()
    sent: list[str] = []
    nobody.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    nobody.goto(address)
    nobody.click("summary[aria-label='How the log is shown']")
    nobody.check("input[name=size][value=small]")
    expect(nobody.locator("#s2 .log.f-small .ln").first).to_be_visible()
    nobody.reload()
    expect(nobody.locator("#s2 .log.f-small .ln").first).to_be_visible()
    assert sent == []


def test_times_are_in_the_zone_of_the_site_unless_chosen(opened: Opened, site: Site) -> None:
    page = opened(viewport={"width": 1360, "height": 900}, timezone_id="Asia/Tokyo").new_page()
    page.route("**/-/log-options", keep_nothing)
    line = page.locator("#s2 [data-n='2']")
    for zone, told in (("local", "21:00:02"), ("utc", "12:00:02")):
        page.goto(site.job("log_run", "log_tricky"))
        expect(line).to_be_visible()
        page.evaluate("(zone) => { document.documentElement.dataset.zone = zone }", zone)
        page.click("summary[aria-label='How the log is shown']")
        page.check("input[name=times][value=time]")
        page.check("input[name=zone][value=utc]")
        expect(line).to_have_attribute("data-t", "12:00:02")
        page.check("input[name=zone][value=site]")
        expect(line).to_have_attribute("data-t", told)
    page.check("input[name=zone][value=local]")
    expect(line).to_have_attribute("data-t", "21:00:02")
