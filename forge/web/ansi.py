"""Terminal output to safe text: colours become classes, every other control sequence goes.

``static/ansi.js`` is the same in JavaScript; both are held to one table of cases. State goes from line to
line, as in a terminal. Controls that turn the direction of text are written out, so that no line can
look like another.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from forge.web import palette

_CONTROL = re.compile(
    "(?:\x1b\\[|\x9b)([0-?]*)[ -/]*([@-~])"  # CSI; SGR is the one that ends in m
    "|(?:\x1b\\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\\\|\x9c|$)"  # OSC: titles, links
    "|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c]*(?:\x1b\\\\|\x9c|$)"  # strings to the device
    "|\x1b[ -/]*[0-~]?"
    "|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]"
)
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_URL = re.compile(r"https?://[^\s<>\"'`\\^{|}]+")
_TRAILING = ".,;:!?)]"
#: Colour changes drawn in one line; the rest keeps the last colour.
MAX_SEGMENTS = 64


@dataclass(frozen=True)
class Style:
    """What is in force at a place: colour numbers 0 to 255 (None: the default) and attributes."""

    foreground: int | None = None
    background: int | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    inverse: bool = False

    def parameters(self) -> str:
        """As SGR parameters from the default state (``1;38;5;1``); empty for the default."""
        flags = ((1, self.bold), (2, self.dim), (3, self.italic), (4, self.underline), (7, self.inverse))
        parts = [str(code) for code, on in (*flags, (9, self.strike)) if on]
        parts += [f"38;5;{self.foreground}"] if self.foreground is not None else []
        parts += [f"48;5;{self.background}"] if self.background is not None else []
        return ";".join(parts)

    def classes(self) -> str:
        """CSS classes that draw it."""
        front, back = (self.foreground, self.background)
        names: list[str] = []
        if self.inverse:
            front, back = back, front
            if back is None:
                names.append("inv")
        if back is not None:
            names += ["bg", f"b{back}"]
        if front is not None and (back is None or palette.readable(front, back)):
            names.append(f"x{front}")
        flags = {"bd": self.bold, "dm": self.dim, "it": self.italic, "ul": self.underline, "sk": self.strike}
        return " ".join([*names, *(name for name, on in flags.items() if on)])


PLAIN = Style()
_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"}
_COLOURS = ((30, "foreground", 0), (90, "foreground", 8), (40, "background", 0), (100, "background", 8))
_OFF = {23: "italic", 24: "underline", 27: "inverse", 29: "strike", 39: "foreground", 49: "background"}


def apply(style: Style, parameters: str) -> Style:
    """The style after an SGR sequence with these parameters. What is not known changes nothing."""
    if not re.fullmatch("[0-9;:]*", parameters):
        return style
    codes = [int(code or 0) for code in parameters.replace(":", ";").split(";")]
    while codes:
        code = codes.pop(0)
        if code in (38, 48):
            style = _extended(style, "foreground" if code == 38 else "background", codes)
        else:
            style = _simple(style, code)
    return style


def _with(style: Style, name: str, value: Any) -> Style:
    return replace(style, **{name: value})


def _simple(style: Style, code: int) -> Style:
    if code == 0:
        return PLAIN
    if code == 22:
        return replace(style, bold=False, dim=False)
    if code in _ON:
        return _with(style, _ON[code], True)
    if code in _OFF:
        return _with(style, _OFF[code], None if code in (39, 49) else False)
    for first, name, number in (
        (30, "foreground", 0),
        (90, "foreground", 8),
        (40, "background", 0),
        (100, "background", 8),
    ):
        if first <= code <= first + 7:
            return _with(style, name, number + code - first)
    return style


def _extended(style: Style, name: str, codes: list[int]) -> Style:
    """``38;5;n`` and ``38;2;r;g;b``; takes what it needs from the codes that are left."""
    kind = codes.pop(0) if codes else 0
    if kind == 5 and codes:
        number = codes.pop(0)
        return _with(style, name, number) if number < 256 else style
    if kind == 2 and len(codes) >= 3:
        red, green, blue = codes[:3]
        del codes[:3]
        return _with(style, name, palette.nearest(red, green, blue)) if max(red, green, blue) < 256 else style
    codes.clear()
    return style


def visible(text: str) -> str:
    """Text without control characters, with controls of direction written out as ``[U+202E]``."""
    return _turned(_CONTROL.sub("", text))


def shown(text: str) -> str:
    """The text of a line as it is drawn: without control characters, of a progress bar the last frame."""
    kept = _CONTROL.sub(lambda found: "\r" if found.group() == "\r" else "", text.rstrip("\r\n"))
    return _turned(kept[kept.rfind("\r") + 1 :])


def turns(text: str) -> bool:
    """Whether something in it turns the direction of text."""
    return _TURNING.search(text) is not None


def _turned(text: str) -> str:
    return _TURNING.sub(lambda found: f"[U+{ord(found.group()):04X}]", text)


def segments(text: str, style: Style = PLAIN) -> tuple[list[tuple[str, str]], Style]:
    """One line as (classes, text) pairs, and the style at its end.

    A carriage return starts the line again, so that of a progress bar its last frame is kept.
    """
    found: list[tuple[str, str]] = []
    place = 0
    text = text.rstrip("\r\n")
    for control in _CONTROL.finditer(text):
        _add(found, style, text[place : control.start()])
        place = control.end()
        if control.group() == "\r" and place < len(text):
            found.clear()
        elif control.group(2) == "m":
            style = apply(style, control.group(1))
    _add(found, style, text[place:])
    return found, style


def _add(found: list[tuple[str, str]], style: Style, text: str) -> None:
    if not text:
        return
    classes = style.classes()
    if found and (found[-1][0] == classes or len(found) >= MAX_SEGMENTS):
        found[-1] = (found[-1][0], found[-1][1] + _turned(text))
    else:
        found.append((classes, _turned(text)))


def html(text: str, style: Style = PLAIN, rest: Callable[[str], str] = escape) -> tuple[str, Style]:
    """One line as escaped HTML, and the style at its end. ``rest`` makes HTML of what is no web address."""
    found, style = segments(text, style)
    return "".join(_span(classes, part, rest) for classes, part in found), style


def _span(classes: str, text: str, rest: Callable[[str], str]) -> str:
    inner = _linked(text, rest)
    return f'<span class="{classes}">{inner}</span>' if classes else inner


def _linked(text: str, rest: Callable[[str], str]) -> str:
    """Escaped text in which web addresses are links."""
    out, place = [], 0
    for found in _URL.finditer(text):
        url = found.group().rstrip(_TRAILING)
        if len(url) <= len("https://"):
            continue
        out.append(rest(text[place : found.start()]))
        out.append(f'<a href="{escape(url)}" rel="nofollow noopener noreferrer">{escape(url)}</a>')
        place = found.start() + len(url)
    return "".join(out) + rest(text[place:])
