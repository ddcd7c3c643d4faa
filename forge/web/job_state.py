"""What a job's page says above its steps: what it waits for, or why it ended as it did."""

from __future__ import annotations

from dataclasses import dataclass

from forge.actions import reasons
from forge.actions.models import Job
from forge.actions.queries import pages
from forge.web import appearance
from workflows.states import Conclusion, Status

#: Without help from a person it will wait forever.
_STUCK = ("no_runner", "group_closed")
_IN_LINE = ("all_busy", "ready")


@dataclass(frozen=True)
class Notice:
    """One sentence on a tint. ``more``: a second one; ``review``: somebody may let it go on, on the run's page."""

    look: str
    icon: str
    text: str
    more: str = ""
    review: bool = False


def of(job: Job) -> Notice | None:
    """None for a job that runs or succeeded: there is nothing to say."""
    if job.status == Status.COMPLETED:
        text = reasons.text(job.reason) if job.conclusion != Conclusion.SUCCESS else ""
        shown = appearance.of(job)
        return Notice(shown.key, shown.icon, text) if text else None
    reason = reasons.waiting(job)
    text = reasons.text(reason)
    if not text:
        return None
    code = reason.get("code")
    if code in _STUCK:
        return Notice("failure", "alert", text)
    before = pages.ahead(job) if code in _IN_LINE else 0
    more = f"Position {before + 1} among the jobs with these labels." if code in _IN_LINE else ""
    return Notice("waiting", "clock", text, more, review=code == "environment" and bool(reason.get("reviewers")))
