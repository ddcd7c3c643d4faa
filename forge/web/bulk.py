"""Several runs at once: cancel them, or throw away those that are over."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from forge.actions import cancel as cancelling
from forge.actions import discard
from forge.actions.models import Run
from forge.actions.queries import pages, runs
from forge.errors import Conflict, Forbidden, Invalid
from forge.repos.models import Repository, Right
from forge.web import door
from forge.web.errors import page
from workflows.states import Status

#: Runs of one request: four pages of the list.
MOST = 100


@require_POST
@page
def cancel(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Asks each of the runs that goes on to stop; back to the list."""
    repository = door.repository(request, owner, name, Right.WRITE)
    for run in _chosen(repository, request.POST):
        try:
            cancelling.run(door.person(request), run)
        except Conflict:  # it is over
            pass
    return door.back(request, f"/{repository.full_name}/actions")


@page
def delete(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Asks whether the runs are to go for good (GET; a POST with ``ask`` leads there); deletes those that are over."""
    repository = door.repository(request, owner, name, Right.WRITE)
    entered = request.POST if request.method == "POST" else request.GET
    found = _chosen(repository, entered)
    home = _home(request, repository, entered.get("next") or request.headers.get("Referer", ""))
    if "ask" in request.POST:
        said = urlencode({"run": [run.pk for run in found], "next": home}, doseq=True)
        return door.see_other(f"{request.path}?{said}")
    if request.method == "POST":
        for run in found:
            try:
                discard.run(run)
            except Forbidden:  # a new attempt of it has begun
                pass
        return door.see_other(home)
    over = [run for run in found if _is_over(run)]
    context = {
        "beside": "Delete runs",
        "over": over,
        "rest": len(found) - len(over),
        "home": home,
        "side": pages.side(repository, door.actor(request).account),
    }
    return door.show(request, "runs/delete.html", repository, tab="actions", **context)


def _chosen(repository: Repository, entered: QueryDict) -> list[Run]:
    """The runs that are named and there, newest first."""
    named = entered.getlist("run")
    if not named:
        raise Invalid("No run is chosen: tick the boxes of some in the list.")
    if len(named) > MOST:
        raise Invalid(f"These are {len(named)} runs; {MOST} can be chosen at once.")
    return list(runs.runs(repository).filter(pk__in=[runs.number(text) for text in named]))


def _is_over(run: Run) -> bool:
    return run.latest_attempt is not None and run.latest_attempt.status == Status.COMPLETED


def _home(request: HttpRequest, repository: Repository, wanted: str) -> str:
    """Where the person came from if that is ours and will still be there, else the list."""
    home = f"/{repository.full_name}/actions"
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours and f"{home}/runs/" not in wanted and f"{home}/delete" not in wanted else home
