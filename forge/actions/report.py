"""Step states, outputs and results coming back from a runner. Every call is safe to repeat.

Each verb locks the run, then the job, then the claim, and looks whether that claim still holds: what a
runner says of a job that it lost changes nothing. The runner concludes steps; what follows for run and
job is worked out here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from forge import storable
from forge.actions import advance, moves, repeat, transitions, wakeup
from forge.actions.models import Annotation, Claim, Job, JobLog, Run, Step, Summary
from forge.actions.refusals import AlreadyCompleted, LeaseLost
from forge.errors import FieldError, Invalid
from workflows.messages import AnnotationReport, JobReport, StepsReport, SummaryReport, to_wire
from workflows.states import Conclusion, Status

#: What a runner may say that a job came to.
CONCLUSIONS = frozenset(
    {Conclusion.SUCCESS, Conclusion.FAILURE, Conclusion.CANCELLED, Conclusion.SKIPPED, Conclusion.TIMED_OUT}
)
MOST_STEPS, MOST_ANNOTATIONS = 5000, 1000
OUTPUT_BYTES, SUMMARY_BYTES = 1 << 20, 1 << 20
ADDRESS_LENGTH = 2048
_STEP_STATUSES = (Status.QUEUED, Status.IN_PROGRESS, Status.COMPLETED)


@repeat.on_deadlock
def acknowledge(claim: Claim, report: JobReport) -> None:
    """The runner works on the job: it is in progress from now on."""
    with transaction.atomic():
        run, job, held = _lock(claim, report.epoch, transitions.lock_row)
        _must_hold(held)
        _heard_of(run, job, held)


@repeat.on_deadlock
def steps(claim: Claim, report: StepsReport) -> None:
    """States of steps; they acknowledge the claim as well. The first of the workflow's own makes the job *started*: it
    is never queued again."""
    _check_steps(report)
    with transaction.atomic():
        run, job, held = _lock(claim, report.epoch, transitions.lock_row)
        _must_hold(held)
        begun = any(step.workflow and step.status != Status.QUEUED for step in report.steps)
        _heard_of(run, job, held, started=begun)
        if transitions.report_steps(job, map(_clean_step, report.steps)):
            wakeup.run_changed(run.pk, run.repository_id, run.actor_id)


@repeat.on_deadlock
def finish(claim: Claim, report: JobReport) -> None:
    """The end of the job, in one message; then its run goes on, in the same transaction."""
    _check_end(report)
    fingerprint = _fingerprint(report)
    with transaction.atomic():
        run, job, held = _lock(claim, report.epoch)
        if held.ended_at is not None:
            _repeated(job, held, report, fingerprint)
            return
        _keep(job, report)
        _end_log(job, held, report)
        transitions.complete(
            job,
            Conclusion(str(report.conclusion)),
            _reason(job, report),
            outputs=storable.data(report.outputs),
            environment_url=_address(report.environment_url),
        )
        ended = {"ended_at": Now(), "end_reason": "completed", "gone_at": Now()}
        Claim.objects.filter(pk=held.pk).update(report_hash=fingerprint, **ended)
        advance.locked(run)
        wakeup.log_grew(job.pk)


@repeat.on_deadlock
def cannot_assign(claim: Claim, message: str) -> None:
    """No assignment can be made of the job: it fails with the reason, and blocks nobody."""
    with transaction.atomic():
        run, job, held = _lock(claim, claim.epoch)
        if held.ended_at is not None:
            return
        transitions.complete(job, Conclusion.FAILURE, {"code": "assignment_failed", "message": message})
        moves.end_claims(run, [job.pk], "assignment_failed")
        advance.locked(run)


def _heard_of(run: Run, job: Job, held: Claim, *, started: bool = False) -> None:
    """The runner has said something of the job: it works on it, and has maybe started the first step."""
    news = {"acknowledged_at": held.acknowledged_at is None, "started_at": started and held.started_at is None}
    if any(news.values()):
        Claim.objects.filter(pk=held.pk).update(**{name: Now() for name, is_new in news.items() if is_new})
    if job.status != Status.IN_PROGRESS and transitions.start(job):
        advance.started(run)


def _lock(
    claim: Claim, epoch: int, lock_run: Callable[[QuerySet[Job, int]], Run] = transitions.lock
) -> tuple[Run, Job, Claim]:
    """Run, job and claim, locked in this order. LeaseLost for another epoch than the token's."""
    if epoch != claim.epoch:
        raise LeaseLost
    try:
        run = lock_run(Job.objects.filter(pk=claim.job_id).values_list("run_id", flat=True))
        job = Job.objects.select_for_update(no_key=True).get(pk=claim.job_id)
        held = Claim.objects.select_for_update(no_key=True).get(pk=claim.pk)
    except ObjectDoesNotExist as gone:  # the run was thrown away meanwhile, and its claims with it
        raise LeaseLost from gone
    return run, job, held


def _must_hold(held: Claim) -> None:
    if held.ended_at is not None:
        raise LeaseLost


