"""Somebody decides of what waits: a reviewer or an integration of an environment's jobs, the clock of its wait timer,
a maintainer of a whole run, an administrator in spite of an environment's rules.

A decision holds for one job of one attempt. The run is locked first; the row moves by one conditional UPDATE.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from forge.accounts import audit
from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.actions import advance, deployments, repeat, transitions
from forge.actions.deployments import State
from forge.actions.models import DeploymentReview, PendingDeployment, RuleVerdict, Run
from forge.environments import rules
from forge.environments.models import Environment
from forge.errors import FieldError, Forbidden, Invalid
from forge.repos import access
from forge.repos.models import Repository
from workflows.states import Conclusion, Hold, Status

APPROVED, REJECTED, BYPASSED = "approved", "rejected", "bypassed"
_WORDS = (APPROVED, REJECTED)
COMMENT_LENGTH = 65_536


def review(actor: Actor, run: Run, environment_ids: Sequence[int], state: str, comment: str) -> list[PendingDeployment]:
    """A reviewer says yes or no to every job of a run that waits for these environments: those jobs. ``Invalid`` for an
    environment for which none waits, ``Forbidden`` for whoever is no reviewer of one."""
    _check(state, comment)
    decided = _review(actor, run, set(environment_ids), state, comment)
    return decided


@repeat.on_deadlock
def _review(actor: Actor, run: Run, wanted: set[int], state: str, comment: str) -> list[PendingDeployment]:
    with transaction.atomic():
        found = transitions.lock(run.pk)
        rows, known = _asked_for(found, wanted)
        attempt = found.latest_attempt
        assert attempt is not None, "it has jobs that wait"
        for environment in known:
            if not rules.may_review(environment, actor.account, attempt.triggering_actor):
                raise Forbidden(f"You may not review deployments to {environment.name}")
        _keep(actor, found, known, state, comment)
        for row in rows:
            if state == APPROVED:
                PendingDeployment.objects.filter(pk=row.pk, state=State.WAITING).update(approved=True)
                row.approved = True
                _look(row)
            else:
                _refuse(row, {"code": "rejected", "environment": row.environment_name, **_by(actor.account, comment)})
        advance.locked(found)
    return rows


@repeat.on_deadlock
def bypass(actor: Actor, run: Run, environment_ids: Sequence[int], reason: str) -> None:
    """An administrator lets every job of a run that waits for these environments go on, whatever their rules still ask
    for. ``Invalid`` without a reason, or for an environment for which none waits; ``Forbidden`` for whoever may not,
    and where an environment lets nobody pass by."""
    _check(APPROVED, reason)
    if not reason.strip():
        words = "Give the reason: it is kept with the run"
        raise Invalid(words, [FieldError("Deployment", "comment", "missing_field", words)])
    with transaction.atomic():
        found = transitions.lock(run.pk)
        rows, known = _asked_for(found, set(environment_ids))
        right = access.right_of(actor, found.repository)
        for environment in known:
            if not rules.may_bypass(environment, right):
                raise Forbidden(f"You may not bypass the rules of {environment.name}")
        _keep(actor, found, known, BYPASSED, reason)
        ids = [row.pk for row in rows]
        PendingDeployment.objects.filter(pk__in=ids, state=State.WAITING).update(state=State.PASSED)
        advance.locked(found)


def _asked_for(run: Run, wanted: set[int]) -> tuple[list[PendingDeployment], list[Environment]]:
    """What waits for these environments, and they themselves. The run is locked."""
    rows = [one for one in deployments.waiting(run) if one.environment_id in wanted]
    known = {row.environment_id: row.environment for row in rows if row.environment is not None}
    if not wanted or wanted - set(known):
        words = "No job of this run waits for some of these environments"
        raise Invalid(words, [FieldError("Deployment", "environment_ids", "invalid", words)])
    return rows, list(known.values())


def _keep(actor: Actor, run: Run, environments: Sequence[Environment], state: str, comment: str) -> None:
    """Write down who has said what."""
    attempt = run.latest_attempt
    assert attempt is not None, "it has jobs that wait"
    said = DeploymentReview.objects.create(run=run, attempt=attempt, user=actor.account, state=state, comment=comment)
    said.environments.set(environments)
    _audit(actor, run, f"deployment.{state}", sorted(one.name for one in environments))


@repeat.on_deadlock
def rule(actor: Actor, run: Run, environment_name: str, state: str, comment: str) -> None:
    """An integration says yes or no as a rule of an environment. ``Forbidden`` for whoever is no rule of it,
    ``Invalid`` when no job of the run waits for it."""
    _check(state, comment)
    with transaction.atomic():
        found = transitions.lock(run.pk)
        key = environment_name.lower()
        rows = [one for one in deployments.waiting(found) if one.environment and one.environment.name_key == key]
        if not rows:
            words = "No job of this run waits for this environment"
            raise Invalid(words, [FieldError("Deployment", "environment_name", "invalid", words)])
        for row in rows:
            _say(actor, row, state, comment)
        _audit(actor, found, f"deployment.{state}", [rows[0].environment_name])
        advance.locked(found)


def _say(actor: Actor, row: PendingDeployment, state: str, comment: str) -> None:
    assert row.environment is not None
    mine = [
        one
        for one in row.environment.protection_rules.all()
        if actor.account is not None and one.integration_id == actor.account.pk
    ]
    if not mine:
        raise Forbidden(f"You are no protection rule of {row.environment_name}")
    RuleVerdict.objects.update_or_create(deployment=row, rule=mine[0], defaults={"state": state, "comment": comment})
    if state == APPROVED:
        _look(row)
    else:
        _refuse(row, {"code": "rejected", "environment": row.environment_name, **_by(actor.account, comment)})


@repeat.on_deadlock
def run(actor: Actor, run: Run) -> None:
    """Let a run go on that waits as a whole for an approval. ``Forbidden`` for any other."""
    with transaction.atomic():
        found = transitions.lock(run.pk)
        attempt = found.latest_attempt
        if attempt is None or attempt.status == Status.COMPLETED or attempt.hold != Hold.APPROVAL:
            raise Forbidden("This run is not waiting for an approval")
        transitions.release(attempt)
        _audit(actor, found, "run.approved", [])
        advance.locked(found)


def sweep() -> None:
    """Wait timers that are over, and jobs whose environment was deleted."""
    over = Q(due_at__lte=Now()) | Q(environment=None)
    rows = PendingDeployment.objects.filter(over, state=State.WAITING, job__status=Status.WAITING)
    for run_id in list(rows.order_by("run").values_list("run", flat=True).distinct()[:200]):
        look_at(run_id)


def rules_changed(repository: Repository, environment: Environment | None = None) -> None:
    """Hold what waits in a repository against the rules as they are now."""
    rows = PendingDeployment.objects.filter(run__repository=repository, state=State.WAITING)
    if environment is not None:
        rows = rows.filter(environment=environment)
    for run_id in list(rows.values_list("run", flat=True).distinct()):
        look_at(run_id)


@repeat.on_deadlock
def look_at(run_id: int) -> None:
    """Let those jobs of a run go on that have nothing to wait for any more."""
    with transaction.atomic():
        found = transitions.lock(run_id)
        for row in deployments.waiting(found):
            _look(row)
        advance.locked(found)


def _look(row: PendingDeployment) -> None:
    """Hold one against its rules: it passes, goes on waiting, or ends with the environment. The run is locked."""
    if row.environment is None:
        _refuse(row, {"code": "environment_deleted", "environment": row.environment_name})
        return
    said = row.verdicts.filter(state=APPROVED).values_list("rule", flat=True)
    row.due_at = deployments.due_at(row, row.environment, list(said))
    over = row.due_at is not None and row.due_at <= timezone.now()
    state = State.PASSED if over else State.WAITING
    PendingDeployment.objects.filter(pk=row.pk, state=State.WAITING).update(due_at=row.due_at, state=state)


def _refuse(row: PendingDeployment, reason: dict[str, Any]) -> None:
    if PendingDeployment.objects.filter(pk=row.pk, state=State.WAITING).update(state=State.REFUSED):
        transitions.complete(row.job, Conclusion.FAILURE, reason)


def _check(state: str, comment: str) -> None:
    if state not in _WORDS:
        words = f"state must be one of {', '.join(_WORDS)}"
        raise Invalid(words, [FieldError("Deployment", "state", "invalid", words)])
    if len(comment) > COMMENT_LENGTH:
        words = f"comment has {COMMENT_LENGTH} characters at most"
        raise Invalid(words, [FieldError("Deployment", "comment", "invalid", words)])


def _by(account: Account | None, comment: str) -> dict[str, str]:
    return {"by": account.login if account else "", "comment": comment[:1024]}


def _audit(actor: Actor, found: Run, action: str, names: Sequence[str]) -> None:
    audit.write(
        action,
        actor=actor,
        owner_id=found.repository.owner_id,
        repository_id=found.repository_id,
        scope=f"the repository {found.repository.full_name}",
        names=names,
        run_id=found.pk,
    )
