"""``path:line`` in a log as a link to the file, where the run's commit has it. ``static/ansi.js`` does the same."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from forge.actions.models import Run
from forge.repos import trees
from forge.web import ansi

_PLACE = re.compile(r"(?<![\w/.:@+-])(?:\./)?([\w.@+-]+(?:/[\w.@+-]+)*\.\w{1,10}):(\d{1,7})(?!\w)", re.ASCII)
#: Different paths of one page of lines that are looked up.
_MOST = 500


@dataclass(frozen=True)
class Files:
    """Files of a commit; ``base`` is the address that their paths follow."""

    base: str
    known: frozenset[str]

    def html(self, text: str) -> str:
        """Escaped text in which places in these files are links."""
        out, at = [], 0
        for found in _PLACE.finditer(text) if self.known else ():
            if found.group(1) in self.known:
                address = f"{self.base}{quote(found.group(1))}#L{int(found.group(2))}"
                out += [escape(text[at : found.start()]), f'<a href="{escape(address)}">{escape(found.group())}</a>']
                at = found.end()
        return "".join(out) + escape(text[at:])


def find(run: Run, texts: Iterable[str]) -> Files:
    """The files of a run's commit that these lines name."""
    named: dict[str, None] = {}
    for text in texts:
        if ":" in text and len(named) < _MOST:
            named |= dict.fromkeys(found.group(1) for found in _PLACE.finditer(ansi.shown(text)))
    base = f"/{run.repository.full_name}/blob/{run.head_sha}/"
    return Files(base, trees.files(run.repository, run.head_sha, named) if named else frozenset())
