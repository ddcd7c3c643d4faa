"""What every view does first: who asks, which repository, and the way back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from forge.accounts.actor import ANONYMOUS, Actor
from forge.accounts.models import Account
from forge.errors import Forbidden
from forge.repos import access
from forge.repos.models import Repository, Right


def actor(request: HttpRequest) -> Actor:
    """The person behind the session, or nobody."""
    user = request.user
    return Actor.for_session(user) if isinstance(user, Account) and user.is_active else ANONYMOUS


def person(request: HttpRequest) -> Account:
    """The account that is logged in; Forbidden for nobody."""
    found = actor(request).account
    if found is None:
        raise Forbidden("Log in first.")
    return found


def repository(request: HttpRequest, owner: str, name: str, right: Right = Right.READ) -> Repository:
    """The repository of a page, if the person has the right."""
    return access.repository(actor(request), owner, name, right)


def show(request: HttpRequest, template: str, within: Repository | None = None, **context: Any) -> HttpResponse:
    """A page; those of a repository know what the person may do there."""
    if within is not None:
        right = access.right_of(actor(request), within)
        context |= {"repository": within, "may_write": right >= Right.WRITE, "may_admin": right >= Right.ADMIN}
    return render(request, template, context)


def see_other(address: str) -> HttpResponse:
    """303: the form was taken, look there."""
    answer = HttpResponseRedirect(address)
    answer.status_code = 303
    return answer


def back(request: HttpRequest, fallback: str) -> HttpResponse:
    """303 to the page that the form stood on, if it is one of ours."""
    came_from = request.headers.get("Referer", "")
    known = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    return see_other(came_from if known else fallback)
