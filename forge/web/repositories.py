"""Making, showing and deleting repositories."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from forge.accounts.models import Account, Membership
from forge.actions.queries import pages, runs
from forge.errors import ForgeError, Invalid
from forge.repos import git
from forge.repos import repositories as repos
from forge.repos.models import Right
from forge.web import code, door, places
from forge.web.errors import page

_BRANCHES = 20


@page
def show(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """The files of the default branch with the last runs; how to begin in an empty one."""
    repository = door.repository(request, owner, name)
    place = places.head(repository)
    if place is None:
        context = {
            "clone_url": f"{settings.PUBLIC_URL}/{repository.full_name}.git",
            "branches": list(git.branches(repository))[:_BRANCHES],
        }
        return door.show(request, "repositories/show.html", repository, tab="code", **context)
    last = [(run, runs.latest(run)) for run in pages.last_runs(repository)]
    return code.folder(request, repository, place, last=last)


@page
def new(request: HttpRequest) -> HttpResponse:
    """The form for a repository, and what it sends."""
    if not request.user.is_authenticated:
        return door.see_other("/login?next=/new")
    account = door.person(request)
    entered = request.POST
    if request.method == "POST":
        try:
            made = repos.create(
                door.actor(request),
                entered.get("owner", account.login),
                entered.get("name", "").strip(),
                private=entered.get("visibility") == "private",
                description=entered.get("description", "").strip(),
            )
        except ForgeError as error:
            return _form(request, account, error)
        return door.see_other(f"/{made.full_name}")
    return _form(request, account)


def _form(request: HttpRequest, account: Account, error: ForgeError | None = None) -> HttpResponse:
    mine = Membership.objects.filter(user=account, role=Membership.Role.OWNER).select_related("organization")
    owners = [account.login, *sorted((one.organization.login for one in mine), key=str.lower)]
    message = error.message if error else ""
    if isinstance(error, Invalid) and error.errors:
        message = "; ".join(found.message or f"{found.field}: {found.code}" for found in error.errors)
    chosen = request.POST.get("owner") or request.GET.get("owner", account.login)
    answer = door.show(request, "repositories/new.html", owners=owners, chosen=chosen, error=message)
    answer.status_code = 422 if error else 200
    return answer


@page
def config(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """A repository's settings: what it is, and its end."""
    repository = door.repository(request, owner, name, Right.ADMIN)
    if request.method != "POST":
        return door.show(request, "repositories/settings.html", repository, tab="settings")
    if request.POST.get("confirm", "").strip().lower() != repository.full_name.lower():
        error = f"Type {repository.full_name} to confirm."
        answer = door.show(request, "repositories/settings.html", repository, tab="settings", error=error)
        answer.status_code = 422
        return answer
    repos.delete(door.actor(request), repository)
    return door.see_other("/")
