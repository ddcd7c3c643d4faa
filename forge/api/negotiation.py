"""Always JSON: clients name media types that nobody could list, and mean JSON by all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

#: What stands around the word in ``application/vnd.github.v3.raw+json``.
_FORM = re.compile(r"^application/vnd\.github\.(?:v3\.)?|\+json$")


class IgnoreAccept(BaseContentNegotiation):
    """Takes the view's first parser and renderer whatever the client asked for; never 406 or 415."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        """The first parser."""
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first renderer."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class Json(JSONRenderer):
    """JSON that says its charset, as GitHub's does."""

    charset = "utf-8"


class AnyJson(BaseParser):
    """Reads every body as JSON, an empty one as ``{}``; what is no JSON is a 400, never a 500."""

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The body's value; ``ParseError`` for what no JSON text or no storable text is, and
        ``RequestDataTooBig``."""
        # An ASGI server counts before this; under WSGI this is the place.
        body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        if not body.strip():
            return {}
        try:
            value = json.loads(body.decode(), parse_constant=_refuse)
        except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
            raise ParseError("Problems parsing JSON") from error
        if b"\\u0000" in body or b"\\ud" in body.lower():
            _check_text(value)
        return value


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _check_text(value: Any) -> None:
    """No NUL and no half of a surrogate pair: no database stores them, no client means them."""
    if isinstance(value, str):
        if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value):
            raise ParseError("Problems parsing JSON: a text holds a character that is none")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check_text(item)
    elif isinstance(value, list):
        for item in value:
            _check_text(item)


def wants(request: Request, word: str) -> bool:
    """True when the client asks for one of GitHub's own forms of a thing, such as ``raw``: the only part of the
    Accept header that is heeded, since it says what is wanted and not merely how."""
    accepted = request.headers.get("Accept", "").lower()
    return any(_FORM.sub("", one.split(";")[0].strip()) == word for one in accepted.split(","))
