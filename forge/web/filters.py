"""Filters of the list of runs that a person keeps under names."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from forge.actions import bookmarks
from forge.actions.models import SavedFilter, Workflow
from forge.actions.queries import pages
from forge.errors import Invalid
from forge.repos.models import Repository
from forge.web import door
from forge.web.errors import page
from forge.web.query import Query, parse


@dataclass(frozen=True)
class Menu:
    """What stands beside the query: the person's filters, and ``text``, the query that could be kept; "" if none."""

    saved: tuple[SavedFilter, ...]
    text: str


def menu(request: HttpRequest, repository: Repository, query: Query, chosen: Workflow | None) -> Menu | None:
    """Of a person who is logged in; one query. On a workflow's page the filter is one of this workflow."""
    account = door.actor(request).account
    if account is None:
        return None
    saved = tuple(bookmarks.filters(account, repository))
    text = "" if query.empty or query.problems else query.text
    if text and chosen is not None:
        text = query.with_value("workflow", chosen.path.rsplit("/", 1)[-1])
    return Menu(saved, "" if text in {one.query for one in saved} else text)


@page
def saved(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """The person's filters, and a form for one more (GET, ``?query=``); keeping it (POST) leads to what it finds."""
    repository = door.repository(request, owner, name)
    if request.method != "POST" and not request.user.is_authenticated:
        return door.see_other("/login?" + urlencode({"next": request.get_full_path()}))
    if request.method != "POST":
        return _show(request, repository, request.GET.get("query", "")[: bookmarks.LONGEST_QUERY])
    text, called = request.POST.get("query", ""), request.POST.get("name", "")
    account, query = door.person(request), parse(text[: bookmarks.LONGEST_QUERY + 1])
    errors = {"query": "; ".join(query.problems)} if query.problems else {}
    if query.empty and not errors:
        errors = {"query": "Say what the filter is to find, for instance is:failure branch:main."}
    if not errors:
        try:
            kept = bookmarks.save(account, repository, called, text)
            return door.see_other(f"/{repository.full_name}/actions?" + urlencode({"query": kept.query}))
        except Invalid as error:
            errors = {found.field: found.message for found in error.errors}
    answer = _show(request, repository, text, called, errors)
    answer.status_code = 422
    return answer


@require_POST
@page
def delete(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Deletes the filter with the name that is sent; back to the page."""
    repository = door.repository(request, owner, name)
    bookmarks.forget(door.person(request), repository, request.POST.get("name", ""))
    return door.back(request, f"/{repository.full_name}/actions/filters")


def _show(
    request: HttpRequest, repository: Repository, query: str, called: str = "", errors: dict[str, str] | None = None
) -> HttpResponse:
    account = door.person(request)
    context = {
        "beside": "Saved filters",
        "text": query,
        "called": called,
        "errors": errors or {},
        "saved": bookmarks.filters(account, repository),
        "most": bookmarks.MOST,
        "longest": bookmarks.LONGEST_NAME,
        "side": pages.side(repository, account),
    }
    return door.show(request, "runs/filters.html", repository, tab="actions", **context)
