"""Names, texts and logs full of markup, terminal controls and turned text run nothing and deceive nobody."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Dialog, Page

from tests.browser.conftest import AXE, Opened, Site
from tests.browser.seeds.hostile import FILE, NAME
from tests.browser.test_pages import violations

HOME = "/rosa/hostile"
RUN = HOME + "/actions/runs"
WORKFLOW = f"{HOME}/actions/workflows/{{file}}"
PAGES = (
    "/mallory",
    "/settings/tokens",
    "/-/actions/mine",
    HOME,
    f"{HOME}/tree/main/{{name}}",
    f"{HOME}/blob/main/{{name}}/{{name}}.py",
    f"{HOME}/blob/main/README.md",
    f"{HOME}/commits/{{name}}",
    f"{HOME}/commit/main",
    f"{HOME}/edit/main/README.md",
    f"{HOME}/delete/main/{{name}}/{{name}}.py",
    f"{HOME}/new/{{name}}",
    f"{HOME}/settings/runners",
    f"{HOME}/actions",
    f"{HOME}/actions?query=branch:{{name}}",
    f"{HOME}/actions?query={{name}}:x",
    f"{HOME}/actions?query=is:failure+{{name}}",
    f"{HOME}/actions/filters?query={{name}}",
    f"{HOME}/actions/delete?run={{hostile}}&run={{hostile_waiting}}",
    WORKFLOW,
    f"{WORKFLOW}/badge?branch={{name}}",
    f"{WORKFLOW}/dispatch",
    f"{WORKFLOW}/dispatch?ref={{name}}",
    f"{WORKFLOW}/dispatch?ref={{name}}-no",
    f"{RUN}/{{hostile}}?view=graph",
    f"{RUN}/{{hostile}}?view=timeline",
    f"{RUN}/{{hostile}}?view=list&q={{name}}",
    f"{RUN}/{{hostile}}/attempts/1",
    f"{RUN}/{{hostile}}/usage",
    f"{RUN}/{{hostile}}/workflow",
    f"{RUN}/{{hostile}}/delete",
    f"{RUN}/{{hostile}}/artifacts/{{hostile_artifact}}/delete",
    f"{RUN}/{{hostile}}/job/{{hostile_job}}",
    f"{RUN}/{{hostile}}/job/{{hostile_job}}?q=img",
    f"{RUN}/{{hostile_waiting}}",
    f"{RUN}/{{hostile_held}}",
    f"{RUN}/{{hostile_skipped}}",
    f"{RUN}/{{hostile_broken}}",
    f"{RUN}/{{hostile_broken}}/workflow",
    f"{RUN}/{{hostile_deploy}}",
    f"{RUN}/{{hostile_deploy}}/deployments",
    f"{RUN}/{{hostile_deploy}}/deployments/bypass",
    f"{RUN}/{{hostile_deploy}}/job/{{hostile_deploy_job}}",
)
#: What turns text or begins a control of a terminal, in what a person reads or hears; where a person edits a text it
#: stands as it is.
DECEIT = """() => {
  const turning = /[\\u202a-\\u202e\\u2066-\\u2069\\u200e\\u200f\\u061c\\u001b\\u009b\\u0007]/;
  const found = turning.test(document.title) ? ["title"] : [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const parent = texts.currentNode.parentElement;
    if (turning.test(texts.currentNode.data) && !parent.matches("textarea")) found.push("text of " + parent.outerHTML);
  }
  for (const one of document.querySelectorAll("*")) {
    for (const name of ["title", "aria-label", "alt", "placeholder", "label", "aria-description"]) {
      if (turning.test(one.getAttribute(name) || "")) found.push(name + " of " + one.localName);
    }
  }
  for (const one of document.querySelectorAll("a")) {
    const href = one.getAttribute("href") || "";
    const address = new URL(href, location.href);
    if (!/^https?:$/.test(address.protocol)) found.push("a link to " + href);
    if (address.host === "evil.example" && !one.textContent.includes("evil.example")) found.push("a hidden address");
  }
  for (const one of document.querySelectorAll("img[src=x], main script, [onerror], iframe, object")) {
    found.push("markup of a stranger: " + one.outerHTML);
  }
  return found.map((one) => one.slice(0, 300));
}"""


@pytest.mark.parametrize("width", [320, 1360])
def test_names_and_texts_do_nothing(opened: Opened, site: Site, width: int) -> None:
    page = opened(viewport={"width": width, "height": 900}).new_page()
    dialogs: list[str] = []

    def heard(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", heard)
    wrong = [f"{address}: {one}" for address in PAGES for one in _wrong(page, site, address, width)]
    assert not wrong, "\n".join(wrong)
    assert dialogs == []


def _wrong(page: Page, site: Site, address: str, width: int) -> list[str]:
    answer = page.goto(address.format(name=quote(NAME), file=quote(FILE), **site.ids))
    assert answer is not None
    found = [] if answer.status == 200 else [f"answered {answer.status}"]
    if page.locator("[data-step][open]").count():
        page.wait_for_selector(".vlog .ln")
    if page.evaluate("document.documentElement.scrollWidth") > width:
        found.append("wider than the window")
    found += page.evaluate(DECEIT)
    if width == 320:
        page.evaluate(AXE.read_text())
        found += violations(page)
    return found
