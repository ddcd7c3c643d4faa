"""What concerns the person: its runs over all repositories, and what waits for its review."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from forge.actions.queries import mine as queries
from forge.web import door, why
from forge.web.errors import page


@page
def listing(request: HttpRequest) -> HttpResponse:
    """Reviews that are asked for, then runs: those that failed first."""
    if not request.user.is_authenticated:
        return door.see_other(f"/login?next={request.path}")
    actor = door.actor(request)
    found = queries.runs(actor)
    reasons = why.of_runs(found)
    rows = [(run, run.latest_attempt, reasons.get(run.pk, "")) for run in found]
    return door.show(request, "mine/list.html", rows=rows, reviews=queries.reviews(actor), most=queries.RUNS)
