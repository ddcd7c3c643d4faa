"""The page of a run: its views, its questions, its shortcuts, and what it leaves behind; with scripts and without."""

from __future__ import annotations

import gzip
import io
import re
import zipfile

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened, PlainPage, Site, focus

ELEMENTS = "document.querySelectorAll('*').length"


def test_three_views_of_256_jobs(person: Page, site: Site) -> None:
    answer = person.goto(site.run("wide"))
    assert answer is not None
    assert len(gzip.compress(answer.body())) <= 80_000
    assert person.evaluate(ELEMENTS) <= 2000
    node = person.locator(".dag a", has_text="test × 253")
    assert "2 failed" in (node.text_content() or "")
    expect(person.locator(".dag path.e")).to_have_count(2)  # build → test → publish; what says no more is left out
    person.keyboard.press("2")
    person.wait_for_selector("svg.time")
    expect(person).to_have_url(re.compile(r"\?view=timeline$"))
    assert person.evaluate("document.activeElement.dataset.view") == "timeline"
    expect(person.locator("svg.time a[class]")).to_have_count(256)
    expect(person.locator("svg.time [aria-expanded]")).to_have_count(1)  # of so many, only what failed can be opened
    assert person.locator("svg.time text.critical").all_text_contents() == ["build", "test (252, linux)"]
    assert person.evaluate(ELEMENTS) <= 2000
    person.keyboard.press("3")
    person.wait_for_selector("#joblist")
    expect(person.locator("#joblist li")).to_have_count(256)
    assert person.locator("#joblist li").first.inner_text().startswith("test (7, linux)")
    assert person.evaluate(ELEMENTS) <= 2000
    person.keyboard.press("/")
    person.keyboard.type("failed")
    expect(person.locator("#joblist li:visible")).to_have_count(2)
    person.goto(site.run("failed"))  # what was looked at last comes again
    expect(person.locator('[data-view="list"][aria-current]')).to_have_count(1)
    person.goto(site.run("wide") + "?view=graph")
    node.click()
    assert "test (7, linux)" in person.inner_text("h1")


@pytest.mark.parametrize("name", ["failed", "again", "reuse", "timed", "deploy", "held", "early", "startup", "wide"])
def test_every_action_is_in_reach_at_320_pixels(opened: Opened, site: Site, name: str) -> None:
    page = opened(viewport={"width": 320, "height": 700}).new_page()
    page.goto(site.run(name))
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    for one in page.locator("main button:visible, main a.btn:visible, main summary:visible").all():
        box = one.bounding_box()
        assert box is not None
        assert box["x"] >= 0, one.text_content()
        assert box["x"] + box["width"] <= 320, one.text_content()


#: Pages that everybody may read, and what only those who may write are offered.
READ = (
    *("/octo/widget/actions", "/octo/gadget/actions/workflows/nightly.yml", "/octo/widget/actions/workflows/fuzz.yml"),
    *("/octo/widget/actions/runs/{failed}", "/octo/widget/actions/runs/{failed}/job/{bad_job}"),
    *("/octo/widget/actions/runs/{again}", "/octo/widget/tree/main", "/rosa/words/blob/main/README.md"),
)
WRITE = r"Run workflow|Re-run|Cancel|Delete|Enable|Disable|Approve|Run again|Select|Add a file|Edit|Pin|Save"


def test_who_may_only_read_sees_all_and_does_nothing(opened: Opened, site: Site) -> None:
    page = opened("").new_page()
    for name in ("failed", "timed", "held", "deploy"):
        page.goto(site.run(name))
        assert page.locator("main button:visible:not(#live-state)").count() == 0, name
    for address in READ:
        page.goto(address.format(**site.ids))
        for menu in page.locator("main details.menu > summary:visible").all():
            menu.click()
            said = " ".join(page.locator("main button:visible, main a:visible").all_text_contents())
            assert re.search(WRITE, said) is None, (address, said)
            page.keyboard.press("Escape")
    for address in ("/octo/widget/settings", "/rosa/words/settings/runners", "/-/admin/runners"):
        answer = page.goto(address)
        assert answer is not None
        assert answer.status in (403, 404), address
    page.goto(site.run("held"))
    assert "You may not write here, so that you cannot approve it" in page.inner_text("#banners")
    page.goto(site.run("deploy") + "/deployments")
    assert "You are none of its reviewers" in page.inner_text("main")
    answer = page.goto(f"{site.url}/rosa/hidden/actions/runs/{site.ids['failed']}")
    assert answer is not None
    assert answer.status == 404


