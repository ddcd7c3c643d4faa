"""Why something waits or has ended, in words for pages."""

from __future__ import annotations

from collections.abc import Sequence

from forge.actions import reasons
from forge.actions.models import Job, Run, RunAttempt
from forge.actions.queries import pages
from workflows.states import Conclusion, Status


def of_attempt(attempt: RunAttempt) -> str:
    """One sentence, or nothing when there is nothing to say."""
    return reasons.text(attempt.reason or reasons.held([attempt]).get(attempt.pk, {}))


def of_jobs(jobs: Sequence[Job]) -> dict[int, str]:
    """Why each job waits, or why it ended as it did, by id; constant queries. A success needs no reason."""
    waiting = reasons.waiting_for(jobs)
    found = {}
    for job in jobs:
        reason = waiting.get(job.pk) or (job.reason if job.conclusion != Conclusion.SUCCESS else {})
        if reason and (text := reasons.text(reason)):
            found[job.pk] = text
    return found


def of_runs(runs: Sequence[Run]) -> dict[int, str]:
    """Why the runs of a list wait or ended, by run id; constant queries."""
    attempts = [run.latest_attempt for run in runs if run.latest_attempt is not None]
    held = reasons.held(attempts)
    said = {attempt.run_id: reasons.text(attempt.reason or held.get(attempt.pk, {})) for attempt in attempts}
    found = {run: text for run, text in said.items() if text}
    still = [
        one for one in attempts if one.status not in (Status.COMPLETED, Status.IN_PROGRESS) and one.run_id not in found
    ]
    jobs = pages.open_jobs(still) if still else []
    for job_id, text in of_jobs(jobs).items():
        found.setdefault(next(job.run_id for job in jobs if job.pk == job_id), text)
    return found
