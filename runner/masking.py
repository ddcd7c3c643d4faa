"""Secrets out of every byte, in every encoding they are likely to appear in.

The encodings are those of GitHub's runner: as written, base64 at each of the three offsets, escaped for
JSON, URLs, XML and shells, without its quotes, and the two parts that PowerShell shows of a value with
``&``. Hits that overlap or touch become one ``***``.

A value of several lines counts line by line, since a log is read line by line; the whole of it is
looked for only where a text is taken as a whole (``holds_secret``).
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable, Iterator
from urllib.parse import quote
from xml.sax.saxutils import escape

MASK = b"***"

_JSON_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SHELL_PART = 6  # a part this short of a value with `&` is not looked for


class Secrets:
    """The values to hide. Grows only; may be shared between threads."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._growing = threading.Lock()
        self._whole: frozenset[bytes] = frozenset()
        self._patterns: tuple[bytes, ...] = ()
        self.add_all(values)

    @property
    def patterns(self) -> tuple[bytes, ...]:
        """Every byte sequence to hide, longest first; none holds a newline."""
        return self._patterns

    def add(self, value: str) -> None:
        """Hide this value from now on; blank ones are passed over."""
        self.add_all((value,))

    def add_all(self, values: Iterable[str]) -> None:
        """Hide all of these from now on."""
        with self._growing:
            whole, found = set(self._whole), set(self._patterns)
            for value in values:
                for part in _parts(value):
                    whole.add(part.encode(errors="surrogateescape"))
                    found.update(form for form in encodings(part) if b"\n" not in form)
            self._whole = frozenset(whole)
            self._patterns = tuple(sorted(found, key=lambda form: (-len(form), form)))

    def add_basic_token(self, token: str) -> None:
        """Hide a token, and the Basic credential that git makes of it."""
        if token.strip():
            credential = f"x-access-token:{token}".encode()
            self.add_all((token, base64.b64encode(credential).decode()))

    def mask(self, data: bytes) -> bytes:
        """This text, taken as a whole, without secrets."""
        return _replaced(data, hits(data, self._patterns))

    def mask_text(self, text: str) -> str:
        """The same for text."""
        return self.mask(text.encode(errors="surrogateescape")).decode(errors="replace") if self._patterns else text

    def holds_secret(self, text: str) -> bool:
        """True when a secret, in any encoding, stands in this text."""
        data = text.encode(errors="surrogateescape")
        return any(value in data for value in (*self._whole, *self._patterns))


class StreamMasker:
    """Masks a stream that comes in pieces as if it had come in one.

    What may be the beginning of a secret is held back until it is decided; nothing is let go because
    time passed. ``close`` ends the stream and gives the rest.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._held = b""
        self._hidden = 0  # so many bytes at the start of what is held are known to be part of a hit
        self._masked_before = False  # the last bytes given out were a mask

    @property
    def is_idle(self) -> bool:
        """True when nothing is held back."""
        return not self._held

    def feed(self, data: bytes) -> bytes:
        """The bytes that are decided by now."""
        patterns = self._secrets.patterns
        data = self._held + data
        return self._give(data, _decided(data, patterns), patterns)

    def close(self) -> bytes:
        """The rest, at the end of the stream."""
        data, patterns = self._held, self._secrets.patterns
        given = self._give(data, len(data), patterns)
        self._masked_before = False
        return given

    def _give(self, data: bytes, cut: int, patterns: tuple[bytes, ...]) -> bytes:
        if not cut:
            self._held = data
            return b""
        spans = _merged([(0, self._hidden), *hits(data, patterns)] if self._hidden else hits(data, patterns))
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
            quote(value, safe="-._~", errors="surrogateescape"),
            escape(value, {'"': "&quot;", "'": "&apos;"}),
            escape(value),
            *_without_quotes(value),
            *_around_ampersands(value),
        )
    ]
    return (form for form in forms if form)


def hits(data: bytes, patterns: Iterable[bytes]) -> list[tuple[int, int]]:
    """Where the patterns stand, overlapping ones too, merged into spans in order."""
    found = []
    for pattern in patterns:
        at = data.find(pattern)
        while at >= 0:
            found.append((at, at + len(pattern)))
            at = data.find(pattern, at + 1)
    return _merged(found)


def _parts(value: str) -> Iterator[str]:
    whole = value.strip()
    if whole:
        yield whole
        if "\n" in whole or "\r" in whole:
            yield from (line.strip() for line in whole.splitlines() if line.strip())


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


def _decided(data: bytes, patterns: Iterable[bytes]) -> int:
    """Up to where no secret can begin that the next bytes complete."""
    cut = len(data)
    for pattern in patterns:
        at = max(0, len(data) - len(pattern) + 1)
        while 0 <= (at := data.find(pattern[:1], at)) < cut:
            if pattern.startswith(data[at:]):
                cut = at
                break
            at += 1
    return cut
