"""The page on which reviewers decide of the environments that a run waits for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from forge.actions import approve
from forge.actions import deployments as waits
from forge.actions.models import DeploymentReview, Run
from forge.actions.queries import runs
from forge.errors import Invalid
from forge.web import door, reviews
from forge.web.errors import page
from forge.web.run import frame


@page
def review(request: HttpRequest, owner: str, name: str, run_id: int) -> HttpResponse:
    """The form with what waits, and what was decided before; takes the decision of a reviewer."""
    repository = door.repository(request, owner, name)
    run = runs.run(repository, run_id)
    message = ""
    if request.method == "POST":
        door.person(request)
        message = _decide(request, run)
        if not message:
            return door.see_other(f"/{repository.full_name}/actions/runs/{run.pk}")
    attempt = runs.latest(run)
    waiting = reviews.of_run(request, run, attempt)
    said = DeploymentReview.objects.filter(run=run).select_related("user", "attempt").prefetch_related("environments")
    context = frame(run, attempt, list(runs.jobs(attempt))) | {
        "waiting": waiting,
        "deployed": waits.last([one.environment.pk for one in waiting]),
        "may_review": any(one.may for one in waiting),
        "said": said.order_by("-id")[:100],
        "message": message,
        "comment": request.POST.get("comment", ""),
    }
    answer = door.show(request, "run/deployments.html", repository, tab="actions", page="deployments", **context)
    answer.status_code = 422 if message else 200
    return answer


def _decide(request: HttpRequest, run: Run) -> str:
    """What is wrong with what was sent; empty when it is done."""
    wanted = [int(text) for text in request.POST.getlist("environment") if text.isascii() and text.isdigit()]
    if not wanted:
        return "Choose at least one environment."
    state = {"approve": approve.APPROVED, "reject": approve.REJECTED}.get(request.POST.get("decision", ""), "")
    try:
        approve.review(door.actor(request), run, wanted, state, request.POST.get("comment", ""))
    except Invalid as error:
        return error.message
    return ""
