"""A run that really runs, watched: lines and states come by themselves, a cut loses nothing."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened
from tests.browser.test_hostile import DECEIT
from tests.services.stack import Project, Stack

#: The step speaks when it finds a file, so that the test says when.
WORKFLOW = """\
name: Watch
on: push
env:
  MARKUP: <img src=x onerror=alert(1)>
  TURN: '\\342\\200\\256gnp'
jobs:
  talk:
    runs-on: ubuntu-latest
    steps:
      - name: Speak
        run: |
          for n in $(seq 1 300); do echo "early $n"; done
          until test -e {folder}/one; do sleep 0.1; done
          for n in $(seq 1 1200); do echo "middle $n"; done
          printf "\\033[31mred\\033]8;;https://evil.example/\\007here\\033]8;;\\007 $MARKUP $TURN\\n"
          until test -e {folder}/two; do sleep 0.1; done
          for n in $(seq 1 {late}); do echo "late $n"; sleep 0.01; done
          until test -e {folder}/three; do sleep 0.1; done
          echo "the end"
      - name: "Afterwards <img src=x onerror=alert(1)> \\u202egnp"
        run: |
          echo afterwards
          echo '::error title=<b>Bold</b>,file=<i>.py,line=1::<img src=x onerror=alert(1)>'
          printf "# $MARKUP\\n\\n[x](javascript:alert(1)) $TURN\\n" >> "$GITHUB_STEP_SUMMARY"
"""
#: The line with every trick, as it is drawn.
TAMED = "redhere <img src=x onerror=alert(1)> [U+202E]gnp"
MARK = re.compile(r"^##\[(?:group|command|section)\]")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A public repository on a Forge with a host runner."""
    with Stack(tmp_path / "stack") as stack:
        stack.runner()
        yield stack.repository({})


@pytest.fixture
def watcher(visited: Opened) -> Page:
    """A browser that nobody is logged in with."""
    return visited(viewport={"width": 1360, "height": 900}).new_page()


def _watch(page: Page, project: Project, folder: Path, late: int = 1) -> str:
    """Push, and go to the job's page by way of list and run; its address."""
    folder.mkdir()
    folder.chmod(0o777)
    sha = project.push({".github/workflows/watch.yml": WORKFLOW.format(folder=folder, late=late)}, message="Watch this")
    run = project.run(sha)
    page.goto(run["html_url"])
    page.locator("#side a").first.click()
    page.wait_for_selector(".vlog [data-n='301']", timeout=60_000)
    return page.url


def _step(page: Page) -> str:
    """The number of the step that is being watched."""
    return page.locator("[data-step][open]").first.get_attribute("data-step") or ""


