"""The log viewer: bounded, exact, quick, and the same as without scripts."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Opened, PlainPage, Site, fails, keep_nothing
from tests.browser.seed import BIG

CASES = Path(__file__).parents[1] / "forge" / "web" / "ansi_cases.json"
LINES = ".vlog .ln"


def test_colours_are_those_of_the_server(person: Page, site: Site) -> None:
    person.goto("/")
    cases = json.loads(CASES.read_text())
    found = person.evaluate(
        """async (cases) => {
          const ansi = await import("/-/static/ansi.js");
          return cases.map((one) => {
            const [segments, end] = ansi.segments(one.text, ansi.apply(ansi.PLAIN, one.start || ""));
            return [segments, ansi.parameters(end)];
          });
        }""",
        cases,
    )
    for case, (segments, end) in zip(cases, found, strict=True):
        assert (segments, end) == (case["segments"], case["end"]), case["name"]


@pytest.mark.parametrize("width", [1360, 390])
@pytest.mark.parametrize(("run", "job", "line"), [("big", "loud", BIG), ("failed", "bad_job", 1306)])
def test_the_failing_line_is_there_at_once(
    opened: Opened, site: Site, width: int, run: str, job: str, line: int
) -> None:
    page = opened(viewport={"width": width, "height": 900}).new_page()
    page.goto(site.job(run, job))
    last = page.wait_for_selector(f'.vlog [data-n="{line}"]')
    assert last is not None
    assert last.text_content() == "Error: Process completed with exit code 1."
    box, log = last.bounding_box(), page.locator(".log").bounding_box()
    assert box is not None
    assert log is not None
    assert log["y"] <= box["y"] <= min(900, log["y"] + log["height"]) - 10


def test_a_long_log_stays_small(person: Page, site: Site) -> None:
    person.goto(site.job("big", "loud"))
    person.wait_for_selector(LINES)
    person.bring_to_front()  # frames are drawn for the page in front only
    chance = random.Random(7)
    count = person.evaluate(
        """async (places) => {
          const box = document.querySelector(".log");
          let most = 0;
          for (const place of places) {
            box.scrollTop = place * box.scrollHeight;
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            most = Math.max(most, box.querySelectorAll("*").length);
          }
          return most;
        }""",
        [chance.random() for _ in range(150)],
    )
    assert 0 < count <= 1000
    person.evaluate("document.querySelector('.log').scrollTop = 0")
    person.wait_for_selector('.vlog [data-n="1"]')


def test_scrolling_faster_than_pages_come(person: Page, site: Site) -> None:
    """What was passed on the way is drawn once at most: a drawing for each cluster that waited, each asking for more,
    doubled with every page until the browser gave up."""
    person.add_init_script(
        """const real = window.fetch;
        window.fetch = (...call) => new Promise((done) => setTimeout(() => done(real(...call)), 100));"""
    )
    person.goto(site.job("big", "loud"))
    person.wait_for_selector(LINES)
    person.bring_to_front()
    chance = random.Random(3)
    drawings = person.evaluate(
        """async (places) => {
          const box = document.querySelector(".log");
          let looks = 0;
          const height = Object.getOwnPropertyDescriptor(Element.prototype, "clientHeight");
          Object.defineProperty(box, "clientHeight", {get() { looks += 1; return height.get.call(box); }});
          for (const place of places) {
            box.scrollTop = place * box.scrollHeight;
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            if (looks > 10 * places.length) break;
          }
          box.scrollTop = 0;
          return looks;
        }""",
        [chance.random() for _ in range(150)],
    )
    assert 150 <= drawings <= 600
    person.wait_for_selector('.vlog [data-n="1"]')


@pytest.mark.parametrize("line", [1, 999, 1000, 1001, 87_654, BIG])
def test_a_link_to_a_line(opened: Opened, site: Site, line: int) -> None:
    page = opened(viewport={"width": 1360, "height": 900}).new_page()
    page.goto(f"{site.job('big', 'loud')}#s1-L{line}")
    found = page.wait_for_selector(f'.vlog .ln.hit[data-n="{line}"]')
    assert found is not None
    box, log = found.bounding_box(), page.locator(".log").bounding_box()
    assert box is not None
    assert log is not None
    assert log["y"] <= box["y"] <= log["y"] + log["height"]
    if 100 < line < BIG - 100:
        assert abs(box["y"] - (log["y"] + log["height"] / 2)) < 40


def test_a_click_on_a_number_makes_a_link(person: Page, site: Site) -> None:
    person.goto(site.job("failed", "bad_job"))
    line = person.wait_for_selector('.vlog [data-n="1303"]')
    assert line is not None
    line.click(position={"x": 30, "y": 5})
    assert person.url.endswith("#s3-L1303")
    person.locator('.vlog [data-n="1305"]').click(position={"x": 30, "y": 5}, modifiers=["Shift"])
    assert person.url.endswith("#s3-L1303-L1305")
    expect(person.locator(".ln.hit")).to_have_count(3)


def test_commands_stand_below_the_title_of_their_group(person: Page, site: Site) -> None:
    person.goto(site.job("log_run", "log_tricky") + "#s2-L2")
    left = "(line) => parseFloat(getComputedStyle(line).paddingLeft)"
    title, command, other, after = (
        person.locator(f"#s2 .vlog [data-n='{number}']").evaluate(left) for number in (1, 2, 3, 5)
    )
    assert command == other > after == title


def test_groups_fold(person: Page, site: Site) -> None:
    person.goto(site.job("failed", "bad_job") + "#s3-L1")
    person.wait_for_selector('.vlog [data-n="2"]')
    person.click(".ln.group button")
    person.wait_for_selector('.vlog [data-n="2"]', state="detached")
    expect(person.locator('.vlog [data-n="4"]')).to_have_count(1)
    person.click(".ln.group button")
    person.wait_for_selector('.vlog [data-n="2"]')


def test_both_ways_draw_the_same(person: Page, plain: PlainPage, site: Site) -> None:
    address = site.job("failed", "bad_job") + "?step=3&page=2"
    plain.goto(address)
    served = plain.locator('[id^="s3-L13"]').evaluate_all("all => all.map((one) => [one.className, one.innerHTML])")
    person.goto(address)
    person.wait_for_selector('.vlog [data-n="1306"]')
    drawn = person.locator('.vlog [data-n^="13"]').evaluate_all(
        "all => all.map((one) => [one.className, one.innerHTML])"
    )
    assert drawn[-7:] == served[-7:]


def test_timestamps_are_remembered(person: Page, site: Site) -> None:
    person.route("**/-/log-options", keep_nothing)
    person.goto(site.job("failed", "bad_job"))
    person.wait_for_selector(LINES)
    person.click("summary[aria-label='How the log is shown']")
    person.check("input[name=times][value=time]")
    expect(person.locator(".log.times")).to_have_count(1)
    person.reload()
    person.wait_for_selector(".log.times .ln")


def test_a_log_that_cannot_be_read_says_so(person: Page, site: Site) -> None:
    person.route("**/log/lines*", fails)
    person.goto(site.job("failed", "bad_job"))
    said = person.locator(".failed")
    expect(said).to_contain_text(
        "The log could not be read: the server answered 500. Its administrator finds that as 5f00d."
    )
    expect(person.locator("#s3-L1306")).to_be_visible()  # the lines that came with the page stay
    person.unroute("**/log/lines*")
    person.click(".failed button")
    person.wait_for_selector('.vlog [data-n="1306"]')  # where it would have begun
    expect(said).to_be_hidden()
    expect(person.locator("#s3-L1306")).to_have_count(0)


def test_lines_that_are_slow_to_come(person: Page, site: Site) -> None:
    """Nothing is ever blank: what came with the page stays, else bars stand where lines will be."""
    gate = _Gate()
    person.route("**/log/lines*", gate.meet)
    person.goto(site.job("failed", "bad_job"), wait_until="commit")
    expect(person.locator(".logframe #s3-L1306")).to_be_visible()
    person.locator("#s2 > summary").click()
    expect(person.locator("#s2 .reading")).to_be_visible()
    expect(person.locator("#s2 .reading")).to_have_text("Reading the log…")
    expect(person.get_by_role("region", name="Log of Run tests")).to_have_count(1)
    gate.open()
    person.wait_for_selector('.vlog [data-n="1306"]')
    person.wait_for_selector("#s2 .vlog >> text=done")
    expect(person.locator(".reading, #s3-L1306")).to_have_count(0)
    expect(person.get_by_role("region", name="Log of Run tests")).to_have_count(1)
    person.goto(site.job("big", "loud"))
    person.wait_for_selector(LINES)
    gate.shut()
    person.evaluate("document.querySelector('.log').scrollTop = 0")
    bars = "() => getComputedStyle(document.querySelector('.vlog')).backgroundImage.includes('gradient')"
    person.wait_for_function(bars)
    gate.open()
    person.wait_for_selector('.vlog [data-n="1"]')
    person.wait_for_function(f"() => !({bars})()")


class _Gate:
    """Requests wait before it until it is open."""

    def __init__(self) -> None:
        self._is_open = False
        self._waiting: list[Route] = []

    def meet(self, route: Route) -> None:
        if self._is_open:
            route.continue_()
        else:
            self._waiting.append(route)

    def open(self) -> None:
        self._is_open = True
        while self._waiting:
            self._waiting.pop().continue_()

    def shut(self) -> None:
        self._is_open = False


def test_a_linked_line_comes_after_a_failure(person: Page, site: Site) -> None:
    person.route("**/log/lines*", lambda route: route.abort())
    person.goto(site.job("big", "loud") + "#s1-L87654")
    expect(person.locator(".failed")).to_contain_text("The log could not be read: the server cannot be reached.")
    person.unroute("**/log/lines*")
    person.click(".failed button")
    expect(person.locator('.vlog .ln.hit[data-n="87654"]')).to_be_in_viewport()


def test_pages_that_do_not_come_leave_what_is_there(person: Page, site: Site) -> None:
    """What was shown stays; what is missing is named, not asked for again without end, and comes when it is retried."""
    person.goto(site.job("big", "loud") + "#s1-L5500")
    shown = person.locator('.vlog [data-n="5500"]')
    expect(shown).to_be_in_viewport()
    asked: list[str] = []

    def cut(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    person.route("**/log/lines*", cut)
    person.evaluate("document.querySelector('.log').scrollTop += 60 * 20 * 30")
    said = person.locator(".failed")
    expect(said).to_contain_text("could not be read: the server cannot be reached.")
    expect(said).to_contain_text("Lines 7,001 to 8,000")
    expect(said.locator("button")).to_be_in_viewport()
    for place in range(30):  # scrolling about does not ask the server again and again
        person.evaluate("(by) => { document.querySelector('.log').scrollTop += by }", 100 if place % 2 else -100)
    assert len(asked) == len(set(asked)) <= 4
    person.evaluate("document.querySelector('.log').scrollTop -= 60 * 20 * 30")
    expect(shown).to_be_in_viewport()
    person.evaluate("document.querySelector('.log').scrollTop += 60 * 20 * 30")
    person.unroute("**/log/lines*")
    person.click(".failed button")
    expect(said).to_be_hidden()
    expect(person.locator('.vlog [data-n="7300"]')).to_have_count(1)


def test_a_short_log_is_printed_whole(person: Page, site: Site) -> None:
    person.goto(site.job("failed", "bad_job"))
    person.wait_for_selector(LINES)
    _print(person)
    person.emulate_media(media="print")
    lines = person.locator("#s3 .ln").evaluate_all("all => all.map((one) => [Number(one.dataset.n), one.offsetTop])")
    assert [number for number, _ in lines] == [number for number in range(1, 1307) if number != 3]  # which ends a group
    assert person.locator("#s3 .paper").count() == 0
    height = person.evaluate(
        "[document.querySelector('#s3 .log').clientHeight, document.querySelector('#s3 .vlog').scrollHeight]"
    )
    assert height[0] >= height[1] > 1305 * 18  # nothing is cut off, nothing stands on another
    person.emulate_media(media="screen")
    person.evaluate("dispatchEvent(new Event('afterprint'))")
    assert person.locator("#s3 .ln").count() < 300


def test_paper_is_light_and_has_no_buttons(opened: Opened, site: Site) -> None:
    page = opened(viewport={"width": 1360, "height": 900}, color_scheme="dark").new_page()
    for address in (site.run("failed"), site.job("failed", "bad_job")):
        page.goto(address)
        page.emulate_media(media="print")
        expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
        expect(page.locator("main .btn:visible")).to_have_count(0)
        page.emulate_media(media="screen")


def test_a_long_log_on_paper_says_where_the_rest_is(person: Page, site: Site) -> None:
    person.goto(site.job("big", "loud") + "#s1-L87654")
    person.wait_for_selector(".vlog .ln.hit")
    note = person.locator("#s1 .paper")
    # By the browser's menu: only what has been fetched can be drawn at once.
    person.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert _ends(note.text_content())[0] <= 87_001
    assert person.locator(LINES).count() == _ends(note.text_content())[1] - _ends(note.text_content())[0] + 1
    person.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(note).to_have_count(0)
    _print(person)
    first, last = _ends(note.text_content())
    assert 10_000 <= last - first + 1 < 12_000  # whole pages of lines
    assert person.locator(LINES).count() == last - first + 1
    assert first < 87_654 < last
    assert f"of {BIG:,}. All of them: {site.job('big', 'loud')}/log?step=1" in (note.text_content() or "")
    expect(note).to_be_hidden()
    person.emulate_media(media="print")
    expect(note).to_be_visible()


def _print(page: Page) -> None:
    """Ctrl+P, as far as a page sees of it."""
    page.evaluate("""() => {
      window.print = () => {
        dispatchEvent(new Event("beforeprint"));
        window.printed = true;
      };
    }""")
    page.keyboard.press("Control+p")
    page.wait_for_function("() => window.printed")


def _ends(note: str | None) -> tuple[int, int]:
    """First and last line that a note on paper names."""
    found = re.match(r"Lines ([\d,]+) to ([\d,]+) of", note or "")
    assert found is not None, note
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))
