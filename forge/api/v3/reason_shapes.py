"""Why something waits or ended, as data and as one plain sentence: Forge's own, beside GitHub's fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forge.actions import reasons
from forge.actions.models import RunAttempt
from forge.actions.queries import runs as queries

_WAITING = ("queued", "waiting", "pending", "requested")


def reason(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """``{"code", "text", …}`` with the data of the code; None when there is nothing to say."""
    if not found or not found.get("code"):
        return None
    return {**found, "text": reasons.text(found)}


def of_attempts(attempts: Sequence[RunAttempt]) -> dict[int, dict[str, Any] | None]:
    """Why each of these runs waits or ended, by the attempt's id. One that waits for nothing but its jobs
    waits for what the first of them waits for. The number of queries does not depend on how many there are."""
    waiting = [one for one in attempts if one.status in _WAITING and not one.reason]
    jobs = queries.first_open_jobs(waiting) if waiting else []
    by_job = reasons.waiting_for(jobs)
    found = {job.attempt_id: by_job.get(job.pk) for job in jobs} | reasons.held(waiting)
    return {one.pk: reason(one.reason or found.get(one.pk)) for one in attempts}
