"""A patch as lines with the numbers that they have in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from forge.web import ansi

#: Lines of all patches of a page.
MOST = 5000
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


@dataclass(frozen=True)
class PatchLine:
    """One line: ``kind`` is add, del, hunk or "" (the same before and after); ``number`` is that of the new file, of a
    deleted line that of the old one."""

    kind: str
    number: int | None
    text: str


def lines(patch: str) -> list[PatchLine]:
    """The lines of the hunks of one file."""
    found: list[PatchLine] = []
    old = new = 0
    for line in patch.split("\n"):
        text = ansi.visible(line)
        if start := _HUNK.match(line):
            old, new = int(start[1]), int(start[2])
            found.append(PatchLine("hunk", None, text))
        elif line.startswith("+"):
            found.append(PatchLine("add", new, text))
            new += 1
        elif line.startswith("-"):
            found.append(PatchLine("del", old, text))
            old += 1
        elif line.startswith("\\"):
            found.append(PatchLine("hunk", None, text[2:]))
        else:
            found.append(PatchLine("", new, text))
            old, new = old + 1, new + 1
    return found
