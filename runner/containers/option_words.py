"""The texts that ``docker create`` takes: words of a command line, sizes, times, switches.

Everything here raises ValueError with words for a person.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

#: One letter → the option's name.
_SHORT = {
    "a": "attach", "c": "cpu-shares", "e": "env", "h": "hostname", "i": "interactive", "l": "label", "m": "memory",
    "P": "publish-all", "p": "publish", "t": "tty", "u": "user", "v": "volume", "w": "workdir",
}  # fmt: skip
#: Options that stand alone.
FLAGS = frozenset(
    ("init", "interactive", "no-healthcheck", "oom-kill-disable", "privileged", "publish-all", "read-only", "rm", "tty")
)
_OTHER_NAMES = {"net": "network", "net-alias": "network-alias", "dns-opt": "dns-option"}
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgt]?)i?b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_TIME = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Every option with its value, in the order in which they stand; what stands alone has the value ``true``."""
    words = iter(shlex.split(text))
    for word in words:
        if not word.startswith("-") or word in ("-", "--"):
            raise ValueError(f"'{word}' is no option")
        name, mark, value = word.lstrip("-").partition("=") if word.startswith("--") else _short(word)
        name = _OTHER_NAMES.get(name, name)
        if mark:
            yield name, value
        elif name in FLAGS:
            yield name, "true"
        else:
            yield name, _next(words, name)


def _short(word: str) -> tuple[str, str, str]:
    """``-e A``, ``-eA=1``, ``-e=A``, ``-t``, ``-it``"""
    letter, rest = word[1], word[2:]
    if letter not in _SHORT:
        raise ValueError(f"'-{letter}' is not known")
    name = _SHORT[letter]
    if not rest:
        return name, "", ""
    if name in FLAGS and all(_SHORT.get(each) in FLAGS for each in rest):
        return name, "=", "true"  # of several switches in one word only -i and -t are of use, and one keeps both
    return name, "=", rest.removeprefix("=")


def _next(words: Iterator[str], name: str) -> str:
    value = next(words, None)
    if value is None:
        raise ValueError(f"'--{name}' needs a value")
    return value


def flag(value: str) -> bool:
    """A switch, as Go's strconv.ParseBool reads it."""
    if value in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if value in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise ValueError(f"'{value}' is neither true nor false")


def size(value: str) -> int:
    """Bytes: 64m, 1.5g, 512."""
    found = _SIZE.fullmatch(value.strip())
    if found is None:
        raise ValueError(f"'{value}' is no size such as 512m or 2g")
    return int(float(found[1]) * _UNITS[found[2].lower()])


def nanoseconds(value: str) -> int:
    """A time as Go writes it: 10s, 1m30s, 500ms."""
    parts = _TIME.findall(value)
    if value != "0" and (not parts or "".join(map("".join, parts)) != value):
        raise ValueError(f"'{value}' is no time such as 10s or 1m30s")
    return sum(int(float(number) * _NANOSECONDS[unit]) for number, unit in parts)


def whole(value: str) -> int:
    """A whole number, not below zero."""
    if not value.isdecimal():
        raise ValueError(f"'{value}' is no whole number")
    return int(value)


def number(value: str) -> float:
    """A number, not below zero."""
    try:
        found = float(value)
    except ValueError:
        raise ValueError(f"'{value}' is no number") from None
    if not 0 <= found < float("inf"):
        raise ValueError(f"'{value}' is not allowed")
    return found
