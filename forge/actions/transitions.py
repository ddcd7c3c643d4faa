"""The only writer of status and conclusion.

A move is one conditional UPDATE that names the statuses it may come from, by the rules of
``workflows.states``; no row changed means that somebody else was first, and the function says False.
Each move is written down as a RunEvent in the same transaction. Callers hold the lock of the run's row:
it comes before those of its jobs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import Expression, F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from forge import returning
from forge.actions import workflow_runs
from forge.actions.models import Job, JobNode, Run, RunAttempt, RunEvent, Step
from workflows import states
from workflows.messages import StepReport
from workflows.states import Conclusion, Hold, Status


def lock(run_id: int | QuerySet[Job, int]) -> Run:
    """The run's row, locked until the transaction ends, with what advancing it needs. A query may say which."""
    run = Run.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "repository__owner", "workflow", "event", "latest_attempt__triggering_actor"
    )
    return run.get(pk__in=run_id) if isinstance(run_id, QuerySet) else run.get(pk=run_id)


def lock_row(run_id: int | QuerySet[Job, int]) -> Run:
    """The same without what advancing it needs: only where it is, whose, and which attempt is its latest."""
    run = Run.objects.select_for_update(no_key=True).only("repository_id", "actor_id", "latest_attempt_id")
    return run.get(pk__in=run_id) if isinstance(run_id, QuerySet) else run.get(pk=run_id)


def new_attempt(
    run: Run, *, number: int = 1, hold: Hold = Hold.NONE, problems: Iterable[Mapping[str, Any]] = (), **more: Any
) -> RunAttempt:
    """The next try at a run, which becomes its latest. One held by a startup failure is over at once."""
    failed = hold is Hold.STARTUP_FAILURE
    begins = states.roll_up_status(hold, (), finished=False)
    if number > 1:
        RunAttempt.objects.filter(run=run, latest=True).update(latest=False)
    attempt = RunAttempt.objects.create(
        run=run,
        repository_id=run.repository_id,
        workflow_id=run.workflow_id,
        number=number,
        hold=hold,
        problems=list(problems),
        status=begins,
        conclusion=Conclusion.STARTUP_FAILURE if failed else None,
        completed_at=timezone.now() if failed else None,
        **more,
    )
    run.latest_attempt = attempt
    run.save(update_fields=["latest_attempt"])
    record(run.pk, [_attempt_event(attempt.pk, attempt.status, attempt.conclusion)])
    return attempt


def release(found: RunAttempt) -> bool:
    """What held the attempt is over; its status follows from its jobs again."""
    held = RunAttempt.objects.filter(pk=found.pk, hold=found.hold).exclude(status=Status.COMPLETED)
    if not held.update(hold=Hold.NONE, updated_at=Now()):
        return False
    found.hold = Hold.NONE
    return True


def new_job(
    node: JobNode, run: Run, leg: int, status: Status, conclusion: Conclusion | None = None, **more: Any
) -> Job:
    """A job that is not written yet, of a node that is being expanded; carried-over and skipped ones are over at
    once. ``add`` writes it."""
    if status is Status.QUEUED:
        more["queued_at"] = timezone.now()
    if status is Status.COMPLETED:
        more.setdefault("completed_at", timezone.now())
    return Job(
        repository_id=run.repository_id,
        owner_id=run.repository.owner_id,
        run=run,
        attempt_id=node.attempt_id,
        node=node,
        leg=leg,
        status=status,
        conclusion=conclusion,
        **more,
    )


def add(run: Run, jobs: Sequence[Job]) -> list[Job]:
    """Write new jobs of a run, all at once."""
    made = Job.objects.bulk_create(jobs)
    record(run.pk, [_job_event(job.pk, job.status, job.conclusion) for job in made])
    return made


