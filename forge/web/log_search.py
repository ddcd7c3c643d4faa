"""Search over the whole log of a job: every line that fits is counted, ten thousand at a time are named.

What is matched is a line as it is drawn: without its time, its control sequences and its mark.
"""

from __future__ import annotations

import re
import time
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import regex

from forge.actions import logs
from forge.actions.models import Job, JobLog, Step
from forge.errors import Invalid
from forge.web import ansi, loglines
from workflows.log_lines import PREFIX_LENGTH, STAMP_LENGTH

#: While a line of so many characters is looked through, other threads go on.
_LONG = 200
#: Hits that are named at once; all are counted.
MOST = 10_000
#: Of so many hits of a step the text is kept, where a list of them is wanted.
WITH_TEXT = 200
#: So long regular expressions may look at one log.
SECONDS = 2.0
LONGEST_QUERY = 500
#: Lines that an expression is tried on together.
_BLOCK = 64
KINDS = ("error", "warning")

#: How a time ends, and the space behind it; a plus says that the line goes on from the one before.
_ENDS = frozenset({"Z ", "+ "})
_SGR = re.compile("\x1b\\[[0-9;]*m")
_MARK = re.compile(rf"##\[(?:{'|'.join(loglines.MARKS)})\]")
_MARKS = re.compile(rb"##\[(?:error|warning)\]")
#: What is drawn as it is stored, of ASCII; and beyond it, what is not.
_PLAIN = bytes([*range(0x20, 0x7F), 0x09, 0x0A])
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
#: Expressions that match by plain choices alone: letters, classes, groups, alternatives, ends and repetition.
_REGULAR = re.compile(
    r"(?:[^\\(){}*+?]|\\[dDwWsSb]|\\[^\w\s]|\((?:\?:|(?!\?))|\)|(?:[*+?]|\{\d+(?:,\d*)?\})\??(?![*+?{]))+"
)


@dataclass(frozen=True)
class Query:
    """What is looked for. ``word``: not as a part of a longer word."""

    text: str
    is_regex: bool = False
    case: bool = False
    word: bool = False


@dataclass(frozen=True)
class Window:
    """Which hits are named, in the order of steps and lines: those that come after ``after`` others; or, for ``near``
    (step, line), the ten thousand of which one is the first at that line or behind it."""

    after: int = 0
    near: tuple[int, int] | None = None


class Hit(NamedTuple):
    """A line that fits, counted from 1 in its step; ``text`` as it is drawn, where it was wanted."""

    step: int
    line: int
    kind: str = ""
    text: str = ""

    @property
    def page(self) -> int:
        """The page (from 1) of its step that shows it."""
        return (self.line - 1) // loglines.PAGE + 1


@dataclass(frozen=True)
class Found:
    """All hits counted; some of them named, which come after ``after`` others: by the ``lines`` of each step, or as
    ``hits`` where they have a kind or a text."""

    total: int = 0
    hits: tuple[Hit, ...] = ()
    after: int = 0
    lines: tuple[tuple[int, list[int]], ...] = ()


class _Matcher(Protocol):
    """Which lines fit, by their indexes. ``among`` looks at lines as they are drawn, ``within`` at a text of stored
    lines without colours; None where it would have to see them one by one."""

    def within(self, bare: str) -> list[int] | None: ...

    def among(self, lines: list[str]) -> list[int]: ...


_START = Window()


def find(
    job: Job, steps: Iterable[Step], log: JobLog | None, query: Query, window: Window = _START, *, texts: bool = False
) -> Found:
    """Lines of these steps that fit; with ``texts`` the first of each step with their text. Invalid for an expression
    that is none, or takes too long."""
    matcher = _matcher(query)
    gathered = _Gathered()
    try:
        for step, first, part in _parts(job, _spans(job, steps, log)):
            gathered.add(step, first, *_fitting(part, matcher, texts=texts))
    except TimeoutError:
        raise Invalid("The expression takes too long. Make it simpler.") from None
    return gathered.found(window)


