"""Is it really to be done? A page of its own; browsers with scripts show its form in a dialog."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from forge.repos.models import Repository
from forge.web import door


def first(
    request: HttpRequest,
    repository: Repository,
    act: Callable[[], object],
    then: str,
    *,
    title: str,
    text: str,
    verb: str,
    back: str,
) -> HttpResponse:
    """A form that sends nothing but the yes to its own address, and the way back; sent, it does ``act`` and leads to
    ``then``."""
    if request.method == "POST":
        act()
        return door.see_other(then)
    asked = {"title": title, "text": text, "verb": verb, "back": back}
    return door.show(request, "run/ask.html", repository, tab="actions", asked=asked)
