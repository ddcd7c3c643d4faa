"""The search of a job's log, asked as its page asks."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx

from bench.web.browsers import Tab


def is_there(job: str) -> bool:
    """True when the server has it."""
    answer = httpx.get(f"{job}/log/search?{urlencode({'q': 'error'})}", trust_env=False, timeout=60)
    return answer.status_code == 200


def asked(tab: Tab, text: str) -> tuple[float, int]:
    """Seconds until the whole answer is read, and the total that it says."""
    taken, total = tab.run(
        """async (text) => {
          const begun = performance.now();
          const address = location.pathname + "/log/search?" + new URLSearchParams({q: text});
          const found = await (await fetch(address, {cache: "no-store"})).json();
          return [performance.now() - begun, found.total];
        }""",
        text,
    )
    return float(taken) / 1000, int(total)


def typed(tab: Tab, text: str, line: int) -> float:
    """Seconds from the stroke of Enter behind a text in the page's own field until that line is painted."""
    taken = tab.run(
        """async (text, line) => {
          const field = document.querySelector("main [role=search] input[type=search]");
          field.value = text;
          field.dispatchEvent(new Event("input", {bubbles: true}));
          const begun = performance.now();
          field.form.requestSubmit();
          return (await forgeBench.when(() => forgeBench.shown(line))) - begun;
        }""",
        text,
        line,
    )
    return float(taken) / 1000
