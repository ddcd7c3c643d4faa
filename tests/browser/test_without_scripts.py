"""The whole way with scripts off: find a run, read its log page by page, start one, cancel it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Opened, PlainPage, Site
from tests.browser.seed import PASSWORD


def test_from_the_list_to_the_log(plain: PlainPage, site: Site) -> None:
    plain.goto("/octo/widget/actions")
    plain.click("summary:has-text('Status')")
    plain.click(".pop a:has-text('failure')")
    assert plain.input_value("#q") == "is:failure"
    plain.click("a:has-text('Add retry')")
    assert "Failed" in plain.inner_text(".pill")
    plain.click("text=Open the log")
    assert plain.inner_text(".logbar .sub") == "The last 200 of 1306 lines"
    expect(plain.locator("#s3-L1107")).to_have_count(1)
    expect(plain.locator("#s3-L1106")).to_have_count(0)
    assert plain.locator("#s3-L1306").inner_text() == "Error: Process completed with exit code 1."
    plain.click(".logbar >> text=Earlier")
    expect(plain.locator(".logbar .sub")).to_have_text("Page 2 of 2 · 1306 lines")
    expect(plain.locator("#s3-L1001")).to_have_count(1)
    plain.click(".logbar >> text=Earlier")
    expect(plain.locator("#s3-L1")).to_have_count(1)
    expect(plain.locator("#s3-L1001")).to_have_count(0)
    plain.click("text=Timestamps")
    expect(plain.locator(".log.times")).to_have_count(1)
    plain.follow(plain.locator("#s2 > summary"))
    plain.click("#s2 >> text=Show the log")
    assert "done" in plain.inner_text("#s2 .log")
    answer = plain.request.get(site.job("failed", "bad_job") + "/log")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text().count("\n") == 1306 + 2 + 4


def test_from_the_form_to_the_run_and_its_end(plain: PlainPage, site: Site) -> None:
    plain.goto("/octo/widget/actions/workflows/ci.yml")
    plain.click("text=Run workflow")
    plain.fill("input[name='input.count']", "many")
    plain.click("main form button.primary")
    assert "Give a number" in plain.inner_text("#errors")
    assert plain.locator("#in-count").get_attribute("aria-invalid") == "true"
    plain.fill("input[name='input.count']", "4")
    plain.check("input[value=debug]")
    plain.uncheck("input[name='input.dry-run']")
    plain.click("main form button.primary")
    assert "/actions/runs/" in plain.url
    facts = plain.inner_text(".facts")
    assert "debug" in facts
    assert "4" in facts
    assert "Waiting for a runner: " in plain.inner_text("main")  # that of another page may be online and busy
    run = plain.url
    plain.click("text=Cancel run")
    assert plain.url == run
    expect(plain.locator(".pill")).to_contain_text("Cancelled")  # a click may be over before the page has come
    plain.click("text=Re-run")
    expect(plain.locator("summary:has-text('Attempt 2')")).to_have_count(1)
    plain.click("text=Cancel run")
    plain.click("[aria-label='More of this run']")
    plain.click("text=Re-run all jobs with debug logging")
    plain.click("summary:has-text('Attempt 3')")
    expect(plain.locator(".pop", has_text="Attempt 3 by rosa, debug logging")).to_have_count(1)
    plain.click("text=Cancel run")


def test_in_and_out(opened: Opened, site: Site) -> None:
    page = PlainPage(opened("", java_script_enabled=False).new_page())
    page.goto("/rosa/hidden")
    assert "There is nothing here" in page.inner_text("h1")
    page.click("main a:has-text('Log in')")
    for password in ("wrong", PASSWORD):
        page.fill("#login", "rosa")
        page.fill("#password", password)
        page.click("main button")
        if password == "wrong":
            assert page.inner_text("[role=alert]") == "Login or password is wrong."
            assert page.input_value("#login") == "rosa"
    assert page.url == f"{site.url}/rosa/hidden"
    page.click("summary[aria-label='Account rosa']")
    page.click("text=Log out")
    assert page.url == f"{site.url}/"
    assert page.inner_text("h1") == "Public repositories"
    answer = page.goto("/rosa/hidden")
    assert answer.status == 404


def test_what_is_mine(plain: PlainPage, site: Site) -> None:
    plain.goto("/-/actions/mine")
    assert "Waiting for your review" in plain.inner_text("#reviews")
    first = plain.locator("#mine .st .vh").first
    assert first.inner_text() == "Failed"
    plain.follow(plain.locator("#reviews a.name", has_text="Ship it (deploy_kept)"))
    plain.click("#side a >> nth=0")
    assert "/job/" in plain.url
    plain.go_back()
    plain.click(".side >> text=Usage")
    assert plain.inner_text("h1") == "Usage"


def test_a_token_and_a_repository(plain: PlainPage, site: Site) -> None:
    plain.goto("/settings/tokens")
    plain.fill("#name", "laptop")
    plain.check("input[value=repo]")
    plain.click("text=Create token")
    text = plain.input_value("#made")
    answer = plain.request.get(site.url + "/api/v3/user", headers={"Authorization": f"Bearer {text}"})
    assert answer.json()["login"] == "rosa"
    plain.click("text=Revoke")
    again = plain.request.get(site.url + "/api/v3/user", headers={"Authorization": f"Bearer {text}"})
    assert again.status == 401
    plain.goto("/new")
    plain.fill("#name", "short-lived")
    plain.click("text=Create repository")
    assert plain.url.endswith("/rosa/short-lived")
    plain.click("nav >> text=Settings")
    plain.fill("#confirm", "rosa/short-lived")
    plain.click("text=Delete this repository >> nth=-1")
    assert plain.url == site.url + "/"
    assert "short-lived" not in plain.inner_text("main")
