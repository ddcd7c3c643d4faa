"""What a run has used: how long its jobs waited and ran, and the minutes that counts as."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from forge.actions.queries import pages, runs, timings
from forge.web import door
from forge.web.errors import page
from forge.web.run import frame


@page
def show(request: HttpRequest, owner: str, name: str, run_id: int, number: int | None = None) -> HttpResponse:
    """The jobs of the latest attempt that are over, or of the one asked for; the sums by labels."""
    repository = door.repository(request, owner, name)
    run = runs.run(repository, run_id)
    attempt = runs.latest(run) if number is None else runs.attempt(run, number)
    context = frame(run, attempt, list(runs.jobs(attempt))) | {
        "used": timings.usage(attempt),
        "attempts": pages.attempts(run),
    }
    return door.show(request, "run/usage.html", repository, tab="actions", page="usage", **context)
