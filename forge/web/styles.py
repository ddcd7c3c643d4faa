"""The style sheets of a page as one file."""

from __future__ import annotations

from forge.web import bundles, security


def _join(names: tuple[str, ...]) -> bytes:
    return b"\n".join((security.STATIC / name).read_bytes() for name in names)


BUNDLE = bundles.Bundle("/-/styles", ".css", "text/css; charset=utf-8", _join)