@dataclass
class _Gathered:
    """Numbers of the lines that fit, by step, in four bytes each; and the texts of the first."""

    lines: dict[int, array[int]] = field(default_factory=dict)
    texts: dict[tuple[int, int], str] = field(default_factory=dict)

    def add(self, step: int, first: int, indexes: list[int], drawn: list[str] | None) -> None:
        """Lines of a part that begins with the line ``first``; of ``drawn`` the texts are kept."""
        if not indexes:
            return
        mine = self.lines.setdefault(step, array("I"))
        if drawn is not None:
            shown = indexes[: max(0, WITH_TEXT - len(mine))]
            self.texts |= {(step, first + index): drawn[index][:300] for index in shown}
        mine.extend([first + index for index in indexes])

    def found(self, window: Window) -> Found:
        """What stands in the window."""
        total = sum(len(lines) for lines in self.lines.values())
        after = window.after if window.near is None else self._before(*window.near) // MOST * MOST
        after = after if after < total else 0
        named, passed = [], 0
        for step, lines in sorted(self.lines.items()):
            window_of_step = lines[max(after - passed, 0) : max(after + MOST - passed, 0)]
            named += [(step, window_of_step.tolist())] if window_of_step else []
            passed += len(lines)
        texts = self.texts
        hits = tuple(Hit(*place, text=texts[place]) for place in sorted(texts)) if after == 0 else ()
        return Found(total, hits, after, tuple(named))

    def _before(self, step: int, line: int) -> int:
        """Hits that stand before this line; none when all do, since behind the last comes the first."""
        behind = sum(len(lines) for number, lines in self.lines.items() if number < step)
        behind += bisect_left(self.lines.get(step, ()), line)
        return behind if behind < sum(len(lines) for lines in self.lines.values()) else 0


def _fitting(part: bytes, matcher: _Matcher, *, texts: bool) -> tuple[list[int], list[str] | None]:
    """The indexes of the lines of a part that fit; with ``texts`` its lines as they are drawn, where any does."""
    text = part.decode(errors="replace").removesuffix("\n")
    bare = _bare(part, text)
    indexes = matcher.within(bare) if bare is not None else None
    if indexes is not None and not (texts and indexes):
        return indexes, None
    lines = [_shown(line)[1] for line in text.split("\n")] if bare is None else _drawn(bare, text)
    return matcher.among(lines) if indexes is None else indexes, lines


def _bare(part: bytes, text: str) -> str | None:
    """The text without colours, when it holds nothing else that is drawn in another way than it is stored."""
    rest = part.translate(None, _PLAIN).replace(b"\x1b", b"")
    if rest and _ODD.search(rest.decode(errors="replace")):
        return None
    bare = _SGR.sub("", text) if "\x1b" in text else text
    return bare if "\x1b" not in bare else None


def _drawn(bare: str, text: str) -> list[str]:
    """Its lines without times and marks."""
    end = STAMP_LENGTH - 1  # asked here and not in a function: there are a hundred thousand lines
    lines = [
        line[PREFIX_LENGTH:] if line[4:5] == "-" and line[end:PREFIX_LENGTH] in _ENDS else line
        for line in bare.split("\n")
    ]
    if "##[" in bare:
        stored = text.split("\n")
        for index, line in enumerate(lines):
            if "##[" in line:
                lines[index] = _shown(stored[index])[1]
    return lines


def _is_stamped(line: str) -> bool:
    return line[4:5] == "-" and line[STAMP_LENGTH - 1 : PREFIX_LENGTH] in _ENDS


def marked(job: Job, steps: Iterable[Step], log: JobLog | None) -> Found:
    """Lines that a step marked as an error or a warning; most of a log is only counted through."""
    total = 0
    hits: list[Hit] = []
    for step, first, part in _parts(job, _spans(job, steps, log)):
        seen, number = 0, first
        for mark in _MARKS.finditer(part):
            number += part.count(b"\n", seen, mark.start())
            seen = mark.start()
            start = part.rfind(b"\n", 0, seen) + 1
            end = part.find(b"\n", seen)
            kind, text = _shown(part[start : end if end >= 0 else len(part)].decode(errors="replace"))
            if kind in KINDS and not (hits and (hits[-1].step, hits[-1].line) == (step, number)):
                total += 1
                hits += [Hit(step, number, kind, text[:300])] if total <= MOST else []
    return Found(total, tuple(sorted(hits, key=lambda hit: (hit.step, hit.line))))


def _spans(job: Job, steps: Iterable[Step], log: JobLog | None) -> list[loglines.Span]:
    if log is None or log.deleted_at is not None:
        return []
    found = (loglines.span(job, step, log) for step in steps)
    return sorted((one for one in found if one is not None and one.end > one.start), key=lambda one: one.start)


def _parts(job: Job, spans: list[loglines.Span]) -> Iterator[tuple[int, int, bytes]]:
    """Step, number of the first line (from 1) and whole lines of it, in the order of the log, read once."""
    if not spans:
        return
    at, rests, numbers = spans[0].start, dict.fromkeys(range(len(spans)), b""), dict.fromkeys(range(len(spans)), 1)
    for piece in logs.read(job, at, max(span.end for span in spans), spans[0].log):
        for index, span in enumerate(spans):
            low, high = max(span.start - at, 0), min(span.end - at, len(piece))
            if low >= high:
                continue
            part = rests[index] + piece[low:high]
            whole = len(part) if span.end <= at + len(piece) else part.rfind(b"\n") + 1
            rests[index] = part[whole:]
            if whole:
                yield span.step, numbers[index], part[:whole]
                numbers[index] += part.count(b"\n", 0, whole)
        at += len(piece)