def attempt(
    found: RunAttempt, status: Status, conclusion: Conclusion | None = None, reason: Mapping[str, Any] | None = None
) -> bool:
    """Write what the roll-up says of an attempt; nothing leaves completed, and no change writes nothing."""
    if (found.status, found.conclusion) == (status, conclusion):
        return False
    values: dict[str, Any] = {"status": status, "conclusion": conclusion, "updated_at": Now()}
    if status is Status.COMPLETED:
        values |= {"completed_at": Now(), "reason": dict(reason or found.reason)}
    moved = (
        RunAttempt.objects.filter(pk=found.pk, status=found.status).exclude(status=Status.COMPLETED).update(**values)
    )
    if not moved:
        return False
    found.status, found.conclusion = status, conclusion
    record(found.run_id, [_attempt_event(found.pk, status, conclusion)])
    if status is Status.IN_PROGRESS or status is Status.COMPLETED:
        workflow_runs.announce(found, "in_progress" if status is Status.IN_PROGRESS else "completed")
    return True


def admit(run: Run, jobs: Sequence[int]) -> list[int]:
    """Jobs that wait for their environment wait no longer for it; the ids of those that did."""
    rows = Job.objects.filter(pk__in=jobs, status=Status.WAITING) if jobs else Job.objects.none()
    found = list(rows.order_by("id").values_list("pk", flat=True))
    Job.objects.filter(pk__in=found, status=Status.WAITING).update(status=Status.PENDING)
    record(run.pk, [_job_event(job, Status.PENDING, None) for job in found])
    return found


def queue(run: Run, jobs: Sequence[int]) -> list[Job]:
    """Held jobs may go to the runners; those that did, with their labels."""
    rows = Job.objects.filter(pk__in=jobs, status__in=states.before(Status.QUEUED)).select_related("label_set")
    found = list(rows.order_by("id"))
    Job.objects.filter(pk__in=[job.pk for job in found]).update(status=Status.QUEUED, queued_at=Now())
    record(run.pk, [_job_event(job.pk, Status.QUEUED, None) for job in found])
    return found


def start(job: Job) -> bool:
    """The runner says that it works on the job."""
    return _move(job, Status.IN_PROGRESS, started_at=Now())


def requeue(job: Job) -> bool:
    """The one way back: its runner was lost before any step of the workflow started."""
    return _write(
        job,
        Job.objects.filter(status__in=[*states.REQUEUE_FROM, Status.QUEUED], conclusion=None),
        Status.QUEUED,
        None,
        free=True,
        runner=None,
        runner_name="",
        started_at=None,
        lost_claims=F("lost_claims") + 1,
    )


def complete(job: Job, conclusion: Conclusion, reason: Mapping[str, Any] | None = None, **more: Any) -> bool:
    """The job is over. Its open steps end with it."""
    more.setdefault("completed_at", timezone.now())
    if not _move(job, Status.COMPLETED, conclusion, reason=dict(reason or {}), free=False, **more):
        return False
    _close_steps(job, conclusion)
    return True


def cancel(run: Run, jobs: Sequence[int], reason: Mapping[str, Any]) -> list[int]:
    """Jobs that no runner works on are cancelled, all at once; the ids of those that were."""
    waiting = [status for status in states.before(Status.COMPLETED) if status is not Status.IN_PROGRESS]
    found = list(Job.objects.filter(pk__in=jobs, status__in=waiting).order_by("id").values_list("pk", flat=True))
    ended = Job.objects.filter(pk__in=found, status__in=waiting)
    ended.update(
        status=Status.COMPLETED,
        conclusion=Conclusion.CANCELLED,
        reason=dict(reason),
        free=False,
        completed_at=timezone.now(),
    )
    record(run.pk, [_job_event(job, Status.COMPLETED, Conclusion.CANCELLED) for job in found])
    return found


def report_steps(job: Job, reports: Iterable[StepReport]) -> list[Step]:
    """Write what a runner says of steps; a state that would go back, or that is known, changes nothing."""
    known = {step.number: step for step in Step.objects.filter(job=job)}
    fresh, changed, seen = [], [], []
    for report in reports:
        step = known.get(report.number)
        if step is None:
            step = known[report.number] = Step(job=job, number=report.number, **_step_values(report))
            fresh.append(step)
        elif not _step_forward(step, report):
            continue
        changed.append(step)
        seen.append(_step_event(job.pk, step))
    Step.objects.bulk_create(fresh)
    record(job.run_id, seen)
    return changed


