"""Search over the whole log of a job: every line that fits is counted, the first ten thousand are named.

What is matched is a line as it is drawn: without its time, its control sequences and its mark.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import regex

from forge.actions import logs
from forge.actions.models import Job, JobLog, Step
from forge.errors import Invalid
from forge.web import ansi, loglines
from workflows.log_lines import PREFIX_LENGTH, STAMP_LENGTH

#: While a line of so many characters is looked through, other threads go on.
_LONG = 200
#: Hits that are named; all are counted.
MOST = 10_000
#: Of so many hits the text is kept too, for a list of them.
WITH_TEXT = 200
#: So long regular expressions may look at one log.
SECONDS = 2.0
LONGEST_QUERY = 500
KINDS = ("error", "warning")

_SGR = re.compile("\x1b\\[[0-9;]*m")
_MARKS = re.compile(rb"##\[(?:error|warning)\]")

Matcher = Callable[[str], bool]


@dataclass(frozen=True)
class Query:
    """What is looked for. ``word``: not as a part of a longer word."""

    text: str
    is_regex: bool = False
    case: bool = False
    word: bool = False


@dataclass(frozen=True)
class Hit:
    """A line that fits, counted from 1 in its step; ``text`` as it is drawn, of the first hits only."""

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
    """All hits counted, the first of them named."""

    total: int = 0
    hits: tuple[Hit, ...] = ()


def find(job: Job, steps: Iterable[Step], log: JobLog | None, query: Query) -> Found:
    """Lines of these steps that fit. Invalid for an expression that is none, or takes too long."""
    fits = _matcher(query)
    total = 0
    hits: list[Hit] = []
    try:
        for step, first, part in _parts(job, _spans(job, steps, log)):
            text = part.decode(errors="replace")
            lines = text.removesuffix("\n").split("\n")
            for index in _candidates(text, lines, query):
                sure, kind, line = index >= 0, "", ""
                index = index if sure else ~index
                if total < WITH_TEXT or not sure:
                    kind, line = _shown(lines[index])
                if sure or fits(line):
                    total += 1
                    if total <= MOST:
                        hits.append(Hit(step, first + index, kind, line[:300] if total <= WITH_TEXT else ""))
    except TimeoutError:
        raise Invalid("The expression takes too long. Make it simpler.") from None
    return Found(total, tuple(sorted(hits, key=lambda hit: (hit.step, hit.line))))


def _candidates(text: str, lines: list[str], query: Query) -> Iterable[int]:
    """Indexes of lines that may fit; ``~index`` of those that have to be looked at again.

    In text that is plain but for colours, words are found without looking at every line.
    """
    if query.is_regex or "\n" in query.text:
        return (~index for index in range(len(lines)))
    text, wanted = (text, query.text) if query.case else (text.lower(), query.text.lower())
    if "\x1b" in text:
        text = _SGR.sub("", text)
    if not text.replace("\n", " ").replace("\t", " ").isprintable():
        return (~index for index in range(len(lines)))
    return _standing(text, wanted, whole_words=query.word)


def _standing(text: str, wanted: str, *, whole_words: bool) -> Iterator[int]:
    """The same in plain text: sure behind the stamp of a line that has no mark."""
    index, at, seen = 0, text.find(wanted), 0
    while at >= 0:
        index += text.count("\n", seen, at)
        start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
        end = end if end >= 0 else len(text)
        stamped = at - start >= PREFIX_LENGTH and text[start + STAMP_LENGTH - 1 : start + PREFIX_LENGTH] in ("Z ", "z ")
        yield index if stamped and not whole_words and text.find("##[", start, end) < 0 else ~index
        seen, at = end, text.find(wanted, end)


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
    for piece in logs.read(job, at, max(span.end for span in spans)):
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
    if line[4:5] == "-" and line[STAMP_LENGTH - 1 : PREFIX_LENGTH] in ("Z ", "+ "):
        line = line[PREFIX_LENGTH:]
    kind = ""
    if "##[" in line[:200]:
        kind, line = loglines.classify(line)
    if line.isprintable():
        return kind, line
    plain = _SGR.sub("", line) if "\x1b" in line else line
    return kind, plain if plain.replace("\t", " ").isprintable() else ansi.shown(line)


def _matcher(query: Query) -> Matcher:
    if not query.text or len(query.text) > LONGEST_QUERY:
        raise Invalid(f"Give 1 to {LONGEST_QUERY} characters to look for.")
    if query.is_regex or query.word:
        return _by_regex(query)
    wanted = query.text if query.case else query.text.lower()
    return (lambda text: wanted in text) if query.case else (lambda text: wanted in text.lower())


def _by_regex(query: Query) -> Matcher:
    flags = 0 if query.case else regex.IGNORECASE
    inner = query.text if query.is_regex else regex.escape(query.text)
    try:
        pattern = regex.compile(inner, flags)
        if query.word:
            pattern = regex.compile(rf"(?<!\w)(?:{inner})(?!\w)", flags)
    except (regex.error, RecursionError, OverflowError) as error:
        raise Invalid(f"This is no regular expression: {error}") from None
    return _Timed(pattern).fits


class _Timed:
    """A pattern that may use ``SECONDS`` of its thread in all; TimeoutError when they are over."""

    def __init__(self, pattern: regex.Pattern[str]) -> None:
        self._search = pattern.search
        self._end = time.thread_time() + SECONDS
        self._looks = 0

    def fits(self, text: str) -> bool:
        """True when the pattern stands in it."""
        self._looks += 1
        if self._looks % 256 == 0 and time.thread_time() > self._end:
            raise TimeoutError
        return self._search(text, timeout=SECONDS, concurrent=len(text) > _LONG) is not None
