"""What concerns one person, over all repositories that it may see."""

from __future__ import annotations

from forge.accounts.actor import Actor
from forge.actions.models import PendingDeployment, Run
from forge.environments import rules
from forge.environments.models import Reviewer
from forge.repos import access
from workflows.states import Status

#: The newest runs that are looked at, and jobs that wait for a review.
RUNS, REVIEWS = 100, 50
_BAD = ("failure", "timed_out", "startup_failure", "action_required")


def runs(actor: Actor) -> list[Run]:
    """The newest runs that the person started: what failed, what is not over, and the rest; each newest first."""
    seen = access.visible(actor).values("pk")
    found = Run.objects.filter(actor=actor.account, latest_attempt__isnull=False, repository__in=seen)
    related = ("repository__owner", "workflow", "latest_attempt")
    return sorted(found.select_related(*related).order_by("-id")[:RUNS], key=_rank)


def reviews(actor: Actor) -> list[PendingDeployment]:
    """The jobs that wait for a review which the person may give, oldest first."""
    mine = Reviewer.objects.filter(user=actor.account).values("environment")
    found = PendingDeployment.objects.filter(
        environment__in=mine,
        state=PendingDeployment.State.WAITING,
        approved=False,
        job__status=Status.WAITING,
        run__repository__in=access.visible(actor).values("pk"),
    )
    related = ("run__repository__owner", "run__workflow", "run__actor", "environment", "job__attempt__triggering_actor")
    rows = found.select_related(*related).prefetch_related("environment__reviewers").order_by("id")[:REVIEWS]
    return [row for row in rows if _may(actor, row)]


def _may(actor: Actor, row: PendingDeployment) -> bool:
    environment, attempt = row.environment, row.job.attempt
    return environment is not None and rules.may_review(environment, actor.account, attempt.triggering_actor)


def _rank(run: Run) -> int:
    attempt = run.latest_attempt
    if attempt is None or attempt.status != Status.COMPLETED:
        return 1
    return 0 if attempt.conclusion in _BAD else 2