def test_a_job_is_watched_to_its_end(watcher: Page, project: Project, tmp_path: Path) -> None:
    _watch(watcher, project, tmp_path / "signs")
    assert watcher.locator("#jobmeta").inner_text().startswith("In progress")
    (tmp_path / "signs/one").touch()
    last = watcher.get_by_text("middle 1200", exact=True)
    last.wait_for(timeout=30_000)
    assert last.is_visible()  # it follows
    expect(watcher.get_by_text(TAMED, exact=True)).to_be_visible()
    watcher.locator(".log").first.hover()
    watcher.mouse.wheel(0, -3000)
    watcher.wait_for_selector("#follow[aria-pressed=false]")
    place = watcher.evaluate("document.querySelector('.log').scrollTop")
    watcher.fill("#log-q", "the end")
    expect(watcher.locator("#find-count")).to_have_text("1 of 1")  # of the command that says it
    watcher.goto(f"{watcher.url.split('#')[0]}#s{_step(watcher)}-L300")
    watcher.wait_for_selector(".ln.hit[data-n='300']")
    place = watcher.evaluate("document.querySelector('.log').scrollTop")
    (tmp_path / "signs/two").touch()
    (tmp_path / "signs/three").touch()
    watcher.wait_for_selector("#jobmeta:has-text('Success')", timeout=60_000)
    assert watcher.evaluate("document.querySelector('.log').scrollTop") == place
    assert watcher.title().startswith("Success")
    expect(watcher.locator(".ln.hit[data-n='300']")).to_be_in_viewport()
    expect(watcher.locator("#find-count")).to_have_text("1 of 2")  # what has come since is found too
    watcher.locator("summary", has_text="Afterwards").click()
    watcher.get_by_text("afterwards", exact=True).wait_for()
    assert watcher.locator("#live-state").is_hidden()
    assert watcher.evaluate(DECEIT) == []
    watcher.locator(".side a", has_text="Summary").click()
    expect(watcher.locator("#annotations")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(watcher.locator("#summaries")).to_contain_text("[U+202E]gnp")
    assert watcher.evaluate(DECEIT) == []


def test_who_comes_late_reads_in_peace(watcher: Page, project: Project, tmp_path: Path) -> None:
    """Every line from before is there; and while more comes, nothing moves and what was selected stays so."""
    address = _watch(watcher, project, tmp_path / "signs", late=300).split("#")[0]
    number = _step(watcher)
    (tmp_path / "signs/one").touch()
    watcher.get_by_text("middle 1200", exact=True).wait_for(timeout=30_000)
    late = watcher.context.new_page()
    late.goto(address)
    late.get_by_text("middle 1200", exact=True).wait_for(timeout=30_000)
    _same(_drawn(late), _stored(late, address, number))
    late.goto(f"{address}#s{number}-L690")
    line = late.locator(".ln.hit[data-n='690']")
    expect(line).to_be_in_viewport()
    selected = late.evaluate(
        """() => {
          const line = document.querySelector(".ln.hit");
          const [before, behind] = [line.previousSibling, line.nextSibling];
          getSelection().setBaseAndExtent(before, 0, behind, behind.childNodes.length);
          const box = document.querySelector(".log");
          window.places = new Set();
          const look = () => {
            window.places.add([box.scrollTop, line.getBoundingClientRect().top, window.scrollY].join());
            requestAnimationFrame(look);
          };
          look();
          return String(getSelection());
        }"""
    )
    assert len(selected.splitlines()) == 3
    (tmp_path / "signs/two").touch()
    late.wait_for_selector("text=/Jump to latest \\(3\\d\\d new\\)/", timeout=60_000)
    assert late.evaluate("[...window.places].length") == 1
    assert late.evaluate("String(getSelection())") == selected
    (tmp_path / "signs/three").touch()
    late.wait_for_selector("#jobmeta:has-text('Success')", timeout=60_000)
    assert late.evaluate("[...window.places].length") == 1
    assert late.evaluate("String(getSelection())") == selected
    expect(line).to_be_in_viewport()


def test_a_cut_stream_loses_nothing(watcher: Page, project: Project, tmp_path: Path) -> None:
    """Twenty cuts while lines come, by the person and by the network: what is drawn is what is stored, line by line."""
    address = _watch(watcher, project, tmp_path / "signs", late=600).split("#")[0]
    number = _step(watcher)
    watcher.context.set_offline(True)
    (tmp_path / "signs/one").touch()
    (tmp_path / "signs/two").touch()
    watcher.context.set_offline(False)
    chance = random.Random(12)
    live = watcher.get_by_role("button", name="Live updates are on")
    for count in sorted(chance.sample(range(10, 560), 20)):
        live.wait_for(timeout=30_000)
        watcher.wait_for_function(
            _COME,
            arg=count,
            timeout=60_000,
        )
        if chance.random() < 0.5:
            watcher.click("#live-state")
            watcher.click("#live-state")
        else:
            watcher.context.set_offline(True)
            watcher.context.set_offline(False)
    (tmp_path / "signs/three").touch()
    watcher.wait_for_selector("#jobmeta:has-text('Success')", timeout=60_000)
    # The state may be told before the last lines are.
    bottom = "(box) => { box.scrollTop = box.scrollHeight; return box.innerText.includes('the end'); }"
    watcher.wait_for_function(f"() => ({bottom})(document.querySelector('.log'))", timeout=30_000)
    stored = _stored(watcher, address, number)
    assert len(stored) > 2100
    _same(_drawn(watcher), stored)


#: True when a line "late N" is drawn whose number is so high.
_COME = """(count) => {
  const number = (line) => Number((/^late (\\d+)$/.exec(line.textContent) || [])[1]);
  return [...document.querySelectorAll(".vlog .ln")].some((line) => number(line) >= count);
}"""


def _stored(page: Page, address: str, step: str) -> list[tuple[int, str]]:
    """The lines of a step that the server keeps, as they would be drawn, with their numbers."""
    text = page.request.get(f"{address}/log?step={step}&ansi=0&times=0").text()
    lines = enumerate(text.removesuffix("\n").split("\n"), 1)
    return [(number, MARK.sub("", line)) for number, line in lines if not line.startswith("##[endgroup]")]


def _drawn(page: Page) -> list[tuple[int, str]]:
    """The lines that a person sees who scrolls through all of a log."""
    page.bring_to_front()  # frames are drawn for the page in front only
    found = page.evaluate(
        """async () => {
          const box = document.querySelector(".log");
          const found = new Map();
          const bottom = (element) => element.getBoundingClientRect().bottom;
          const covered = () => {  // a page may have to be fetched
            const lines = [...box.querySelectorAll(".ln")].map(bottom);
            return Math.max(...lines) >= Math.min(bottom(box), bottom(box.querySelector(".vlog"))) - 25;
          };
          for (let place = 0; place <= box.scrollHeight; place += 400) {
            box.scrollTop = place;
            for (let frame = 0; frame < 2 || (frame < 600 && !covered()); frame += 1) {
              await new Promise((done) => requestAnimationFrame(done));
            }
            for (const line of box.querySelectorAll(".ln")) {
              const text = line.querySelector("button") ? line.textContent.replace("›", "") : line.textContent;
              found.set(Number(line.dataset.n), text);
            }
          }
          return [...found].sort((a, b) => a[0] - b[0]);
        }"""
    )
    return [(number, text) for number, text in found]


def _same(drawn: list[tuple[int, str]], stored: list[tuple[int, str]]) -> None:
    """Fails with the first line that is another."""
    assert next(((one, other) for one, other in zip(drawn, stored, strict=False) if one != other), None) is None
    assert len(drawn) == len(stored)
