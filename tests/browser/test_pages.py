"""Every page in every theme and width: accessible, within its frame, within its budget."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from django.urls import resolve
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import AXE, Complaints, Opened, PlainPage, Site
from tests.browser.seeds import hostile
from tests.forge.routes import patterns

PAGES = {
    "home": "/",
    "owner": "/octo",
    "new": "/new",
    "tokens": "/settings/tokens",
    "repository": "/octo/widget",
    "empty repository": "/rosa/empty",
    "settings": "/octo/widget/settings",
    "runs": "/octo/widget/actions",
    "runs of a workflow": "/octo/widget/actions/workflows/ci.yml",
    "no runs match": "/octo/widget/actions?query=is:failure+branch:nope",
    "a wrong query": "/octo/widget/actions?query=foo:x",
    "first use": "/rosa/empty/actions",
    "failed run": "/octo/widget/actions/runs/{failed}",
    "older attempt": "/octo/widget/actions/runs/{failed}/attempts/1",
    "startup failure": "/octo/widget/actions/runs/{startup}",
    "waiting run": "/octo/widget/actions/runs/{waiting}",
    "list of jobs": "/octo/widget/actions/runs/{failed}?view=list",
    "no job matches": "/octo/widget/actions/runs/{failed}?view=list&q=nope",
    "run of two attempts": "/octo/widget/actions/runs/{again}?view=timeline",
    "no such attempt": "/octo/widget/actions/runs/{again}/attempts/9",
    "skipped run": "/octo/widget/actions/runs/{skipped}",
    "run that waits for reviews": "/octo/widget/actions/runs/{deploy}?view=graph",
    "deployments": "/octo/widget/actions/runs/{deploy}/deployments",
    "run that waits for an approval": "/octo/widget/actions/runs/{held}",
    "deployment on a timer": "/octo/widget/actions/runs/{timed}/deployments",
    "bypass": "/octo/widget/actions/runs/{timed}/deployments/bypass",
    "run on a timer": "/octo/widget/actions/runs/{timed}",
    "job on a timer": "/octo/widget/actions/runs/{timed}/job/{timed_job}",
    "run that calls": "/octo/widget/actions/runs/{reuse}?view=graph",
    "run with an open matrix": "/octo/widget/actions/runs/{reuse}?view=graph&open={reuse_test}",
    "run with open steps": "/octo/widget/actions/runs/{reuse}?view=timeline&open={reuse_lint}",
    "run without jobs": "/octo/widget/actions/runs/{early}",
    "usage": "/octo/widget/actions/runs/{reuse}/usage",
    "usage of an attempt": "/octo/widget/actions/runs/{again}/attempts/1/usage",
    "no usage": "/octo/widget/actions/runs/{early}/usage",
    "delete a run": "/octo/widget/actions/runs/{calls}/delete",
    "delete logs": "/octo/widget/actions/runs/{calls}/delete-logs",
    "delete an artifact": "/rosa/hostile/actions/runs/{hostile}/artifacts/{hostile_artifact}/delete",
    "workflow file that calls": "/octo/widget/actions/runs/{calls}/workflow",
    "workflow file": "/octo/widget/actions/runs/{startup}/workflow",
    "failed job": "/octo/widget/actions/runs/{failed}/job/{bad_job}",
    "job without steps": "/octo/widget/actions/runs/{failed}/job/{lint}",
    "tricky log": "/octo/widget/actions/runs/{log_run}/job/{log_tricky}",
    "skipped job": "/octo/widget/actions/runs/{log_run}/job/{log_skipped}",
    "lost job": "/octo/widget/actions/runs/{log_run}/job/{log_lost}",
    "deleted log": "/octo/widget/actions/runs/{log_run}/job/{log_gone}",
    "cut log": "/octo/widget/actions/runs/{log_run}/job/{log_cut}",
    "job that no runner takes": "/octo/widget/actions/runs/{log_line}/job/{log_stuck}",
    "job in line": "/octo/widget/actions/runs/{log_line}/job/{log_queued}",
    "dispatch": "/octo/widget/actions/workflows/ci.yml/dispatch",
    "dispatch of a broken file": "/octo/widget/actions/workflows/release.yml/dispatch",
    "runs to choose from": "/octo/gadget/actions?select=1",
    "a page about a workflow": "/octo/gadget/actions/workflows/nightly.yml",
    "a workflow that is broken": "/octo/gadget/actions/workflows/broken.yml",
    "a workflow that is gone": "/octo/gadget/actions/workflows/old.yml",
    "a disabled workflow": "/octo/widget/actions/workflows/fuzz.yml",
    "badge": "/octo/gadget/actions/workflows/nightly.yml/badge",
    "saved filters": "/octo/gadget/actions/filters?query=is:failure",
    "many inputs": "/octo/gadget/actions/workflows/nightly.yml/dispatch",
    "delete runs": "/octo/gadget/actions/delete?run={by_hand}&run={gpu}",
    "not found": "/nope/nope",
    "my runs": "/-/actions/mine",
    "fresh repository": "/rosa/fresh",
    "files": "/rosa/words",
    "folder": "/rosa/words/tree/main/src/words",
    "file": "/rosa/words/blob/main/src/words/count.py",
    "markdown": "/rosa/words/blob/main/README.md",
    "turned file": "/rosa/words/blob/main/docs/notes.txt",
    "file that is no text": "/rosa/words/blob/main/logo.bin",
    "commits": "/rosa/words/commits/main",
    "commit": "/rosa/words/commit/main",
    "new file": "/rosa/fresh/new/main?filename=.github/workflows/ci.yml&template=ci",
    "edit a file": "/rosa/words/edit/main/README.md",
    "delete a file": "/rosa/words/delete/main/README.md",
    "no such branch": "/rosa/words/tree/nope",
    "runners": "/rosa/words/settings/runners",
    "runners of an organisation": "/-/organizations/octo/runners",
    "calls of the API": "/-/api",
    "a call of the API": "/-/api/repos_get",
}
#: What others see: who administers the site, and who is not logged in.
OF_OTHERS = {
    "ada": {"runners of the site": "/-/admin/runners", "no runs of mine": "/-/actions/mine"},
    "": {
        "log in": "/login?next=/new",
        "public repositories": "/",
        "first use for readers": "/rosa/empty/actions",
        "empty repository for readers": "/rosa/empty",
        "runs for readers": "/octo/widget/actions",
        "workflow for readers": "/octo/widget/actions/workflows/fuzz.yml",
        "run for readers": "/octo/widget/actions/runs/{held}",
        "deployments for readers": "/octo/widget/actions/runs/{timed}/deployments",
        "job for readers": "/octo/widget/actions/runs/{failed}/job/{bad_job}",
        "refused": "/octo/widget/actions/workflows/ci.yml/dispatch",
    },
}
#: Of these the answer is no page of its own.
REFUSED = ("no such attempt", "not found", "no such branch")
#: Who sends what to which form, by which button, and what the page says then.
REFUSED_FORMS: tuple[tuple[str, str, dict[str, str], str, str], ...] = (
    ("", "/login", {"#login": "nobody-there", "#password": "wrong"}, "Log in", "Login or password is wrong."),
    ("rosa", "/new", {"#name": "a b"}, "Create repository", "name may hold letters"),
    ("rosa", "/settings/tokens", {"#name": "laptop"}, "Create token", "scope"),
    ("rosa", "/octo/widget/settings", {"#confirm": "no"}, "Delete this repository", "octo/widget"),
    ("rosa", "/octo/gadget/actions/filters", {"#filter-query": "is:failure"}, "Save filter", "Give the filter a name"),
    (
        *("rosa", "/octo/gadget/actions/workflows/nightly.yml/dispatch", {"#in-count": "many"}),
        *("Run workflow", "needs another value"),
    ),
    (
        *("rosa", "/rosa/fresh/new/main?filename=.github/workflows/x.yml", {"#text": "on: push\njobz: 1\n"}),
        *("Commit", "could not start"),
    ),
    ("rosa", "/octo/widget/actions/runs/{timed}/deployments/bypass", {}, "Bypass rules", "reason"),
)
#: A page, and what opens a menu or, as the last, a dialog there: keys are single letters.
DIALOGS = (
    ("/octo/gadget/actions", "?"),
    ("/octo/gadget/actions/workflows/nightly.yml", "d"),
    ("/octo/gadget/actions?query=saved+by+nobody", "summary:has-text('Saved filters')", "text=Save this filter"),
    ("/octo/gadget/actions", "#run-{by_hand} summary"),
    ("/octo/gadget/actions", "#run-{by_hand} summary", "#run-{by_hand} >> text=Delete run"),
    ("/octo/widget/actions/runs/{wide}", "r"),
    ("/octo/widget/actions/runs/{calls}", "[aria-label='More of this run']", "text=Delete logs"),
    ("/octo/widget/actions/runs/{deploy_kept}", "text=Review deployments"),
    ("/octo/widget/actions/runs/{failed}/job/{bad_job}", "summary[aria-label='How the log is shown']"),
    ("/", "summary[aria-label='Appearance']"),
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    found = page.evaluate("async (tags) => (await axe.run(document, {runOnly: tags})).violations", RULES)
    return [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:200]}" for one in found for node in one["nodes"]
    ]


@pytest.mark.parametrize("width", [1360, 390, 320])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_accessible_and_fits(opened: Opened, site: Site, theme: str, width: int) -> None:
    wrong = []
    for login, pages in {"rosa": PAGES, **OF_OTHERS}.items():
        page = opened(login, viewport={"width": width, "height": 900}, color_scheme=theme).new_page()
        for name, address in pages.items():
            wrong += [f"{name}: {one}" for one in _wrong(page, name, address.format(**site.ids), width)]
    assert not wrong, "\n".join(wrong)


def _wrong(page: Page, name: str, address: str, width: int) -> list[str]:
    answer = page.goto(address)
    found = []
    if answer is None or (answer.status == 404) != (name in REFUSED):
        found.append(f"answered {answer and answer.status}")
    if page.locator("[data-step][open]").count():  # the viewer takes the place of the server's lines
        page.wait_for_selector(".vlog .ln")
    if page.evaluate("document.documentElement.scrollWidth") > width:
        found.append("wider than the window")
    page.evaluate(AXE.read_text())
    return found + violations(page)


def test_no_page_is_missing_here(opened: Opened, site: Site) -> None:
    """Every route is one of the pages above, or answers with something else than a page."""
    listed = [address for pages in (PAGES, *OF_OTHERS.values()) for address in pages.values()]
    visited = {resolve(re.sub(r"\{\w+\}", "1", address).split("?")[0]).func for address in listed}
    parts = {
        "owner": "rosa",
        "name": "hostile",
        "login": "octo",
        "file": quote(hostile.FILE),
        "workflow": "x",
        "run_id": site.ids["hostile"],
        "job_id": site.ids["hostile_job"],
        "number": 1,
        "offset": 0,
        "artifact_id": site.ids["hostile_artifact"],
        "rest": "main/README.md",
        "sha": "main",
        "runner_id": 1,
        "token_id": 1,
        "names": "ui.css",
        "operation_id": "repos_get",
    }
    asked = 0
    context = opened("ada")
    for route, pattern in patterns():
        module = pattern.callback.__module__
        if not module.startswith(("forge.web", "forge.api.reference")) or pattern.callback in visited:
            continue
        if route.pattern.endswith("/events"):  # a stream, without end
            continue
        answer = context.request.get(route.url(parts), max_redirects=0)
        is_page = answer.status == 200 and answer.headers["content-type"].startswith("text/html")
        assert not is_page, f"{route.pattern} is a page: add it"
        asked += 1
    assert asked > 20


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_refused_forms_are_accessible(opened: Opened, site: Site, theme: str) -> None:
    """They say what is wrong beside what was entered, which stays."""
    wrong = []
    look = {"viewport": {"width": 390, "height": 900}, "color_scheme": theme}
    pages = {login: opened(login, **look).new_page() for login in ("", "rosa")}
    for login, address, entered, button, says in REFUSED_FORMS:
        page = pages[login]
        page.goto(address.format(**site.ids))
        page.evaluate("document.querySelectorAll('form').forEach((one) => { one.noValidate = true })")
        for field, text in entered.items():
            page.fill(field, text)
        page.click(f"main form[method=post] button:has-text('{button}') >> visible=true")
        expect(page.locator("main [role=alert]").first).to_contain_text(says)
        for field, text in entered.items():
            assert page.input_value(field) == ("" if "password" in field or "confirm" in field else text), address
        page.evaluate(AXE.read_text())
        wrong += [f"{address}: {one}" for one in violations(page)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_dialogs_are_accessible(opened: Opened, site: Site, theme: str) -> None:
    page = opened(viewport={"width": 390, "height": 900}, color_scheme=theme).new_page()
    wrong = []
    for address, *ways in DIALOGS:
        page.goto(address.format(**site.ids))
        for way in ways:
            if len(way) == 1:
                page.keyboard.press(way)
            else:
                page.click(f"{way.format(**site.ids)} >> visible=true")
        menu = "summary" in ways[-1]
        expect(page.locator("details.menu[open] .pop" if menu else "dialog[open]")).to_be_visible()
        page.evaluate(AXE.read_text())
        wrong += [f"{address}, {ways[-1]}: {one}" for one in violations(page)]
    assert not wrong, "\n".join(wrong)


def test_what_breaks_the_policy_is_heard(browser: Browser, site: Site) -> None:
    """Else that nothing is heard on all these pages would say nothing."""
    complaints = Complaints()
    context = complaints.listen(browser.new_context(base_url=site.url))
    page = context.new_page()
    page.goto("/")
    assert complaints.found == []
    page.evaluate(
        """() => {
          document.body.setAttribute("style", "color: red");
          document.body.append(Object.assign(document.createElement("script"), {textContent: "alert(1)"}));
          document.body.append(Object.assign(new Image(), {src: "/-/static/nothing.svg"}));
        }"""
    )
    page.wait_for_function("() => document.images.length && document.images[document.images.length - 1].complete")
    context.close()
    found = " ".join(complaints.found)
    assert "policy: style-src-attr inline" in found
    assert "policy: script-src-elem inline" in found
    assert "404 " in found


@pytest.mark.parametrize(
    "name", ["runs", "failed run", "failed job", "repository", "dispatch", "a page about a workflow", "file"]
)
def test_transfer(opened: Opened, site: Site, name: str) -> None:
    page = opened(viewport={"width": 1360, "height": 900}).new_page()
    sizes: dict[str, int] = {}
    page.on("requestfinished", lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]}))
    page.goto(PAGES[name].format(**site.ids), wait_until="load")
    page.wait_for_timeout(0)
    assert len(sizes) <= 8, sorted(sizes)
    assert sum(sizes.values()) <= 100_000, sizes
    assert sum(size for url, size in sizes.items() if "/-/scripts/" in url or ".js" in url) <= 25_000
    assert all(url.startswith(site.url) for url in sizes)


#: Pages on which each state and each kind of box stands.
COLOURED = ("runs", "a page about a workflow", "failed run", "failed job", "run that waits for reviews", "commit")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_safe_colours_are_accessible(opened: Opened, site: Site, theme: str) -> None:
    context = opened(viewport={"width": 1360, "height": 900}, color_scheme=theme)
    context.add_cookies([{"name": "colours", "value": "safe", "url": site.url}])
    page = context.new_page()
    wrong = []
    for name in COLOURED:
        page.goto(PAGES[name].format(**site.ids))
        page.evaluate(AXE.read_text())
        wrong += [f"{name}: {one}" for one in violations(page)]
    assert not wrong, "\n".join(wrong)


def _choose(page: PlainPage, text: str) -> None:
    page.click("#appearance > summary")
    page.click(f"#appearance button:has-text('{text}')")


def test_the_theme_switch(plain: PlainPage) -> None:
    plain.goto("/octo/widget/actions")
    for text, theme in (("Light", "light"), ("Dark", "dark"), ("As the system", None)):
        _choose(plain, text)
        assert plain.locator("html").get_attribute("data-theme") == theme
        assert plain.url.endswith("/octo/widget/actions")


def test_the_safe_colours(plain: PlainPage) -> None:
    plain.goto("/octo/widget/actions")
    colour = "(one) => getComputedStyle(one).color"
    good, bad = plain.locator("#rows .s-success").first, plain.locator("#rows .s-failure").first
    assert (good.evaluate(colour), bad.evaluate(colour)) == ("rgb(25, 117, 58)", "rgb(195, 29, 43)")
    _choose(plain, "Blue and orange")
    assert (good.evaluate(colour), bad.evaluate(colour)) == ("rgb(11, 97, 196)", "rgb(168, 67, 10)")
    _choose(plain, "Green and red")
    assert good.evaluate(colour) == "rgb(25, 117, 58)"


@pytest.mark.parametrize(("zone", "first"), [("local", "GMT+9"), ("utc", "UTC")])
def test_times_tell_both_zones(opened: Opened, site: Site, zone: str, first: str) -> None:
    context = opened(timezone_id="Asia/Tokyo", locale="en-GB")
    context.add_cookies([{"name": "zone", "value": zone, "url": site.url}])
    page = context.new_page()
    page.goto("/octo/widget/actions")
    page.locator("time").first.hover()
    page.wait_for_selector("time[data-zones]")
    title = page.locator("time").first.get_attribute("title") or ""
    assert title.split(" (")[0].endswith(first)
    assert "GMT+9" in title
    assert "UTC" in title


@pytest.mark.parametrize(("zone", "day"), [("local", "16 Jan 2026"), ("utc", "15 Jan 2026")])
def test_days_long_ago_are_those_of_the_zone(opened: Opened, site: Site, zone: str, day: str) -> None:
    context = opened(timezone_id="Asia/Tokyo")
    context.add_cookies([{"name": "zone", "value": zone, "url": site.url}])
    page = context.new_page()
    page.route("**/octo/widget/actions", _with_an_old_time)
    page.goto("/octo/widget/actions")
    expect(page.locator("time").first).to_have_text(day)


def _with_an_old_time(route: Route) -> None:
    answer = route.fetch()
    old = '<time datetime="2026-01-15T20:00:00Z" title="15 Jan 2026, 20:00:00 UTC">15 Jan 2026</time>'
    route.fulfill(response=answer, body=re.sub(r"<time .*?</time>", old, answer.text(), count=1))
