"""A step's log as pages show it: a thousand lines at a time, each drawable alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape

from django.utils.safestring import SafeString, mark_safe

from forge.actions import logs
from forge.actions.models import Job, JobLog, Step
from forge.actions.queries import pages
from forge.web import ansi
from workflows.log_lines import PREFIX_LENGTH, STAMP_LENGTH

PAGE = 1000
#: Characters of a line that pages draw; the raw log has the rest.
LONGEST = 4096
#: What a line may be marked as.
MARKS = ("group", "endgroup", "error", "warning", "notice", "debug", "command", "section")
_MARK = re.compile(rf"((?:\x1b\[[0-9;]*m)*)##\[({'|'.join(MARKS)})\]")
_COLOUR = re.compile("\x1b\\[([0-9;:]*)m")
_WORDS = {"error": "Error: ", "warning": "Warning: ", "notice": "Notice: "}
_CLASSES = {"error": "err", "warning": "warn", "notice": "notice", "debug": "debug", "command": "cmd", "section": "cmd"}
_BROKEN = re.compile("(?:\x1b|\x9b)[^A-Za-z\x1b]{0,60}$")
#: How far back colours and groups are looked for where no sealed page says them.
_LOOK_BACK = 1 << 20


@dataclass(frozen=True)
class Span:
    """Where a step stands in its job's log; ``end`` may still grow."""

    job: Job
    log: JobLog
    step: int
    start: int
    end: int
    growing: bool

    def count(self) -> int:
        """Its lines."""
        return logs.count_lines(self.job, self.start, self.end, self.log) if self.end > self.start else 0


@dataclass(frozen=True)
class Raw:
    """A line as stored: ``number`` counts from 0 in its step, ``time`` is ISO text or empty."""

    number: int
    time: str
    text: str


@dataclass(frozen=True)
class Page:
    """Lines from ``first`` (counted from 0) of ``total``, and what is in force where they begin."""

    first: int
    total: int
    style: ansi.Style
    groups: tuple[str, ...]
    lines: tuple[Raw, ...]


@dataclass(frozen=True)
class Line:
    """A line to draw. ``kind`` is a class; ``group`` and ``endgroup`` open and close a fold."""

    number: int
    time: str
    kind: str
    html: SafeString


def span(job: Job, step: Step, log: JobLog) -> Span | None:
    """The span of a step in its job's log; None when it printed nothing yet."""
    if step.log_start is None:
        return None
    growing = step.log_end is None
    end = log.length if step.log_end is None else min(step.log_end, log.length)
    return Span(job, log, step.number, step.log_start, max(step.log_start, end), growing)


def is_held(step: Step) -> bool:
    """True while its runner keeps what it prints, since steps beside it are writing to the log."""
    return step.log_start is None and step.started_at is not None


def page(within: Span, number: int, total: int | None = None) -> Page:
    """Page ``number`` (from 0) of a step."""
    total = within.count() if total is None else total
    first = number * PAGE
    found = _lines(within, first, PAGE) if first < total else []
    lines = tuple(Raw(first + index, line.time, line.text) for index, line in enumerate(found))
    style, groups = (ansi.PLAIN, ()) if not found or number == 0 else _before(within, found[0].offset)
    return Page(first, total, style, groups, lines)


def tail(within: Span, count: int = 20) -> tuple[Page, int]:
    """The last lines of a step, and the number of its first that is drawn."""
    total = within.count()
    first = max(total - count, 0)
    found = _lines(within, first, count)
    lines = tuple(Raw(first + index, line.time, line.text) for index, line in enumerate(found))
    style, groups = _before(within, found[0].offset) if found else (ansi.PLAIN, ())
    return Page(first, total, style, groups, lines), first


def _lines(within: Span, first: int, count: int) -> list[logs.LogLine]:
    return logs.lines(within.job, within.start, within.end, skip=first, count=count, log=within.log)


def _before(within: Span, offset: int) -> tuple[ansi.Style, tuple[str, ...]]:
    """Colours and open groups where a line begins, from the nearest place that is known."""
    style, groups, start = ansi.PLAIN, [], within.start
    sealed = pages.page_before(within.job, within.log.epoch, offset)
    if sealed is not None and sealed.offset >= within.start:
        style, groups, start = ansi.apply(ansi.PLAIN, sealed.colour), list(sealed.groups), sealed.offset
    data = b"".join(logs.read(within.job, max(start, offset - _LOOK_BACK), offset, within.log))
    for _, text in split(data):
        for found in _COLOUR.finditer(text):
            style = ansi.apply(style, found.group(1))
        kind, rest = classify(text)
        if kind == "group":
            groups = [*groups, ansi.visible(rest)]
        elif kind == "endgroup":
            groups = groups[:-1]
    return style, tuple(groups)


def split(data: bytes) -> Iterator[tuple[str, str]]:
    """Time and text of each line of a stretch of log; the rest after its last newline is a line too."""
    lines = data.split(b"\n")
    for line in lines if lines[-1] else lines[:-1]:
        line = line.removesuffix(b"\r")
        stamped = line[4:5] == b"-" and line[STAMP_LENGTH - 1 : PREFIX_LENGTH] in (b"Z ", b"+ ")
        time, text = (line[: STAMP_LENGTH - 1] + b"Z", line[PREFIX_LENGTH:]) if stamped else (b"", line)
        yield time.decode("ascii", "replace"), text.decode(errors="replace")


def told(time: str, text: str) -> list[object]:
    """A line as the viewer gets it: time, text, and of one that is cut its whole length."""
    when = milliseconds(time)
    return [when, text] if len(text) <= LONGEST else [when, cut(text), len(text)]


def cut(text: str) -> str:
    """The beginning of a long line, without a control sequence that the cut went through."""
    return _BROKEN.sub("", text[:LONGEST])


def milliseconds(time: str) -> int:
    """A log line's time since 1970; 0 when it has none."""
    try:
        return int(datetime.fromisoformat(time[:23].rstrip("Z") + "+00:00").timestamp() * 1000)
    except ValueError:
        return 0


def classify(text: str) -> tuple[str, str]:
    """What a line is by its mark, and its text without the mark."""
    found = _MARK.match(text)
    return (found.group(2), found.group(1) + text[found.end() :]) if found else ("", text)


def draw(lines: Iterable[Raw], style: ansi.Style = ansi.PLAIN, rest: Callable[[str], str] = escape) -> list[Line]:
    """Lines as safe HTML, colours carried from line to line; ``rest`` makes HTML of what is no web address."""
    drawn = []
    for line in lines:
        kind, text = classify(line.text)
        more = len(line.text) - LONGEST
        if more > 0:
            kind, text = classify(cut(line.text))
        inner, style = ansi.html(text, style, rest)
        if kind in _WORDS:
            inner = f"<b>{_WORDS[kind]}</b>{inner}"
        if more > 0:
            inner += f' <span class="dm">… {more} more characters stand in the raw log</span>'
        drawn.append(Line(line.number + 1, line.time[11:19], _CLASSES.get(kind, kind), mark_safe(inner)))
    return drawn
