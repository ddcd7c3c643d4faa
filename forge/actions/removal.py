"""Somebody takes a runner away, or lets it take no more jobs."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from forge.accounts import audit
from forge.accounts.actor import Actor
from forge.actions import leases, wakeup
from forge.actions.models import Claim
from forge.errors import Invalid
from forge.runners import labels, registration
from forge.runners.models import Runner


def remove(actor: Actor, runner: Runner) -> None:
    """It is no runner any more, and its credential opens nothing. Invalid while it runs a job."""
    with transaction.atomic():
        # A claim locks the runner's row too: whoever comes first, it is never both removed and given a job.
        Runner.objects.select_for_update(no_key=True, of=("self",)).get(pk=runner.pk)
        if Claim.objects.filter(runner=runner, ended_at=None).exists():
            raise Invalid(f'Runner "{runner.name}" is currently running a job and cannot be deleted.')
        if registration.remove(runner):
            audit.write("runner.removed", actor=actor, names=[runner.name], **labels.audited(runner))
    leases.release(runner.pk)


def drain(actor: Actor, runner: Runner, *, draining: bool) -> None:
    """It ends what it runs and takes nothing more, until somebody says otherwise."""
    with transaction.atomic():
        found = Runner.objects.filter(pk=runner.pk, removed_at=None).exclude(draining=draining)
        if found.update(draining=draining, changed_at=Now()):
            verb = "runner.drained" if draining else "runner.undrained"
            audit.write(verb, actor=actor, names=[runner.name], **labels.audited(runner))
    wakeup.runner_changed(runner.pk)
