"""The style sheets of a page as one file."""

from __future__ import annotations

import re

from forge.web import bundles, security

#: What is there for those who read the files: comments, and the space around a rule's signs.
_COMMENT = re.compile(rb"/\*.*?\*/", re.DOTALL)
_SPACE = re.compile(rb";?\s*([{};])\s*")


def _join(names: tuple[str, ...]) -> bytes:
    whole = b"\n".join((security.STATIC / name).read_bytes() for name in names)
    return _SPACE.sub(rb"\1", _COMMENT.sub(b"", whole)).strip()


BUNDLE = bundles.Bundle("/-/styles", ".css", "text/css; charset=utf-8", _join)