def test_a_run_of_which_nothing_is_known_yet(plain: PlainPage, site: Site) -> None:
    plain.goto(site.run("early"))
    assert "No job has been queued yet" in plain.inner_text("#jobs")
    assert "None yet" in plain.inner_text("#side")
    plain.goto(site.run("early") + "?view=timeline")
    assert "No job has been queued yet" in plain.inner_text("#jobs")


def test_phones_have_the_list(opened: Opened, site: Site) -> None:
    page = opened(viewport={"width": 390, "height": 800}).new_page()
    page.goto(site.run("failed"))
    assert page.locator("#joblist").is_visible()
    assert page.locator(".dag").is_hidden()
    page.click("[data-view=graph]")
    page.wait_for_selector(".dag:visible")


def test_views_and_filters_without_scripts(plain: PlainPage, site: Site) -> None:
    plain.goto(site.run("wide"))
    plain.click("text=List")
    plain.fill("#jobs-filter", "test 10")
    plain.press("#jobs-filter", "Enter")
    expect(plain.locator("#joblist li")).to_have_count(13)  # 10, and 100 to 109, 110 …: every word stands in the name
    plain.fill("#side-filter", "no such job")
    plain.press("#side-filter", "Enter")
    assert "No job matches no such job" in plain.inner_text("#jobs")
    plain.click("text=Show all jobs")
    plain.click("#side >> text=more")
    expect(plain.locator("#joblist li")).to_have_count(253)


def test_steps_are_opened_in_the_timeline(person: Page, plain: PlainPage, site: Site) -> None:
    for page in (person, plain):
        page.goto(site.run("reuse") + "?view=timeline")
        expect(page.locator("svg.time .step")).to_have_count(0)
        page.click("[aria-label='Steps of lint']")
        expect(page.locator("svg.time .step")).to_have_count(3)
        assert page.url.split("#")[0].endswith(f"?view=timeline&open={site.ids['reuse_lint']}")
    assert person.evaluate("document.activeElement.getAttribute('aria-label')") == "Steps of lint"
    person.keyboard.press("Enter")
    expect(person.locator("svg.time .step")).to_have_count(0)
    plain.click("[aria-label='Steps of lint']")
    expect(plain.locator("svg.time .step")).to_have_count(0)


def test_a_matrix_in_a_box_lists_its_legs(person: Page, plain: PlainPage, site: Site) -> None:
    for page in (person, plain):
        page.goto(site.run("reuse") + "?view=graph")
        expect(page.locator(".dag .called")).to_have_count(1)
        assert page.locator(".dag > svg > text").all_text_contents() == ["ship"]
        page.click("[aria-label='Jobs of test']")
        expect(page.locator(".dag .leg")).to_have_count(3)
        assert "test (3.12)" in (page.locator(".dag .leg").first.text_content() or "")  # the one that failed
        expect(page.locator("[aria-label='Jobs of test']")).to_have_attribute("aria-expanded", "true")
    person.locator(".dag .leg").nth(1).click()
    assert "ship / test (3.11)" in person.inner_text("h1")


def test_what_a_run_used(person: Page, plain: PlainPage, site: Site) -> None:
    person.goto(site.run("again"))
    person.click(".side >> text=Usage")
    person.wait_for_url("**/usage")
    expect(person.locator(".side [aria-current]")).to_have_text("Usage")
    expect(person.locator("#used tbody").nth(1).locator("tr")).to_have_count(3)
    person.click("summary:has-text('Attempt 2')")
    person.click(".pop >> text=Attempt 1")
    person.wait_for_url("**/attempts/1/usage")
    expect(person.locator("#used tbody").nth(1).locator("tr")).to_have_count(2)
    plain.goto(site.run("early") + "/usage")
    assert "No job has finished" in plain.inner_text("main")