def _shown(line: str) -> tuple[str, str]:
    """Kind and text of a stored line as it is drawn. Most lines are plain, or coloured and else plain."""
    if _is_stamped(line):
        line = line[PREFIX_LENGTH:]
    kind = ""
    if "##[" in line[:200]:
        kind, line = loglines.classify(line)
    if line.isprintable():
        return kind, line
    plain = _SGR.sub("", line) if "\x1b" in line else line
    return kind, plain if plain.replace("\t", " ").isprintable() else ansi.shown(line)


def _matcher(query: Query) -> _Matcher:
    if not query.text or len(query.text) > LONGEST_QUERY:
        raise Invalid(f"Give 1 to {LONGEST_QUERY} characters to look for.")
    if query.is_regex:
        return _Timed(query)
    return _Words(query) if query.word else _Text(query)


class _Text:
    """Lines that hold a text."""

    def __init__(self, query: Query) -> None:
        self._case = query.case
        self._wanted = query.text if query.case else query.text.lower()

    def within(self, bare: str) -> list[int] | None:
        folded = bare if self._case else bare.lower()
        if len(folded) != len(bare):  # a few letters become two: places in one are none in the other
            return None if self._wanted in folded else []
        return list(self._indexes(bare, folded))

    def _indexes(self, bare: str, folded: str) -> Iterator[int]:
        """From hit to hit: lines without one are only counted."""
        wanted, end_of_time = self._wanted, STAMP_LENGTH - 1
        index = seen = 0
        at = folded.find(wanted)
        while at >= 0:
            start = bare.rfind("\n", seen, at) + 1 or seen
            begin = start
            if bare[start + 4 : start + 5] == "-" and bare[start + end_of_time : start + PREFIX_LENGTH] in _ENDS:
                begin += PREFIX_LENGTH
            if bare.startswith("##[", begin) and (mark := _MARK.match(bare, begin)):
                begin = mark.end()
            if at < begin:
                at = folded.find(wanted, begin)
                continue
            end = bare.find("\n", at)
            if 0 <= end < at + len(wanted):  # over the end of a line, which none holds
                at = folded.find(wanted, end + 1)
                continue
            index += bare.count("\n", seen, start)
            seen = start
            yield index
            at = folded.find(wanted, end) if end >= 0 else -1

    def among(self, lines: list[str]) -> list[int]:
        folded = lines if self._case else "\n".join(lines).lower().split("\n")
        wanted = self._wanted
        return [index for index, line in enumerate(folded) if wanted in line]


class _Timed:
    """Lines that an expression fits. It may use ``SECONDS`` of its thread in all; TimeoutError when they are over."""

    def __init__(self, query: Query) -> None:
        self._search = _pattern(query).search
        # Where such a one matches in a line, it matches in a text of which that is a line.
        together = _pattern(query, regex.MULTILINE) if _REGULAR.fullmatch(query.text) else None
        self._together = together.search if together is not None else None
        self._end = time.thread_time() + SECONDS

    def within(self, bare: str) -> list[int] | None:
        return None  # where a line begins and ends matters

    def among(self, lines: list[str]) -> list[int]:
        """Where it fits nowhere in a block of lines, none is looked at alone."""
        found = []
        for first in range(0, len(lines), _BLOCK):
            if time.thread_time() > self._end:
                raise TimeoutError
            block = lines[first : first + _BLOCK]
            if not self._fits_somewhere("\n".join(block)):
                continue
            for index, line in enumerate(block, first):
                if self._search(line, timeout=SECONDS, concurrent=len(line) > _LONG):
                    found.append(index)
        return found

    def _fits_somewhere(self, text: str) -> bool:
        """False when it certainly fits no line of a text."""
        if self._together is None:
            return True
        try:
            return self._together(text, timeout=SECONDS / 40, concurrent=True) is not None
        except TimeoutError:  # over lines together it has too many ways to go, in one of them perhaps not
            self._together = None
            return True


class _Words:
    """Lines that hold a text as a whole word; only those that hold it at all are looked at."""

    def __init__(self, query: Query) -> None:
        self._text, self._search = _Text(query), _pattern(query).search

    def within(self, bare: str) -> list[int] | None:
        return [] if self._text.within(bare) == [] else None

    def among(self, lines: list[str]) -> list[int]:
        return [index for index in self._text.among(lines) if self._search(lines[index])]


def _pattern(query: Query, flags: int = 0) -> regex.Pattern[str]:
    flags |= 0 if query.case else regex.IGNORECASE
    inner = query.text if query.is_regex else regex.escape(query.text)
    try:
        pattern = regex.compile(inner, flags)
        return regex.compile(rf"(?<!\w)(?:{inner})(?!\w)", flags) if query.word else pattern
    except (regex.error, RecursionError, OverflowError) as error:
        raise Invalid(f"This is no regular expression: {error}") from None