def record(run_id: int, data: list[dict[str, Any]]) -> None:
    """Number and keep what changed. Taking the numbers locks the run's row, if the caller has not."""
    if not data:
        return
    moved = {"last_event": F("last_event") + len(data), "updated_at": Now()}
    found = returning.update(Run.objects.filter(pk=run_id), "last_event", **moved)
    if found is None:
        raise Run.DoesNotExist(f"run {run_id} is gone")
    first = found[0] - len(data) + 1
    RunEvent.objects.bulk_create(
        [RunEvent(run_id=run_id, sequence=first + index, data=one) for index, one in enumerate(data)]
    )


def _move(job: Job, after: Status, conclusion: Conclusion | None = None, **values: Any) -> bool:
    return _write(job, Job.objects.filter(status__in=states.before(after)), after, conclusion, **values)


def _write(job: Job, rows: Any, after: Status, conclusion: Conclusion | None, **values: Any) -> bool:
    if not rows.filter(pk=job.pk).update(status=after, conclusion=conclusion, **values):
        return False
    for name, value in {"status": after, "conclusion": conclusion, **values}.items():
        if isinstance(value, Expression):
            delattr(job, name)  # read again when somebody asks for it
        else:
            setattr(job, name, value)
    record(job.run_id, [_job_event(job.pk, after, conclusion)])
    return True


def _close_steps(job: Job, conclusion: Conclusion) -> None:
    """Steps that a runner left open: what ran ends as the job did, what had not begun was skipped."""
    word = Conclusion.CANCELLED if conclusion is Conclusion.CANCELLED else Conclusion.FAILURE
    still = Step.objects.filter(job=job).exclude(status=Status.COMPLETED)
    still.filter(status=Status.IN_PROGRESS).update(
        status=Status.COMPLETED, conclusion=word, outcome=word, completed_at=Now()
    )
    still.update(status=Status.COMPLETED, conclusion=Conclusion.SKIPPED, outcome=Conclusion.SKIPPED)


def _step_forward(step: Step, report: StepReport) -> bool:
    values = _step_values(report)
    if all(getattr(step, name) == value for name, value in values.items()):
        return False
    if step.status == report.status == Status.COMPLETED:
        values = _newly_placed(step, values)
    elif step.status != report.status and not states.may_move(Status(step.status), Status(report.status)):
        return False
    if not values or not (step._state.adding or Step.objects.filter(pk=step.pk, status=step.status).update(**values)):
        return False
    for name, value in values.items():
        setattr(step, name, value)
    return True


def _newly_placed(step: Step, values: dict[str, Any]) -> dict[str, Any]:
    """What may still become known of a step that has ended: where its log is. Of one that ran beside others that is
    known only when they are done writing."""
    span = {name: values[name] for name in ("log_start", "log_end")}
    moved = step.log_start is not None and step.log_start != span["log_start"]
    return {} if moved or step.log_end is not None or step.conclusion != values["conclusion"] else span


def _step_values(report: StepReport) -> dict[str, Any]:
    done = report.status == Status.COMPLETED
    conclusion = (report.conclusion or Conclusion.SUCCESS) if done else None
    return {
        "name": report.name[:1024],
        "workflow": report.workflow,
        "status": report.status,
        "conclusion": conclusion,
        "outcome": (report.outcome or conclusion) if done else None,
        "reason": report.reason[:1024],
        "started_at": _time(report.started_at),
        "completed_at": _time(report.completed_at) if done else None,
        "log_start": report.log_start,
        "log_end": report.log_end,
    }


def _time(text: str | None) -> datetime | None:
    """A runner's RFC 3339 time; None for what is none."""
    try:
        value = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


def _attempt_event(attempt_id: int, status: str, conclusion: str | None) -> dict[str, Any]:
    return {"kind": "attempt", "attempt": attempt_id, "status": status, "conclusion": conclusion}


def _job_event(job_id: int, status: str, conclusion: str | None) -> dict[str, Any]:
    return {"kind": "job", "job": job_id, "status": status, "conclusion": conclusion}


def _step_event(job_id: int, step: Step) -> dict[str, Any]:
    return {"kind": "step", "job": job_id, "step": step.number, "status": step.status, "conclusion": step.conclusion}