def test_annotations_are_all_there(plain: PlainPage, site: Site) -> None:
    plain.goto(site.run("wide"))
    box = plain.locator("#annotations")
    assert "136 errors, 6 warnings · 142 in total" in box.inner_text()
    assert box.locator("h3").all_inner_texts() == ["src/a.py", "src/b.py"]
    assert "and 5 more like it" in box.locator("li").first.inner_text()
    expect(box.locator("li")).to_have_count(50)
    plain.click("nav[aria-label=Annotations] >> text=More")
    plain.click("nav[aria-label=Annotations] >> text=More")
    assert "An old image" in plain.inner_text("#annotations")
    plain.goto(site.run("wide"))
    plain.follow(plain.locator("#annotations li").first.locator("a", has_text="step 2"))
    assert plain.url.endswith("?step=2&page=1#s2-L3")
    assert plain.inner_text("#s2-L3") == "E  assert 1 == 2"


def test_keys_ask_before_they_act(person: Page, site: Site) -> None:
    person.goto(site.run("wide"))
    person.keyboard.press("n")
    assert person.evaluate("document.activeElement.textContent") == "Open the log"
    person.keyboard.press("x")
    expect(person.locator("#say")).to_have_text("Nothing to cancel")
    person.keyboard.press("r")
    assert person.locator("dialog h2").inner_text() == "Re-run failed jobs?"
    assert person.evaluate("document.activeElement.textContent") == "Re-run failed jobs"
    person.keyboard.press("Escape")
    expect(person.locator("dialog")).to_have_count(0)
    expect(person.locator("summary:has-text('Attempt 2')")).to_have_count(0)


