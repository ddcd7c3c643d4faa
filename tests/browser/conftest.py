"""A real server on a seeded database, and Chromium to look at it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Response, Route

from tests.absent import absent
from tests.browser.seed import PASSWORD
from tests.services.process import Process

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
#: What Chromium does of its own accord and would disturb. Playwright switches off some of it, but of this flag only
#: the last one counts, so that theirs are repeated. The last three load pages of the browser's own, for its address
#: bar, into each new window: three hundred requests.
_FEATURES = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    "AiModeOmniboxEntryPoint",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
)
#: No connection but those of the test; and root needs no sandbox.
FLAGS = [
    f"--disable-features={','.join(_FEATURES)}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the browser; the first of a process fills a database, too."""
    for item in items:
        if Path(__file__).parent in Path(item.fspath).parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium instead of one that Playwright would download."""
    if not Path(CHROMIUM).exists():
        absent("Chromium is not on this machine: apt-get install chromium")
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": FLAGS}


@dataclass(frozen=True)
class Site:
    """A served, seeded installation."""

    url: str
    ids: dict[str, int]

    @property
    def repository(self) -> str:
        """The address of the repository that has everything."""
        return f"{self.url}/octo/widget"

    def run(self, name: str) -> str:
        """The address of a seeded run."""
        return f"{self.repository}/actions/runs/{self.ids[name]}"

    def job(self, run: str, job: str) -> str:
        """The address of a seeded job."""
        return f"{self.run(run)}/job/{self.ids[job]}"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The server as it is run, without its background work: what is seeded stays as it is."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    env = {
        "FORGE_DATA": str(tmp_path_factory.mktemp("site")),
        "FORGE_URL": url,
        "DJANGO_SETTINGS_MODULE": "forge.settings",
        "PYTHONPATH": str(ROOT),
    }
    whole = {**{key: value for key, value in os.environ.items() if not key.startswith("FORGE_")}, **env}
    for command in ([sys.executable, "-m", "forge.cli", "migrate"], [sys.executable, "-m", "tests.browser.seed"]):
        done = subprocess.run(command, cwd=ROOT, env=whole, check=True, stdout=subprocess.PIPE, text=True)
    command = [sys.executable, "-m", "uvicorn", "forge.asgi:application", "--port", str(port), "--lifespan", "off"]
    server = Process(command, env=env, without=("FORGE_",), cwd=ROOT)
    try:
        server.wait_for("Uvicorn running on")
        yield Site(url, json.loads(done.stdout))
    finally:
        server.stop()


Opened = Callable[..., BrowserContext]
#: What a page is made of: none of it may be missing. Pages and answers to scripts may be refused.
_PARTS = ("script", "stylesheet", "image", "font")
#: Chromium writes a violation to the console, where it could get lost in a filter; this names it.
_TELL = """addEventListener("securitypolicyviolation", ({violatedDirective, blockedURI}) =>
  console.error("policy: " + violatedDirective + " " + blockedURI));"""


class Complaints:
    """What browsers complain about: errors on the console, faults of scripts, breaches of the policy, missing parts."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def listen(self, context: BrowserContext) -> BrowserContext:
        """Note down what comes from all its pages."""
        context.add_init_script(_TELL)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.found.append(str(error.error)))
        context.on("response", self._answered)
        return context

    def _said(self, message: ConsoleMessage) -> None:
        # A page that is refused, or an answer to a script, is told by the console too; of parts `_answered` knows.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.found.append(message.text)

    def _answered(self, answer: Response) -> None:
        kind = answer.request.resource_type
        if (answer.status >= 400 and kind in _PARTS) or (answer.status >= 500 and kind == "document"):
            self.found.append(f"{answer.status} {answer.url}")


@pytest.fixture
def visited(browser: Browser) -> Iterator[Opened]:
    """A context of somebody unknown; what the browser complains about fails the test at its end."""
    contexts: list[BrowserContext] = []
    complaints = Complaints()

    def open_context(**options: Any) -> BrowserContext:
        contexts.append(complaints.listen(browser.new_context(**options)))
        return contexts[-1]

    yield open_context
    for context in contexts:
        context.close()
    assert complaints.found == []


@pytest.fixture(scope="session")
def sessions() -> dict[str, Any]:
    """The cookies of who has logged in: each once, since a site counts how often an address does."""
    return {}


@pytest.fixture
def opened(visited: Opened, site: Site, sessions: dict[str, Any]) -> Opened:
    """A context of rosa's, of whom the same holds; or of another ``login``, "" for nobody."""

    def open_context(login: str = "rosa", **options: Any) -> BrowserContext:
        if login and login not in sessions:
            first = visited(base_url=site.url)
            log_in(first, login)
            sessions[login] = first.storage_state()
        return visited(base_url=site.url, storage_state=sessions.get(login), **options)

    return open_context


def log_in(context: BrowserContext, login: str) -> None:
    """A person of the seed begins a session."""
    page = context.new_page()
    page.goto("/login")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/")
    page.close()


@pytest.fixture
def person(opened: Opened) -> Page:
    """A page of rosa's browser, 1360 pixels wide."""
    return opened(viewport={"width": 1360, "height": 900}).new_page()


class PlainPage:
    """A page without scripts. A click on what leads somewhere is over when that page is there: Playwright's own may be
    over before the next begins."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def __getattr__(self, name: str) -> Any:
        return getattr(self._page, name)

    def click(self, selector: str) -> None:
        """As a page's own, on the first that there is."""
        self.follow(self._page.locator(selector).first)

    def follow(self, target: Locator) -> None:
        """Click on it."""
        if target.evaluate(_LEADS):
            with self._page.expect_navigation():
                target.click()
        else:
            target.click()


_LEADS = """(element) => {
  const one = element.closest("a[href], button, summary, label");
  return one !== null && (one.matches("a") || (one.matches("button") && one.type === "submit" && one.form !== null));
}"""


@pytest.fixture
def plain(opened: Opened) -> PlainPage:
    """The same without scripts."""
    return PlainPage(opened(viewport={"width": 1360, "height": 900}, java_script_enabled=False).new_page())


def focus(page: Page) -> str:
    """What has the focus, which is on the screen and can be seen to have it."""
    width, style, inside, text = page.evaluate(
        """() => {
          const one = document.activeElement;
          const {outlineWidth, outlineStyle} = getComputedStyle(one);
          const {top, bottom, width} = one.getBoundingClientRect();
          const inside = bottom > 0 && top < innerHeight && width > 0;
          return [parseFloat(outlineWidth), outlineStyle, inside, one.ariaLabel || one.textContent || one.id];
        }"""
    )
    assert style != "none" and width >= 2 and inside, f"the focus is nowhere to be seen: {text}"  # noqa: PT018 - one idea
    return str(text).strip()


def keep_nothing(route: Route) -> None:
    """Takes a choice as the server does, which would keep it for the tests that follow."""
    route.fulfill(status=303, headers={"Location": "/"})


def fails(route: Route) -> None:
    """Answers as a server does that has a fault, with the number that its log has it under."""
    route.fulfill(status=500, body="<p>sorry", headers={"X-Request-Id": "5f00d", "Content-Type": "text/html"})
