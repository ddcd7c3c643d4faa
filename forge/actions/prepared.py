"""Pushes that their process left behind: settled from what git shows."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models.functions import Now

from forge.actions import events
from forge.actions.models import Event
from forge.repos import git, pushes
from forge.repos.models import Push, Ref

log = logging.getLogger(__name__)

#: A push without a sign of life for so long has lost its process.
SILENCE = timedelta(seconds=60)


def settle_left_behind() -> list[Event]:
    """Settle every prepared push whose process is gone; each counts only what git took of it."""
    written: list[Event] = []
    old = Push.objects.select_related("repository__owner", "pusher")
    for push in old.filter(state=Push.State.PREPARED, alive_at__lt=Now() - SILENCE).order_by("id")[:100]:
        try:
            accepted = [] if push.repository.deleted_at else _accepted(push)
            pushes.land(push, accepted)
            written += events.settle(push, accepted)
        except Exception:
            log.exception("push %s could not be settled from the refs", push.pk)
    return written


def _accepted(push: Push) -> list[dict[str, str]]:
    """What the refs show of it, without what another push has brought about and settled already."""
    known = dict(Ref.objects.filter(repository=push.repository).values_list("name", "sha"))
    shown = pushes.accepted_from_refs(push)
    return [one for one in shown if known.get(one["ref"], git.ZERO) != one["after"]]
