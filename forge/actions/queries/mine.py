"""What concerns one person, over all repositories that it may see."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from forge.accounts.actor import Actor
from forge.actions.models import PendingDeployment, Run
from forge.environments import rules
from forge.environments.models import Reviewer
from forge.repos import access
from workflows.states import Status

#: The newest runs that are looked at, jobs that wait for a review, and repositories of which wake-ups are heard.
RUNS, REVIEWS, WATCHED = 100, 50, 200
_BAD = ("failure", "timed_out", "startup_failure", "action_required")


def runs(actor: Actor) -> list[Run]:
    """The newest runs that the person started: what failed, what is not over, and the rest; each newest first."""
    related = ("repository__owner", "workflow", "latest_attempt")
    return sorted(_started(actor).select_related(*related)[:RUNS], key=_rank)


def reviews(actor: Actor) -> list[PendingDeployment]:
    """The jobs that wait for a review which the person may give, oldest first."""
    related = ("run__repository__owner", "run__workflow", "run__actor", "environment", "job__attempt__triggering_actor")
    rows = _asked(actor).select_related(*related).prefetch_related("environment__reviewers")[:REVIEWS]
    return [row for row in rows if _may(actor, row)]


def mark(actor: Actor) -> tuple[object, ...]:
    """A value that changes with what ``runs`` and ``reviews`` find."""
    newest = _started(actor).values_list("id", "last_event")[:RUNS]
    return (tuple(newest), tuple(_asked(actor).values_list("id", flat=True)[:REVIEWS]))


def reviewed(actor: Actor) -> list[int]:
    """Ids of repositories that the person may see and in which it may be asked for a review, as many as are watched."""
    mine = Reviewer.objects.filter(user=actor.account).values("environment__repository")
    return list(access.visible(actor).filter(pk__in=mine).order_by("id").values_list("id", flat=True)[:WATCHED])


def _started(actor: Actor) -> QuerySet[Run]:
    # Whether each may be seen is looked up one by one: the index of the person's runs has them in order.
    seen = Exists(access.visible(actor).filter(pk=OuterRef("repository")))
    return Run.objects.filter(seen, actor=actor.account, latest_attempt__isnull=False).order_by("-id")


def _asked(actor: Actor) -> QuerySet[PendingDeployment]:
    return PendingDeployment.objects.filter(
        Exists(access.visible(actor).filter(pk=OuterRef("run__repository"))),
        environment__in=Reviewer.objects.filter(user=actor.account).values("environment"),
        state=PendingDeployment.State.WAITING,
        approved=False,
        job__status=Status.WAITING,
    ).order_by("id")


def _may(actor: Actor, row: PendingDeployment) -> bool:
    environment, attempt = row.environment, row.job.attempt
    return environment is not None and rules.may_review(environment, actor.account, attempt.triggering_actor)


def _rank(run: Run) -> int:
    attempt = run.latest_attempt
    if attempt is None or attempt.status != Status.COMPLETED:
        return 1
    return 0 if attempt.conclusion in _BAD else 2
