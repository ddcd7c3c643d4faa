"""``on.schedule`` to schedules."""

from __future__ import annotations

import re

from workflows import cron
from workflows.model import Schedule
from workflows.parser import read
from workflows.parser.check import is_expression, text_of
from workflows.parser.findings import Findings
from workflows.source import Mapping, Node, Scalar, Sequence

_WRONG_CRON = "Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday)"
_TOO_OFTEN = "Actions schedules run at most every 5 minutes. '{}' will not run as frequently as specified"
_NEVER = "No year has a day of '{}', so it never runs"
#: The form of an IANA name. Which names there are is for the machine to know that has the database.
_TIME_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,31}(/[A-Za-z0-9_+-]{1,31}){0,2}")
_WRONG_ZONE = "Invalid timezone '{}'. Expected an IANA time zone name such as 'Europe/Berlin'"


def schedules(node: Node, findings: Findings) -> tuple[Schedule, ...]:
    """The schedules in file order."""
    items = node.items if isinstance(node, Sequence) else ()
    return tuple(_schedule(item, findings) for item in items if isinstance(item, Mapping))


def _schedule(node: Mapping, findings: Findings) -> Schedule:
    when, zone = node.get("cron"), node.get("timezone")
    if isinstance(when, Scalar) and text_of(when) and not is_expression(when):
        _check_cron(when, findings)
    if isinstance(zone, Scalar) and text_of(zone) and not _TIME_ZONE.fullmatch(text_of(zone)):
        findings.error(zone.position, _WRONG_ZONE.format(text_of(zone)))
    return Schedule(read.text(when) or "", read.filled(zone), node.position)


def _check_cron(when: Scalar, findings: Findings) -> None:
    text = text_of(when)
    try:
        schedule = cron.parse(text)
    except cron.BadCron as error:
        findings.error(when.position, _WRONG_CRON, hint=str(error))
        return
    if schedule.never_due:
        findings.warning(when.position, _NEVER.format(text))
    elif schedule.interval < cron.SHORTEST_INTERVAL:
        findings.warning(when.position, _TOO_OFTEN.format(text))
