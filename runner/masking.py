"""Secrets out of every byte, in every encoding they are likely to appear in.

The encodings are those of GitHub's runner: as written, base64 at each of the three offsets, escaped for
JSON, URLs, XML and shells, without its quotes, and the two parts that PowerShell shows of a value with
``&``. Hits that overlap or touch become one ``***``.

A value of several lines counts line by line, since a log is read line by line; the whole of it is
looked for only where a text is taken as a whole (``holds_secret``).
"""

from __future__ import annotations

import base64
import json
import re
import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from urllib.parse import quote
from xml.sax.saxutils import escape

from ahocorasick_rs import BytesAhoCorasick, MatchKind

MASK = b"***"

_JSON_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_CONTROL = re.compile("[\\x00-\\x1f\\x85\\u2028\\u2029]")
_SMALL = 1000  # forms: compiling so many takes a few milliseconds
_LONG_FORM = 512  # bytes
_AT_ONCE = 64  # forms that one filter can have
_MOST_FILTERED = 512  # forms; with more the automaton alone is as fast as so many filters
_SHELL_PART = 6  # a part this short of a value with `&` is not looked for


class Secrets:
    """The values to hide. Grows only; may be shared between threads.

    The forms of all values are compiled into automata when they are first looked for. What is added later gets
    one of its own, joined with the others as it grows: adding many values one by one stays cheap.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._whole: set[bytes] = set()
        self._known: set[bytes] = set()
        self._fresh: set[bytes] = set()  # known, not yet compiled
        self._compiled: tuple[Forms, ...] = ()
        self.add_all(values)

    @property
    def compiled(self) -> tuple[Forms, ...]:
        """Every byte sequence to hide, ready to be looked for; none holds a newline."""
        if not self._fresh:
            return self._compiled
        with self._lock:
            groups, fresh = list(self._compiled), self._fresh
            while groups and (len(groups[-1].sorted) < max(_SMALL, 2 * len(fresh))):
                fresh = fresh.union(groups.pop().sorted)
            self._compiled = (*groups, Forms(fresh))
            self._fresh = set()
            return self._compiled

    def add(self, value: str) -> None:
        """Hide this value from now on; blank ones are passed over."""
        self.add_all((value,))

    def add_all(self, values: Iterable[str]) -> None:
        """Hide all of these from now on."""
        with self._lock:
            for part in (part for value in values for part in _parts(value)):
                self._whole.add(part.encode(errors="surrogateescape"))
                forms = {form for form in encodings(part) if b"\n" not in form} - self._known
                self._known |= forms
                self._fresh |= forms

    def add_basic_token(self, token: str) -> None:
        """Hide a token, and the Basic credential that git makes of it."""
        if token.strip():
            credential = f"x-access-token:{token}".encode()
            self.add_all((token, base64.b64encode(credential).decode()))

    def mask(self, data: bytes, forms: tuple[Forms, ...] | None = None) -> bytes:
        """This text, taken as a whole, without secrets; without those that were ``compiled`` at a moment, if given."""
        return _replaced(data, hits(data, self.compiled if forms is None else forms))

    def mask_text(self, text: str) -> str:
        """The same for text."""
        return self.mask(text.encode(errors="surrogateescape")).decode(errors="replace") if self._known else text

    def holds_secret(self, text: str) -> bool:
        """True when a secret, in any encoding, stands in this text."""
        data = text.encode(errors="surrogateescape")
        with self._lock:
            whole = tuple(self._whole)
        return bool(hits(data, self.compiled)) or any(value in data for value in whole)


class Forms:
    """Byte sequences, compiled: where they stand in a text is found in one pass, however many they are.

    Most blocks hold no secret. So a filter that says only whether there is one looks first: the library compares
    up to 64 sequences at once with the processor's wide registers, at many times the speed of an automaton.
    """

    def __init__(self, forms: Iterable[bytes]) -> None:
        self.sorted = tuple(sorted(forms))
        self._reach = max((len(form) for form in self.sorted if len(form) <= _LONG_FORM), default=1)
        self._long = tuple(form for form in self.sorted if len(form) > _LONG_FORM)
        groups = range(0, len(self.sorted), _AT_ONCE) if len(self.sorted) <= _MOST_FILTERED else ()
        self._filters = [
            BytesAhoCorasick(self.sorted[at : at + _AT_ONCE], matchkind=MatchKind.LeftmostFirst) for at in groups
        ]

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """Where they stand, overlapping ones too."""
        if self._filters and not any(each.find_matches_as_indexes(data) for each in self._filters):
            return []
        return [(start, end) for _, start, end in self._automaton.find_matches_as_indexes(data, overlapping=True)]

    @cached_property
    def _automaton(self) -> BytesAhoCorasick:
        """Gives every hit. A sequence that shorter ones inside it cover from end to end is not needed; and without
        these no text, such as many times the same letter, has more hits than can be kept."""
        automaton = BytesAhoCorasick(self.sorted)
        needed = [form for form in self.sorted if not _is_covered(form, automaton)]
        return automaton if len(needed) == len(self.sorted) else BytesAhoCorasick(needed)

    def decided(self, data: bytes) -> int:
        """Up to where none of them can begin that the next bytes complete."""
        size = len(data)
        cut = min((_end_that_begins(form, data) for form in self._long), default=size)
        for at in range(max(0, size - self._reach + 1), cut):
            rest = data[at:]
            place = bisect_left(self.sorted, rest)
            if place < len(self.sorted) and self.sorted[place].startswith(rest):
                return at
        return cut


class StreamMasker:
    """Masks a stream that comes in pieces as if it had come in one.

    What may be the beginning of a secret is held back until it is decided; nothing is let go because
    time passed. ``close`` ends the stream and gives the rest.
    """

    def __init__(self, secrets: Secrets, forms: tuple[Forms, ...] | None = None) -> None:
        self._secrets = secrets
        self._forms = forms
        self._held = b""
        self._hidden = 0  # so many bytes at the start of what is held are known to be part of a hit
        self._masked_before = False  # the last bytes given out were a mask

    @property
    def is_idle(self) -> bool:
        """True when nothing is held back."""
        return not self._held

    def hold(self, forms: tuple[Forms, ...]) -> None:
        """From now on mask by those of a moment (``Secrets.compiled``), whatever is added later."""
        self._forms = forms

    def feed(self, data: bytes) -> bytes:
        """The bytes that are decided by now."""
        forms = self._known()
        data = self._held + data
        return self._give(data, min((each.decided(data) for each in forms), default=len(data)), forms)

    def close(self) -> bytes:
        """The rest, at the end of the stream."""
        data = self._held
        given = self._give(data, len(data), self._known())
        self._masked_before = False
        return given

    def _known(self) -> tuple[Forms, ...]:
        return self._secrets.compiled if self._forms is None else self._forms

    def _give(self, data: bytes, cut: int, forms: tuple[Forms, ...]) -> bytes:
        if not cut:
            self._held = data
            return b""
        spans = _merged([(0, self._hidden), *hits(data, forms)] if self._hidden else hits(data, forms))
        self._hidden = max((end - cut for start, end in spans if start < cut < end), default=0)
        shown = [(start, min(end, cut)) for start, end in spans if start < cut]
        self._held = data[cut:]
        given = _replaced(data[:cut], shown)
        if self._masked_before and shown and shown[0][0] == 0:
            given = given[len(MASK) :]  # goes on with the mask that was given out last
        self._masked_before = bool(shown) and shown[-1][1] == cut
        return given


def encodings(value: str) -> Iterator[bytes]:
    """Every form in which this value is hidden."""
    raw = value.encode(errors="surrogateescape")
    json_form = "".join(_JSON_ESCAPES.get(char, char) for char in value)
    forms = [raw, *_base64_forms(raw)]
    forms += [
        text.encode(errors="surrogateescape")
        for text in (
            value.replace('"', '\\"'),
            value.replace("'", "''"),
            json_form,
            _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", json_form),
            json.dumps(value)[1:-1],
            quote(value, safe="-._~", errors="surrogateescape"),
            escape(value, {'"': "&quot;", "'": "&apos;"}),
            escape(value),
            *_without_quotes(value),
            *_around_ampersands(value),
        )
    ]
    return (form for form in forms if form)


def hits(data: bytes, forms: Iterable[Forms]) -> list[tuple[int, int]]:
    """Where secrets stand, merged into spans in order."""
    return _merged([span for each in forms for span in each.spans(data)])


def _parts(value: str) -> Iterator[str]:
    whole = value.strip()
    if whole:
        yield whole
        if "\n" in whole or "\r" in whole:
            yield from (line.strip() for line in re.split("[\r\n]+", whole) if line.strip())


def _base64_forms(raw: bytes) -> Iterator[bytes]:
    for offset in range(3):
        if len(raw) > offset:
            yield base64.b64encode(raw[offset:])


def _without_quotes(value: str) -> Iterator[str]:
    if len(value) > 8 and value[0] == value[-1] == '"':
        yield value[1:-1]


def _around_ampersands(value: str) -> Iterator[str]:
    """PowerShell's error display breaks a value at ``&+``, or else after its last ``&``, with colour codes."""
    if "&+" in value:
        at = value.index("&+") + 2
        parts = (value[:at], value[at + 1 :])  # the character between stands alone, in colour
    elif "&" in value:
        at = value.rindex("&") + 1
        parts = (value[:at], value[at:])
    else:
        return
    yield from (part for part in parts if len(part) >= _SHELL_PART)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _replaced(data: bytes, spans: list[tuple[int, int]]) -> bytes:
    if not spans:
        return data
    pieces, at = [], 0
    for start, end in spans:
        pieces += [data[at:start], MASK]
        at = end
    pieces.append(data[at:])
    return b"".join(pieces)


def _is_covered(form: bytes, automaton: BytesAhoCorasick) -> bool:
    """True when hits of shorter ones within this form, merged, are the whole of it."""
    found = automaton.find_matches_as_indexes(form, overlapping=True)
    inside = [(start, end) for _, start, end in found if end - start < len(form)]
    return bool(inside) and _merged(inside) == [(0, len(form))]


def _end_that_begins(form: bytes, data: bytes) -> int:
    """Where the end of this text begins that is the beginning of the form; the text's length if none does."""
    at = max(0, len(data) - len(form) + 1)
    while (at := data.find(form[:1], at)) >= 0:
        if form.startswith(data[at:]):
            return at
        at += 1
    return len(data)
