"""The 256 colours of terminals on Forge's log background, and the stylesheet made from them.

``python -m forge.web.palette > forge/web/static/ansi.css`` writes the sheet; a test holds the two together.
Colours are classes and never style attributes, so that they pass the content security policy.
"""

from __future__ import annotations

from functools import cache

Rgb = tuple[int, int, int]

LIGHT_BACKGROUND: Rgb = (0xFB, 0xFC, 0xFD)
DARK_BACKGROUND: Rgb = (0x0A, 0x0D, 0x12)
_LEVELS = (0, 95, 135, 175, 215, 255)
#: xterm's own first sixteen; used for backgrounds, and for a foreground on a background.
_DARK = (0x000000, 0xCD0000, 0x00CD00, 0xCDCD00, 0x1E6FD0, 0xCD00CD, 0x00CDCD, 0xE5E5E5)
_BRIGHT = (0x7F7F7F, 0xFF0000, 0x00FF00, 0xFFFF00, 0x5C8CFF, 0xFF00FF, 0x00FFFF, 0xFFFFFF)
_BASE = (*_DARK, *_BRIGHT)
#: The first sixteen as text follow the theme: light, dark.
_THEMED = (
    ("#1b2027", "#9aa4af"),
    ("var(--bad)", "var(--bad)"),
    ("var(--ok)", "var(--ok)"),
    ("var(--wait)", "var(--wait)"),
    ("var(--accent)", "var(--accent)"),
    ("#7a3fc0", "#c49bff"),
    ("#12727a", "#4fc7d0"),
    ("#56606b", "#d5dbe1"),
    ("#5b6570", "#939da8"),
    ("#a11522", "#ff8f89"),
    ("#0f5c2b", "#6fdc8c"),
    ("#6e4700", "#f0c060"),
    ("#084c9b", "#86bdff"),
    ("#6230a0", "#d6b8ff"),
    ("#0c5a61", "#7adbe2"),
    ("#1b2027", "#ffffff"),
)


@cache
def colour(number: int) -> Rgb:
    """Red, green and blue (0 to 255) of a colour number from 0 to 255."""
    if number < 16:
        value = _BASE[number]
        return value >> 16, value >> 8 & 255, value & 255
    if number < 232:
        rest = number - 16
        return _LEVELS[rest // 36], _LEVELS[rest // 6 % 6], _LEVELS[rest % 6]
    grey = 8 + 10 * (number - 232)
    return grey, grey, grey


def nearest(red: int, green: int, blue: int) -> int:
    """The number from 16 to 231 that comes next to a true colour."""
    steps = [min(range(6), key=lambda level: abs(_LEVELS[level] - part)) for part in (red, green, blue)]
    return 16 + 36 * steps[0] + 6 * steps[1] + steps[2]


def luminance(rgb: Rgb) -> float:
    """Relative luminance as WCAG defines it, 0 to 1."""
    parts = [part / 255 for part in rgb]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Rgb, other: Rgb) -> float:
    """Contrast ratio of two colours as WCAG defines it, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def readable(foreground: int, background: int) -> bool:
    """True when a program's own pair of colours can be kept: 3 to 1 at least."""
    return contrast(colour(foreground), colour(background)) >= 3


def _hex(rgb: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _lifted(rgb: Rgb, ground: Rgb, towards: int) -> Rgb:
    """The colour moved towards black or white until it reads 4.5 to 1 on the ground."""
    for step in range(0, 101, 4):
        moved = tuple(round(part + (towards - part) * step / 100) for part in rgb)
        found = (moved[0], moved[1], moved[2])
        if contrast(found, ground) >= 4.5:
            return found
    return towards, towards, towards


def stylesheet() -> str:
    """All rules: ``x<n>`` colours text, ``b<n>`` a background (with ``bg``, which chooses the text on it)."""
    rules = ["/* Made by forge/web/palette.py. */"]
    for number in range(256):
        rgb = colour(number)
        if number < 16:
            light, dark = _THEMED[number]
        else:
            light, dark = _hex(_lifted(rgb, LIGHT_BACKGROUND, 0)), _hex(_lifted(rgb, DARK_BACKGROUND, 255))
        shown = light if light == dark else f"light-dark({light},{dark})"
        rules.append(f".x{number}{{--x:{_hex(rgb)};color:{shown}}}")
    for number in range(256):
        rgb = colour(number)
        on = "#000" if contrast(rgb, (0, 0, 0)) >= contrast(rgb, (255, 255, 255)) else "#fff"
        rules.append(f".b{number}{{background:{_hex(rgb)};--on:{on}}}")
    rules.append(".bg{color:var(--x,var(--on))}")
    return "\n".join(rules) + "\n"


if __name__ == "__main__":
    print(stylesheet(), end="")