def _repeated(job: Job, held: Claim, report: JobReport, fingerprint: str) -> None:
    """A report on a claim that has ended: the identical one is fine; a server-made end still takes the log's."""
    if held.report_hash == fingerprint:
        return
    if job.epoch != held.epoch or job.status != Status.COMPLETED:
        raise LeaseLost
    if not held.report_hash:
        log = JobLog.objects.filter(job=job, epoch=held.epoch, final_length=None).first()
        if log is not None:
            _end_log(job, held, report)
    raise AlreadyCompleted


def _end_log(job: Job, held: Claim, report: JobReport) -> None:
    """Length and hash as the runner states them; the hash is compared when all bytes are sealed."""
    JobLog.objects.bulk_create([JobLog(job=job, epoch=held.epoch)], ignore_conflicts=True)
    log = JobLog.objects.select_for_update().get(job=job)
    if log.epoch != held.epoch:  # this claim wrote nothing
        JobLog(pk=log.pk, job=job, epoch=held.epoch, final_length=0, sha256=report.log_sha256 or "").save()
        return
    stated = log.length if report.log_length is None else report.log_length
    log.final_length, log.sha256 = max(stated, log.length), (report.log_sha256 or "")[:64]
    log.damaged = stated < log.length and not log.truncated
    log.save(update_fields=["final_length", "sha256", "damaged"])


def _reason(job: Job, report: JobReport) -> dict[str, Any]:
    """Why the job ended so, as data; an ordinary success needs no reason."""
    if report.conclusion == Conclusion.CANCELLED and job.cancel_requested_at is not None:
        return dict(job.cancel_reason)
    if report.reason:
        return storable.data({"code": report.reason[:64], "message": report.message[:4000]})
    if report.conclusion == Conclusion.FAILURE:
        failed = Step.objects.filter(job=job, conclusion=Conclusion.FAILURE).first()
        if failed is not None:
            return {"code": "step_failed", "step": failed.number, "name": failed.name}
    if report.message:
        return storable.data({"code": "message", "message": report.message[:4000]})
    return {} if report.conclusion == Conclusion.SUCCESS else {"code": "runner_said", "conclusion": report.conclusion}


def _keep(job: Job, report: JobReport) -> None:
    Annotation.objects.bulk_create([_annotation(job, one) for one in report.annotations[:MOST_ANNOTATIONS]])
    for one in report.summaries:
        text = storable.text(one.text)
        Summary.objects.update_or_create(job=job, step=_number(one.step), defaults={"text": text})


def _address(url: str | None) -> str:
    """An address that a browser may follow; empty for any other text."""
    text = storable.text(url or "").strip()
    return text if text.lower().startswith(("http://", "https://")) and len(text) <= ADDRESS_LENGTH else ""


def _annotation(job: Job, one: AnnotationReport) -> Annotation:
    return Annotation(
        job=job,
        step=_number(one.step),
        level=one.level if one.level in ("notice", "warning", "failure") else "notice",
        message=storable.text(one.message)[:65536],
        title=storable.text(one.title)[:255],
        path=storable.text(one.path)[:1024],
        start_line=_optional(one.start_line),
        end_line=_optional(one.end_line),
        start_column=_optional(one.start_column),
        end_column=_optional(one.end_column),
        log_offset=_optional(one.log_offset, 1 << 62),
    )


def _number(value: int) -> int:
    return min(max(value, 0), MOST_STEPS)


def _optional(value: int | None, most: int = (1 << 31) - 1) -> int | None:
    return None if value is None or value < 0 else min(value, most)


def _clean_step(step: Any) -> Any:
    return step.__class__(
        **{
            **step.__dict__,
            "name": storable.text(step.name),
            "reason": storable.text(step.reason),
            "log_start": _optional(step.log_start, 1 << 62),
            "log_end": _optional(step.log_end, 1 << 62),
        }
    )


def _check_steps(report: StepsReport) -> None:
    for step in report.steps:
        if not 0 <= step.number <= MOST_STEPS:
            raise _invalid("number", f"{step.number} is no number of a step")
        if step.status not in _STEP_STATUSES:
            raise _invalid("status", f"{step.status!r} is no status of a step")
        for word in (step.conclusion, step.outcome):
            if word is not None and word not in CONCLUSIONS:
                raise _invalid("conclusion", f"{word!r} is no conclusion of a step")


def _check_end(report: JobReport) -> None:
    if report.conclusion not in CONCLUSIONS:
        raise _invalid("conclusion", f"{report.conclusion!r} is no conclusion of a job")
    if _size(report.outputs) > OUTPUT_BYTES:
        raise _invalid("outputs", f"The outputs are longer than {OUTPUT_BYTES} bytes together")
    if any(_summary_size(one) > SUMMARY_BYTES for one in report.summaries):
        raise _invalid("summaries", f"A summary is longer than {SUMMARY_BYTES} bytes")
    if report.log_length is not None and not 0 <= report.log_length < 1 << 62:
        raise _invalid("log_length", "This is no length")


def _size(outputs: Mapping[str, str]) -> int:
    return sum(len(key) + len(value.encode("utf-8", "replace")) for key, value in outputs.items())


def _summary_size(one: SummaryReport) -> int:
    return len(one.text.encode("utf-8", "replace"))


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, [FieldError("Report", field, "invalid", message)])


def _fingerprint(report: JobReport) -> str:
    text = json.dumps(to_wire(report), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
