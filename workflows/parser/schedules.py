"""``on.schedule`` to schedules."""

from __future__ import annotations

import re

from workflows.model import Schedule
from workflows.parser import read
from workflows.parser.check import text_of
from workflows.parser.findings import Findings
from workflows.source import Mapping, Node, Scalar, Sequence

#: The form of an IANA name. Which names there are is for the machine to know that has the database.
_TIME_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,31}(/[A-Za-z0-9_+-]{1,31}){0,2}")
_WRONG_ZONE = "Invalid timezone '{}'. Expected an IANA time zone name such as 'Europe/Berlin'"


def schedules(node: Node, findings: Findings) -> tuple[Schedule, ...]:
    """The schedules in file order."""
    items = node.items if isinstance(node, Sequence) else ()
    return tuple(_schedule(item, findings) for item in items if isinstance(item, Mapping))


def _schedule(node: Mapping, findings: Findings) -> Schedule:
    zone = node.get("timezone")
    if isinstance(zone, Scalar) and text_of(zone) and not _TIME_ZONE.fullmatch(text_of(zone)):
        findings.error(zone.position, _WRONG_ZONE.format(text_of(zone)))
    return Schedule(read.text(node.get("cron")) or "", read.filled(zone), node.position)
