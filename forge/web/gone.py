"""Logs that are there no more: when they went, and by whose will."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from forge.actions.models import Job, JobLog


@dataclass(frozen=True)
class Gone:
    """``days``: so long after its end the attempt's logs were to be kept, where that is why the log went; None when
    somebody deleted it before."""

    at: datetime
    days: int | None


def of(log: JobLog | None, ran: Job) -> Gone | None:
    """Why the log of a job that really ran is no more; None when it is there, or none ever was."""
    if log is None or log.deleted_at is None:
        return None
    attempt = ran.attempt
    ended, due = attempt.completed_at, attempt.logs_expire_at
    if ended is None or due is None or log.deleted_at < due:
        return Gone(log.deleted_at, None)
    return Gone(log.deleted_at, (due - ended).days)
