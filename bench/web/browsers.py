"""Chromium and Firefox, Debian's own, driven alike: a tab goes somewhere and answers functions of its page."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import CDPSession, Page, sync_playwright

from bench.web.bidi import Connection
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.services.process import Process

PROBE = (Path(__file__).parent / "probe.js").read_text()
WIDTH, HEIGHT = 1280, 900


class Tab(Protocol):
    """One page of a browser that has seen nothing yet."""

    def go(self, address: str) -> None:
        """Navigate; returns when the document is read."""

    def run(self, function: str, *arguments: Any) -> Any:
        """What a function of the page, written in its language, gives back at last."""

    def scroll(self, pixels: int) -> None:
        """Turn the mouse's wheel in the middle of the page."""


#: ``opened(script)``: a tab whose pages run the probe, and this script behind it, before their own.
Opened = Callable[[str], AbstractContextManager[Tab]]


class ChromiumTab:
    """A page of Playwright's; ``session`` speaks the browser's own protocol."""

    def __init__(self, page: Page, session: CDPSession) -> None:
        self.page = page
        self.session = session

    def go(self, address: str) -> None:
        self.page.goto(address, wait_until="domcontentloaded")

    def run(self, function: str, *arguments: Any) -> Any:
        return self.page.evaluate(f"(all) => ({function})(...all)", list(arguments))

    def scroll(self, pixels: int) -> None:
        self.page.mouse.move(WIDTH / 2, HEIGHT / 2)
        self.page.mouse.wheel(0, pixels)


@contextmanager
def chromium() -> Iterator[Callable[..., AbstractContextManager[ChromiumTab]]]:
    """The browser; what it gives opens tabs, each in a context of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)

        @contextmanager
        def opened(script: str = "", **options: Any) -> Iterator[ChromiumTab]:
            context = browser.new_context(**{"viewport": {"width": WIDTH, "height": HEIGHT}, **options})
            context.set_default_timeout(120_000)
            context.add_init_script(PROBE + script)
            page = context.new_page()
            page.bring_to_front()  # frames are drawn for the page in front only
            try:
                yield ChromiumTab(page, context.new_cdp_session(page))
            finally:
                context.close()

        yield opened
        browser.close()


#: Nothing is fetched but what a row asks for.
_PREFERENCES: Mapping[str, bool | int | str] = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.backup.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
}


class FirefoxTab:
    """A browsing context of Firefox's."""

    def __init__(self, connection: Connection, context: str) -> None:
        self._connection = connection
        self._context = context

    def go(self, address: str) -> None:
        self._connection.call("browsingContext.navigate", context=self._context, url=address, wait="interactive")

    def run(self, function: str, *arguments: Any) -> Any:
        call = f"({function})(...{json.dumps(arguments)})"
        answer = self._connection.call(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await {call}))()",
            target={"context": self._context},
            awaitPromise=True,
        )
        if answer["type"] != "success":
            raise AssertionError(answer["exceptionDetails"]["text"])
        text = answer["result"].get("value")
        return None if text is None else json.loads(text)

    def scroll(self, pixels: int) -> None:
        wheel = {"type": "scroll", "x": WIDTH // 2, "y": HEIGHT // 2, "deltaX": 0, "deltaY": pixels}
        source = {"type": "wheel", "id": "wheel", "actions": [wheel]}
        self._connection.call("input.performActions", context=self._context, actions=[source])


@contextmanager
def firefox() -> Iterator[Opened]:
    """The browser, by WebDriver BiDi: Playwright drives only a Firefox of its own making."""
    with tempfile.TemporaryDirectory(prefix="forge-firefox-") as folder:
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _PREFERENCES.items()]
        Path(folder, "user.js").write_text("\n".join(lines))
        command = ["firefox-esr", "--headless", "--no-remote", "--profile", folder, "--remote-debugging-port", "0"]
        with Process(command, env={"HOME": folder}) as process:
            address = process.wait_for(r"BiDi listening on (ws://\S+)").group(1)
            with Connection(address) as connection:
                yield partial(_firefox_tab, connection)


@contextmanager
def _firefox_tab(connection: Connection, script: str = "") -> Iterator[FirefoxTab]:
    user = connection.call("browser.createUserContext")["userContext"]  # cookies and cache of its own
    context = connection.call("browsingContext.create", type="tab", userContext=user)["context"]
    size = {"width": WIDTH, "height": HEIGHT}
    connection.call("browsingContext.setViewport", context=context, viewport=size)
    body = f"() => {{ {PROBE}{script} }}"
    connection.call("script.addPreloadScript", functionDeclaration=body, contexts=[context])
    try:
        yield FirefoxTab(connection, context)
    finally:
        connection.call("browser.removeUserContext", userContext=user)


BROWSERS: Sequence[tuple[str, Callable[[], AbstractContextManager[Opened]]]] = (
    ("Chromium", chromium),
    ("Firefox", firefox),
)
