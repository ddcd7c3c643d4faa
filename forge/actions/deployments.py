"""Jobs that deploy to an environment with rules: how they begin, and what is still missing.

Rows are written under the lock of their run. ``approve`` decides; ``workflows.decide`` lets go on what has passed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, QuerySet
from django.utils import timezone

from forge.actions.models import Job, PendingDeployment, Run
from forge.environments import rules
from forge.environments.models import Environment
from workflows.states import Conclusion, Status

State = PendingDeployment.State
Environments = Mapping[str, Environment]
#: How a job begins: its status, and what more of it is known by then.
Beginning = tuple[Status, dict[str, Any]]


def environments(run: Run, names: Iterable[str]) -> Environments:
    """The environments that these jobs of a run name, as far as there are any; one that is none asks for nothing."""
    wanted = {name for name in names if name}
    return rules.of_names(run.repository, wanted) if wanted else {}


def beginning(run: Run, known: Environments, name: str, otherwise: Status) -> Beginning:
    """How a job that deploys to this environment begins: over at once where nothing is deployed from the run's ref,
    waiting where a rule holds it back, else as it would."""
    environment = known.get(name.lower())
    if environment is None:
        return otherwise, {}
    if not rules.takes(environment, run.ref):
        reason = {"code": "branch_not_allowed", "ref": run.head_branch, "environment": environment.name}
        return Status.COMPLETED, {"conclusion": Conclusion.FAILURE, "reason": reason, "free": False}
    return (Status.WAITING if rules.holds_back(environment) else otherwise), {}


def ask(run: Run, known: Environments, jobs: Iterable[Job]) -> None:
    """Write down what those of these new jobs wait for that wait."""
    now = timezone.now()
    rows = []
    for job in jobs:
        if job.status == Status.WAITING:
            environment = known[job.environment.lower()]
            row = PendingDeployment(
                job=job, run=run, environment=environment, environment_name=environment.name, created_at=now
            )
            row.due_at = due_at(row, environment, ())
            rows.append(row)
    PendingDeployment.objects.bulk_create(rows)


def due_at(row: PendingDeployment, environment: Environment, said: Sequence[int]) -> datetime | None:
    """When the rules of the environment, as they are now, let the job go on; None while somebody has to say so.
    ``said`` are the ids of the rules whose integration has said yes."""
    if environment.reviewers.all() and not row.approved:
        return None
    if {one.pk for one in environment.protection_rules.all()} - set(said):
        return None
    return row.created_at + timedelta(minutes=environment.wait_timer)


def waiting(run: Run) -> QuerySet[PendingDeployment]:
    """What a run waits for now, with the environments and their rules."""
    rows = PendingDeployment.objects.filter(run=run, state=State.WAITING, job__status=Status.WAITING)
    related = ("reviewers__user", "branch_policies", "protection_rules__integration")
    with_rules = rows.select_related("environment", "job").prefetch_related(*(f"environment__{one}" for one in related))
    return with_rules.order_by("id")


def last(environments: Collection[int]) -> dict[int, PendingDeployment]:
    """What was deployed last to each of these environments, by its id, as far as it had rules by then: with job and
    run. Two queries."""
    ended = {"state": State.PASSED, "job__conclusion": Conclusion.SUCCESS}
    rows = PendingDeployment.objects.filter(environment__in=environments, **ended).order_by()
    newest = rows.values("environment").annotate(newest=Max("id")).values_list("newest", flat=True)
    found = PendingDeployment.objects.filter(pk__in=list(newest)).select_related("job", "run")
    return {row.environment_id: row for row in found if row.environment_id is not None}


def passed(jobs: Iterable[Job]) -> frozenset[int]:
    """Ids of those of these jobs that wait no longer for their environment, though they are still ``waiting``."""
    held = [job.pk for job in jobs if job.status == Status.WAITING]
    if not held:
        return frozenset()
    rows = PendingDeployment.objects.filter(job__in=held, state=State.PASSED)
    return frozenset(rows.values_list("job", flat=True))