def test_from_a_failure_to_a_review_with_keys_alone(opened: Opened, site: Site) -> None:
    """Find the failed run, go to its log, search it, copy a line's link, run it again; approve another. Wherever the
    focus is, it can be seen."""
    context = opened(viewport={"width": 1360, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    keys, run = page.keyboard, f"{site.url}/rosa/keys/actions/runs/{site.ids['keys']}"
    page.goto("/rosa/keys/actions")
    keys.press("/")
    assert focus(page) == "q"
    keys.type("is:failure with keys")
    keys.press("Enter")
    page.wait_for_url("**query=is*")
    keys.press("j")
    assert focus(page) == "With keys"
    keys.press("Enter")
    page.wait_for_url(run)
    keys.press("n")
    assert focus(page) == "Open the log"
    keys.press("Enter")
    page.wait_for_url("**/job/**")
    page.wait_for_selector(".vlog .ln")
    keys.press("/")
    assert focus(page) == "log-q"
    keys.type("wrong here")
    expect(page.locator("#find-count")).to_have_text("1 of 1")
    keys.press("Escape")  # back to the log
    focus(page)
    keys.press("J")
    expect(page.locator("#marked b")).to_have_text(re.compile(r"Line \d"))
    keys.press("y")
    expect(page.locator("#say")).to_have_text("Link copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    keys.press("u")
    page.wait_for_url(run)
    keys.press("r")
    assert focus(page) == "Re-run failed jobs"
    keys.press("Enter")
    expect(page.locator("summary:has-text('Attempt 2')")).to_have_count(1)
    page.goto(site.run("deploy_keys"))
    _tab_to(page, "Review deployments")
    keys.press("Enter")
    page.locator("dialog[open]").wait_for()
    _tab_to(page, "Approve and deploy")
    keys.press("Enter")
    expect(page.locator("#banners")).not_to_contain_text("environment production")


def _tab_to(page: Page, text: str) -> None:
    """By the tabulator alone; each place on the way shows that it has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement !== document.body") and focus(page) == text:
            return
    raise AssertionError(f"no way of the keyboard leads to {text}")


def test_keys_of_a_run_that_goes_on(person: Page, site: Site) -> None:
    person.goto(site.run("timed"))
    person.keyboard.press("r")
    expect(person.locator("#say")).to_have_text("No job to run again")
    person.keyboard.press("n")
    expect(person.locator("#say")).to_have_text("Nothing failed")
    person.keyboard.press("x")
    assert person.locator("dialog h2").inner_text() == "Cancel run?"
    person.keyboard.press("Escape")
    expect(person.locator("#pill")).to_contain_text("Waiting")
    person.goto(site.run("reuse"))
    for key, name in (("2", "timeline"), ("3", "list"), ("1", "graph")):
        person.keyboard.press(key)
        expect(person.locator(f'[data-view="{name}"][aria-current]')).to_have_count(1)
    person.keyboard.press("?")
    shown = person.locator("dialog .keys").inner_text()
    for words in ("Re-run failed jobs", "Cancel the run", "First failure", "Jobs as timeline"):
        assert words in shown


def test_a_run_is_deleted_after_a_question(person: Page, plain: PlainPage, site: Site) -> None:
    person.goto(site.run("scratch"))
    person.click("[aria-label='More of this run']")
    person.click("text=Delete logs")
    dialog = person.locator("dialog")
    assert "The logs of every attempt go for good" in dialog.inner_text()
    dialog.get_by_text("Cancel").click()
    expect(dialog).to_have_count(0)
    person.click("[aria-label='More of this run']")
    person.click("text=Delete logs")
    dialog.get_by_role("button", name="Delete logs").click()
    person.wait_for_url(site.run("scratch"))
    assert person.request.get(site.run("scratch") + "/logs").status == 410
    plain.goto(site.run("scratch"))
    plain.click("[aria-label='More of this run']")
    plain.click("text=Delete run")
    assert "Delete Matrix #" in plain.inner_text("h1")
    plain.click("button:has-text('Delete run')")
    assert plain.url == f"{site.repository}/actions"
    assert plain.request.get(site.run("scratch")).status == 404


def test_a_review_in_a_dialog_and_without_scripts(person: Page, plain: PlainPage, site: Site) -> None:
    person.goto(site.run("deploy"))
    person.click("text=Review deployments")
    dialog = person.locator("dialog")
    dialog.wait_for()
    assert "You are none of its reviewers" in dialog.inner_text()
    expect(dialog.locator("input:disabled")).to_have_count(1)
    dialog.locator("textarea").fill("Not today")
    dialog.get_by_text("Reject").click()
    person.wait_for_url(site.run("deploy"))
    person.locator("#jobview, .banner", has_text="staging").first.wait_for()
    person.goto(site.run("deploy") + "/deployments")
    assert "rosa rejected production" in person.inner_text("main")
    assert "Not today" in person.inner_text("main")
    plain.goto(site.run("deploy_plain"))
    plain.click("text=Review deployments")
    plain.uncheck("input[name=environment]:enabled")
    plain.click("text=Approve and deploy")
    assert "Choose at least one environment" in plain.inner_text("[role=alert]")
    plain.check("input[name=environment]:enabled")
    plain.click("text=Approve and deploy")
    assert plain.url == site.run("deploy_plain")
    assert "environment production" not in plain.inner_text("#banners")
    assert "environment staging" in plain.inner_text("#banners")


def test_a_timer_runs_down(person: Page, plain: PlainPage, site: Site) -> None:
    person.clock.install()
    person.goto(site.run("timed") + "/deployments")
    left = person.locator("[data-until]")
    before = left.inner_text()
    assert re.fullmatch(r"8h \d\dm", before)
    person.clock.run_for(10 * 60 * 1000)
    expect(left).not_to_have_text(before)
    person.clock.run_for(10 * 3600 * 1000)
    expect(left).to_have_text("0s")  # never negative
    plain.goto(site.run("timed") + "/deployments")
    text = plain.inner_text("main")
    for words in ("Nobody has to review it", "any branch, and no tag", "600 minutes: 8h", "0123456 by Matrix #"):
        assert words in text
    expect(plain.locator("main button")).to_have_count(0)


def test_rules_are_bypassed_in_a_second_step_with_a_reason(person: Page, plain: PlainPage, site: Site) -> None:
    person.goto(site.run("urgent"))
    person.click("text=Review deployments")
    person.locator("dialog").get_by_text("Bypass the rules").click()
    person.wait_for_url("**/deployments/bypass")
    assert "the reason stay in the history" in person.inner_text("main")
    person.click("text=Bypass rules and deploy")
    assert person.evaluate("document.activeElement.id") == "comment"  # the browser asks for the reason
    plain.goto(site.run("urgent") + "/deployments/bypass")
    plain.fill("#comment", "The site is down")
    plain.click("button:has-text('Bypass rules and deploy')")
    assert plain.url == site.run("urgent")
    plain.goto(site.run("urgent") + "/deployments")
    assert "rosa bypassed the rules of canary" in plain.inner_text("main")
    assert "The site is down" in plain.inner_text("main")


def test_a_held_run_is_approved_before_the_eyes_of_others(person: Page, plain: PlainPage, site: Site) -> None:
    person.goto(site.run("held"))
    expect(person.locator("#live-state")).to_have_text("Live")
    expect(person.locator("#side")).to_have_text("None yet")
    plain.goto(site.run("held"))
    assert "waits for an approval" in plain.inner_text("#banners")
    assert "carl First-time contributor" in plain.inner_text("#banners").replace("\n", " ")
    assert ".github/workflows/evil.yml added" in plain.inner_text("#banners").replace("\n", " ")
    plain.click("text=Approve and run")
    assert "waits for an approval" not in plain.inner_text("#banners")
    expect(person.locator("#banners")).not_to_contain_text("waits for an approval")
    expect(person.locator("#side")).to_contain_text("build")
    expect(person.locator("#joblist")).to_contain_text("Waiting for a runner: ")  # whichever there are


def test_what_a_run_leaves_behind(person: Page, site: Site) -> None:
    person.goto(site.run("again"))
    assert "e2e Failed, now success maybe flaky" in person.inner_text("main").replace("\n", " ")
    box = person.locator("#artifacts")
    assert "90 days after its upload" in box.inner_text()
    with person.expect_download() as found:
        box.locator("a.name", has_text="coverage report").click()
    assert found.value.suggested_filename == "coverage report.zip"
    box.get_by_label("Delete coverage report").click()
    person.locator("dialog").get_by_text("Delete artifact").click()
    person.wait_for_url(re.compile("#artifacts$"))
    expect(box.locator("a.name")).to_have_count(0)
    link = person.get_by_role("link", name="the rest")
    assert person.locator(link.get_attribute("href") or "").inner_text() == "Details"
    logs = person.request.get(site.run("failed") + "/logs")
    names = zipfile.ZipFile(io.BytesIO(logs.body())).namelist()
    assert "0_test (3.12, ubuntu).txt" in names


def test_reasons_of_what_was_skipped(plain: PlainPage, site: Site) -> None:
    plain.goto(site.run("skipped"))
    assert "Skipped because its condition is false: contains(github.ref, 'e2e')" in plain.inner_text("#jobs")


def test_the_workflow_file_tells_what_is_wrong_where(plain: PlainPage, site: Site) -> None:
    plain.goto(site.run("calls") + "/workflow")
    line = plain.locator("#L9")
    assert "stepz" in line.inner_text()
    assert line.locator("+ .problem").inner_text() == "9:5 Unexpected value 'stepz'"
    assert plain.locator(".code .hc").inner_text() == "# to production"
    plain.click("nav >> text=build.yml")
    assert "workflow_call" in plain.inner_text("#L1")
    plain.follow(plain.locator("#L3 a"))
    assert plain.url.endswith("?file=1#L3")
