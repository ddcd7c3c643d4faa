"""The style sheets of a page as one file."""

from __future__ import annotations

import re

from forge.web import bundles, security

#: What is there for those who read the files, before a line's first word as behind its last.
_COMMENT = re.compile(rb"\s*/\*.*?\*/|(?<=\n)[ \t]+", re.DOTALL)


def _join(names: tuple[str, ...]) -> bytes:
    return _COMMENT.sub(b"", b"\n".join((security.STATIC / name).read_bytes() for name in names))


BUNDLE = bundles.Bundle("/-/styles", ".css", "text/css; charset=utf-8", _join)
