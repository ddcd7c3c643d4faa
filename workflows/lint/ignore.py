"""Comments that silence a rule: ``# workflows: ignore=RULE[,RULE…]``, on the line of the finding or the line above."""

from __future__ import annotations

import re
from collections.abc import Sequence

_COMMENT = re.compile(r"#\s*workflows:\s*ignore=\s*([a-z0-9-]+(?:\s*,\s*[a-z0-9-]+)*)")


def rules_by_line(lines: Sequence[str]) -> dict[int, frozenset[str]]:
    """The silenced rules of each line that has some; lines count from 1."""
    silenced: dict[int, frozenset[str]] = {}
    for number, line in enumerate(lines, 1):
        found = _COMMENT.search(line) if "workflows:" in line else None
        if found:
            rules = frozenset(rule.strip() for rule in found.group(1).split(","))
            own = (number,) if line[: found.start()].strip() else (number, number + 1)
            for each in own:
                silenced[each] = silenced.get(each, frozenset()) | rules
    return silenced
