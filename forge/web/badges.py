"""Badges: how a workflow stands, as a small picture for a README.

Programs read them too: some take what follows the last `` - `` of the title, some the last text before the icon.
"""

from __future__ import annotations

import hashlib
import unicodedata

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.http import require_safe

from forge.actions.models import Workflow
from forge.actions.queries import badges
from forge.actions.queries import runs as queries
from forge.errors import Forbidden, NotFound
from forge.repos.models import Repository
from forge.web import door
from forge.web.atom import clean

_COLOURS = {"passing": "#1f7a3a", "failing": "#c0303c", "no status": "#6a737d"}
_ICON, _GAP = 24, 6
_NARROW, _WIDE = "fijlrt.,:;'|!()[] ", "mwMW@%"
#: A longer name is cut: a badge stands in a line of text.
_LONGEST = 100


@require_safe
def of_file(request: HttpRequest, owner: str, name: str, file: str) -> HttpResponseBase:
    """GET /{owner}/{repo}/actions/workflows/{file}/badge.svg"""
    try:
        repository = door.repository(request, owner, name)
        return _answer(request, queries.workflow(repository, file), repository)
    except (NotFound, Forbidden):
        return _not_found()


@require_safe
def of_name(request: HttpRequest, owner: str, name: str, workflow: str) -> HttpResponseBase:
    """GET /{owner}/{repo}/workflows/{name}/badge.svg, the older address, which the API gives as ``badge_url``."""
    try:
        repository = door.repository(request, owner, name)
        return _answer(request, queries.workflow_called(repository, workflow), repository)
    except (NotFound, Forbidden):
        return _not_found()


def _answer(request: HttpRequest, workflow: Workflow, repository: Repository) -> HttpResponseBase:
    workflow.repository = repository
    word = badges.word(workflow, request.GET.get("branch", ""), request.GET.get("event", ""))
    body = draw(workflow.name, word).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()}"'
    response = HttpResponse(body, content_type="image/svg+xml; charset=utf-8")
    response["ETag"] = etag
    # Keep it, and ask again before each use: a badge that is late says something wrong.
    response["Cache-Control"] = "private, no-cache" if repository.private else "no-cache"
    answer = get_conditional_response(request, etag=etag, response=response) or response
    patch_vary_headers(answer, ("Cookie",))
    return answer


def draw(name: str, word: str) -> str:
    """The picture, as SVG text."""
    shown = clean(name)
    shown = shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
    name_length, word_length = _length(shown), _length(word)
    left, right = _ICON + name_length + _GAP, word_length + 2 * _GAP
    return render_to_string(
        "badges/badge.svg",
        {
            "name": shown,
            "word": word,
            "colour": _COLOURS[word],
            "left": left,
            "right": right,
            "width": left + right,
            "name_length": name_length,
            "word_length": word_length,
            "word_start": left + _GAP,
        },
    )


def _length(text: str) -> int:
    """About how wide the text is in Verdana of 11 pixels; the picture stretches it to just that."""
    return max(1, round(sum(_width(letter) for letter in text)))


def _width(letter: str) -> float:
    if letter in _NARROW:
        return 4.3
    if unicodedata.east_asian_width(letter) in "WF":
        return 11.0
    return 9.8 if letter in _WIDE else 7.6 if letter.isupper() else 6.7


def _not_found() -> HttpResponse:
    response = HttpResponse("Not Found\n", status=404, content_type="text/plain; charset=utf-8")
    patch_vary_headers(response, ("Cookie",))
    return response
