"""The page on which reviewers decide of the environments that a run waits for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from forge.actions import approve
from forge.actions import deployments as waits
from forge.actions.models import DeploymentReview, Run
from forge.actions.queries import runs
from forge.environments import rules
from forge.errors import Invalid
from forge.repos import access
from forge.repos.models import Repository, Right
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
        "may_bypass": bool(_to_bypass(request, waiting, repository)),
        "said": said.order_by("-id")[:100],
        "message": message,
        "comment": request.POST.get("comment", ""),
    }
    answer = door.show(request, "run/deployments.html", repository, tab="actions", page="deployments", **context)
    answer.status_code = 422 if message else 200
    return answer


@page
def bypass(request: HttpRequest, owner: str, name: str, run_id: int) -> HttpResponse:
    """Asks an administrator for the reason, and lets jobs go on in spite of the rules of their environments."""
    repository = door.repository(request, owner, name, Right.ADMIN)
    run = runs.run(repository, run_id)
    message = ""
    if request.method == "POST":
        try:
            approve.bypass(door.actor(request), run, _chosen(request), request.POST.get("comment", ""))
            return door.see_other(f"/{repository.full_name}/actions/runs/{run.pk}")
        except Invalid as error:
            message = error.message
    attempt = runs.latest(run)
    context = frame(run, attempt, list(runs.jobs(attempt))) | {
        "waiting": _to_bypass(request, reviews.of_run(request, run, attempt), repository),
        "message": message,
    }
    answer = door.show(request, "run/bypass.html", repository, tab="actions", page="deployments", **context)
    answer.status_code = 422 if message else 200
    return answer


def _to_bypass(request: HttpRequest, waiting: list[reviews.Waiting], repository: Repository) -> list[reviews.Waiting]:
    right = access.right_of(door.actor(request), repository)
    return [one for one in waiting if rules.may_bypass(one.environment, right)]


def _chosen(request: HttpRequest) -> list[int]:
    """Ids of the environments that were ticked."""
    given = request.POST.getlist("environment")
    return [int(text) for text in given if text.isascii() and text.isdigit() and len(text) < 19]


def _decide(request: HttpRequest, run: Run) -> str:
    """What is wrong with what was sent; empty when it is done."""
    wanted = _chosen(request)
    if not wanted:
        return "Choose at least one environment."
    state = {"approve": approve.APPROVED, "reject": approve.REJECTED}.get(request.POST.get("decision", ""), "")
    try:
        approve.review(door.actor(request), run, wanted, state, request.POST.get("comment", ""))
    except Invalid as error:
        return error.message
    return ""
