"""Jobs of a run that wait for their environments, and who may let them go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from forge.actions import deployments
from forge.actions.models import PendingDeployment, Run, RunAttempt
from forge.environments import rules
from forge.environments.models import Environment
from forge.web import door


@dataclass(frozen=True)
class Waiting:
    """An environment with the jobs that wait for it. ``may`` says whether the person who looks can decide, and
    ``why_not`` why they cannot. ``barred_id`` is who started the run, where that keeps them from saying yes."""

    environment: Environment
    jobs: tuple[PendingDeployment, ...]
    may: bool
    why_not: str
    barred_id: int | None = None

    @property
    def due_at(self) -> datetime | None:
        """Until when it waits where only time is missing."""
        return next((one.due_at for one in self.jobs if one.due_at), None)

    @property
    def reviewers(self) -> list[str]:
        """Who may say yes; the first one's yes is enough."""
        return [one.user.login for one in self.environment.reviewers.all() if one.user_id != self.barred_id]

    @property
    def barred(self) -> str:
        """The reviewer who may not, since the run is theirs; empty where there is none."""
        found = [one.user.login for one in self.environment.reviewers.all() if one.user_id == self.barred_id]
        return next(iter(found), "")

    @property
    def is_reviewed(self) -> bool:
        """True when a reviewer has to say yes, or had to."""
        return bool(self.environment.reviewers.all())

    @property
    def approved(self) -> bool:
        """True when one of them has said yes to each job."""
        return all(one.approved for one in self.jobs)

    @property
    def branches(self) -> str:
        """From where may be deployed, in words."""
        if self.environment.protected_branches:
            return "any branch, and no tag"
        if not self.environment.custom_branch_policies:
            return "any branch or tag"
        named = {"branch": "branches", "tag": "tags"}
        found = [(named[one.kind], one.name) for one in self.environment.branch_policies.all()]
        said = [f"{kind} {', '.join(name for each, name in found if each == kind)}" for kind in named.values()]
        return "; ".join(one for one in said if not one.endswith(" ")) or "nowhere"

    @property
    def integrations(self) -> list[str]:
        """Programs that must say yes."""
        return [one.integration.login for one in self.environment.protection_rules.all()]


def of_run(request: HttpRequest, run: Run, attempt: RunAttempt) -> list[Waiting]:
    """What the run waits for, by environment."""
    by_environment: dict[int, list[PendingDeployment]] = {}
    for one in deployments.waiting(run):
        if one.environment_id is not None:
            by_environment.setdefault(one.environment_id, []).append(one)
    return [_waiting(request, attempt, rows) for rows in by_environment.values()]


def _waiting(request: HttpRequest, attempt: RunAttempt, rows: Sequence[PendingDeployment]) -> Waiting:
    environment, person = rows[0].environment, door.actor(request).account
    assert environment is not None, "rows are grouped by it"
    done = all(one.approved for one in rows)
    may = not done and rules.may_review(environment, person, attempt.triggering_actor)
    reviewers = [one.user_id for one in environment.reviewers.all()]
    if may:
        why_not = ""
    elif done:
        why_not = "It has been approved already."
    elif not reviewers:
        why_not = "Nobody has to review it: it waits for its other rules."
    elif person is not None and person.pk in reviewers:
        why_not = "You started this run, and this environment does not take an approval of your own runs."
    else:
        why_not = "You are none of its reviewers."
    barred = attempt.triggering_actor_id if environment.prevent_self_review else None
    return Waiting(environment, tuple(rows), may, why_not, barred)
