"""Rules of what belongs to no run: counters of repositories and workflows, and what the sweeps should have taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from django.db.models import Count, Max
from django.db.models.functions import Now

from forge.actions.models import Event, Run, Schedule, Workflow
from forge.actions.reconcile.rule import OVERDUE, Breach, Rule
from forge.repos.models import Push, Repository

#: What is overdue is named so far; more of it is more of the same.
NAMED = 100


class RepositoryRows:
    """Some repositories that are not deleted, with their workflows and how many runs each really has."""

    def __init__(self, ids: Iterable[int]) -> None:
        self.ids = sorted(set(ids))
        self.repositories = list(Repository.objects.filter(pk__in=self.ids, deleted_at=None))
        self.workflows = list(Workflow.objects.filter(repository__in=[one.pk for one in self.repositories]))

    @cached_property
    def of_workflow(self) -> dict[int, tuple[int, int]]:
        """Of each workflow with runs: how many, and the highest run number."""
        counted = Run.objects.filter(workflow__in=[one.pk for one in self.workflows]).values("workflow")
        found = counted.annotate(count=Count("pk"), last=Max("run_number")).order_by()
        return {one["workflow"]: (one["count"], one["last"]) for one in found}

    @cached_property
    def of_repository(self) -> dict[int, tuple[int, int]]:
        """Of each repository with runs: how many, and the highest run index."""
        counted = Run.objects.filter(repository__in=[one.pk for one in self.repositories]).values("repository")
        found = counted.annotate(count=Count("pk"), last=Max("run_index")).order_by()
        return {one["repository"]: (one["count"], one["last"]) for one in found}


def _workflow_counters(rows: RepositoryRows) -> Iterator[Breach]:
    for one in rows.workflows:
        count, last = rows.of_workflow.get(one.pk, (0, 0))
        if one.run_count != count or one.last_run_number < last:
            yield (
                f"workflow:{one.pk}",
                f"repository:{one.repository_id}",
                {"run_count": one.run_count, "runs": count, "last_run_number": one.last_run_number, "last": last},
            )


def _repository_counters(rows: RepositoryRows) -> Iterator[Breach]:
    for one in rows.repositories:
        count, last = rows.of_repository.get(one.pk, (0, 0))
        if one.run_count != count or one.last_run_index < last:
            yield (
                f"repository:{one.pk}",
                f"repository:{one.pk}",
                {"run_count": one.run_count, "runs": count, "last_run_index": one.last_run_index, "last": last},
            )


class Site:
    """Everything that waits, whosever it is; only what waits too long is read, by its index."""


def _events(rows: Site) -> Iterator[Breach]:
    late = Event.objects.filter(state=Event.State.PENDING, next_try_at__lt=Now() - OVERDUE)
    for event in late.order_by("next_try_at").only("pk", "name", "next_try_at", "tries")[:NAMED]:
        yield f"event:{event.pk}", "site", {"name": event.name, "due": str(event.next_try_at), "tries": event.tries}


def _pushes(rows: Site) -> Iterator[Breach]:
    late = Push.objects.filter(state=Push.State.PREPARED, alive_at__lt=Now() - OVERDUE)
    for push in late.order_by("alive_at").only("pk", "repository_id", "alive_at")[:NAMED]:
        yield f"push:{push.pk}", "site", {"repository": push.repository_id, "alive": str(push.alive_at)}


def _schedules(rows: Site) -> Iterator[Breach]:
    late = Schedule.objects.filter(next_due__lt=Now() - OVERDUE, repository__deleted_at=None)
    for line in late.order_by("next_due").only("pk", "cron", "next_due")[:NAMED]:
        yield f"schedule:{line.pk}", "site", {"cron": line.cron, "due": str(line.next_due)}


REPOSITORY_RULES: tuple[Rule[RepositoryRows], ...] = (
    Rule("workflow_counters", "A workflow counts its runs, and numbers none twice.", _workflow_counters),
    Rule("repository_counters", "A repository counts its runs, and numbers none twice.", _repository_counters),
)
SITE_RULES: tuple[Rule[Site], ...] = (
    Rule("event_overdue", "An event is expanded, or given up, soon after its time.", _events),
    Rule("schedule_overdue", "A schedule is fired, once, soon after it is due.", _schedules),
    Rule("push_overdue", "A push is settled soon after its process has gone.", _pushes),
)
