"""What starts a workflow, in words: ``push to main``, ``pull requests``, ``daily at 02:00 UTC``."""

from __future__ import annotations

from collections.abc import Sequence

from workflows import cron
from workflows.model import Filter, Trigger

#: So many of a list are written out.
_SHOWN = 4
_DAYS = ("Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays")
_PLAIN = {
    "workflow_dispatch": "by hand",
    "workflow_call": "calls by other workflows",
    "create": "new branches and tags",
    "delete": "deleted branches and tags",
    "pull_request": "pull requests",
    "pull_request_target": "pull requests, with the rights of their target",
}


def words(trigger: Trigger) -> str:
    """One trigger; a schedule's lines have ``schedule`` instead."""
    text = _PLAIN.get(trigger.event, trigger.event.replace("_", " "))
    if trigger.event == "push":
        text = _push(trigger)
    elif trigger.event == "workflow_run":
        text = f"runs of {_list(trigger.workflows)}" + _branches(" on", trigger.branches)
    else:
        text += _branches(" to", trigger.branches)
    if trigger.types:
        text += f" ({_list(trigger.types)})"
    return text + _paths(trigger.paths)


def schedule(line: str, zone: str) -> str:
    """A cron line: as a person would say it where that is short, else as it is written."""
    try:
        said = _said(cron.parse(line))
    except cron.BadCron:
        said = ""
    return f"{said} {zone}" if said else f"at “{line}” {zone}"


def _push(trigger: Trigger) -> str:
    if trigger.tags and not trigger.branches:
        return "push of tags" + (" other than " if trigger.tags.ignore else " ") + _list(trigger.tags.patterns)
    text = "push" + _branches(" to", trigger.branches)
    if trigger.tags:
        text += " or of tags" + (" other than " if trigger.tags.ignore else " ") + _list(trigger.tags.patterns)
    return text


def _branches(word: str, branches: Filter | None) -> str:
    if branches is None:
        return ""
    return f"{word} {'branches other than ' if branches.ignore else ''}{_list(branches.patterns)}"


def _paths(paths: Filter | None) -> str:
    if paths is None:
        return ""
    return f", {'unless only' if paths.ignore else 'if'} {_list(paths.patterns)} changed"


def _list(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and 3 more``."""
    shown = list(names[:_SHOWN])
    if len(names) > _SHOWN:
        shown.append(f"{len(names) - _SHOWN} more")
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def _said(line: cron.Cron) -> str:
    """Empty when it would be long."""
    days, times = _days(line), _times(line)
    if not days or not times:
        return ""
    if times.startswith("at "):
        return f"{days} {times}"
    return times if days == "daily" else f"{times} {days}"


def _days(line: cron.Cron) -> str:
    if len(line.months) < 12 or not (line.any_day or line.any_weekday):
        return ""
    if line.any_day and (line.any_weekday or len(line.weekdays) == 7):
        return "daily"
    if line.any_day:
        known = {(1, 2, 3, 4, 5): "on weekdays", (0, 6): "on weekends"}
        return known.get(line.weekdays, f"on {_list([_DAYS[day] for day in line.weekdays])}")
    return f"on day {_list([str(day) for day in line.days])} of each month" if len(line.days) <= _SHOWN else ""


def _times(line: cron.Cron) -> str:
    if len(line.hours) == 24:
        return _within_the_hour(line.minutes)
    step = _step(line.hours, 24)
    if step and len(line.minutes) == 1 and len(line.hours) > 3:
        return f"every {step} hours at minute {line.minutes[0]:02}"
    moments = [f"{hour:02}:{minute:02}" for hour in line.hours for minute in line.minutes]
    return f"at {_list(moments)}" if len(moments) <= 3 else ""


def _within_the_hour(minutes: tuple[int, ...]) -> str:
    if len(minutes) == 60:
        return "every minute"
    if len(minutes) == 1:
        return f"hourly at minute {minutes[0]:02}"
    step = _step(minutes, 60)
    return f"every {step} minutes" if step else ""


def _step(values: tuple[int, ...], whole: int) -> int:
    """The even step from 0 that gives just these values; 0 when there is none."""
    if len(values) < 2 or whole % len(values):
        return 0
    step = whole // len(values)
    return step if values == tuple(range(0, whole, step)) else 0
