"""Rules of jobs, their steps, their claims and their logs."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, F, Min, Q, Sum

from forge.actions import leases, log_chunks
from forge.actions.models import Beat, Job, JobLog, LogChunk, LogPage, PendingDeployment, Step
from forge.actions.reconcile.rule import OVERDUE, Breach, Rule
from forge.actions.reconcile.run_rows import RunRows
from workflows.states import Conclusion, Status

_WELL = (Conclusion.SUCCESS, Conclusion.NEUTRAL)
_BEFORE = (Status.REQUESTED, Status.WAITING, Status.PENDING)


def _conclusion(rows: RunRows) -> Iterator[Breach]:
    for job in rows.jobs:
        if (job.status == Status.COMPLETED) != (job.conclusion is not None):
            yield *_job(job), {"status": job.status, "conclusion": job.conclusion}


def _step_conclusion(rows: RunRows) -> Iterator[Breach]:
    wrong = Q(status=Status.COMPLETED, conclusion=None) | (~Q(status=Status.COMPLETED) & Q(conclusion__isnull=False))
    for step in Step.objects.filter(wrong, job__run__in=rows.ids).select_related("job"):
        yield (
            f"step:{step.pk}",
            f"run:{step.job.run_id}",
            {"job": step.job_id, "number": step.number, "status": step.status, "conclusion": step.conclusion},
        )


def _open_steps(rows: RunRows) -> Iterator[Breach]:
    steps = Step.objects.filter(job__run__in=rows.ids, job__status=Status.COMPLETED).exclude(status=Status.COMPLETED)
    for step in steps.select_related("job"):
        yield (
            f"step:{step.pk}",
            f"run:{step.job.run_id}",
            {"job": step.job_id, "number": step.number, "status": step.status},
        )


def _times(rows: RunRows) -> Iterator[Breach]:
    for job in rows.jobs:
        if (job.status == Status.COMPLETED) != (job.completed_at is not None):
            yield *_job(job), {"status": job.status, "completed_at": str(job.completed_at)}
        elif job.status == Status.IN_PROGRESS and job.started_at is None:
            yield *_job(job), {"status": job.status, "started_at": "None"}


def _reason(rows: RunRows) -> Iterator[Breach]:
    for job in rows.jobs:
        if job.status == Status.COMPLETED and job.conclusion not in _WELL and not job.reason.get("code"):
            yield *_job(job), {"conclusion": job.conclusion}


def _belongs(rows: RunRows) -> Iterator[Breach]:
    attempts = {attempt.pk: attempt for attempt in rows.every_attempt()}
    nodes = {node.pk for of_attempt in rows.nodes.values() for node in of_attempt}
    for job in rows.jobs:
        attempt, run = attempts.get(job.attempt_id), rows.runs.get(job.run_id)
        if run is None:  # it went while the rows were read
            continue
        known = {node.pk for node in rows.nodes[job.attempt_id]} if job.node_id in nodes else set()
        if attempt is None or job.node_id not in known or job.repository_id != run.repository_id:
            yield *_job(job), {"attempt": job.attempt_id, "node": job.node_id, "repository": job.repository_id}


def _labels(rows: RunRows) -> Iterator[Breach]:
    for job in rows.jobs:
        if job.status in (*_BEFORE, Status.QUEUED) and job.label_set_id is None:
            yield *_job(job), {"status": job.status}


def _free(rows: RunRows) -> Iterator[Breach]:
    for job in rows.jobs:
        may_be = job.status in (*_BEFORE, Status.QUEUED) and not rows.live(job)
        if job.free != may_be:
            yield *_job(job), {"free": job.free, "status": job.status, "live claims": len(rows.live(job))}


def _live_claims(rows: RunRows) -> Iterator[Breach]:
    for job in rows.jobs:
        live = rows.live(job)
        if job.status == Status.COMPLETED and live:
            yield *_job(job), {"claims": [claim.pk for claim in live]}


def _held(rows: RunRows) -> Iterator[Breach]:
    for job in rows.jobs:
        if job.status == Status.IN_PROGRESS and not rows.live(job):
            ended = [claim.end_reason for claim in rows.claims[job.pk]]
            yield *_job(job), {"claims": len(ended), "last ended": ended[-1] if ended else ""}


def _one_claim(rows: RunRows) -> Iterator[Breach]:
    for job in rows.jobs:
        live, epochs = rows.live(job), [claim.epoch for claim in rows.claims[job.pk]]
        last = epochs[-1] if epochs else 0
        # Epochs are counted with the claims; claims go with a runner that is deleted, the count stays.
        if len(live) > 1 or last > job.epoch or any(claim.epoch != job.epoch for claim in live):
            yield *_job(job), {"epoch": job.epoch, "claims": epochs, "live": len(live)}
        elif live and live[0].runner_id != job.runner_id:
            yield *_job(job), {"runner": job.runner_id, "claim's": live[0].runner_id}


def _started_once(rows: RunRows) -> Iterator[Breach]:
    for job in rows.jobs:
        begun = [claim.epoch for claim in rows.claims[job.pk] if claim.started_at is not None]
        if begun and (len(begun) > 1 or rows.claims[job.pk][-1].epoch != begun[0]):
            yield *_job(job), {"started": begun, "claims": [claim.epoch for claim in rows.claims[job.pk]]}


def _acknowledged(rows: RunRows) -> Iterator[Breach]:
    for job in rows.jobs:
        for claim in rows.live(job):
            said = claim.acknowledged_at is not None or claim.started_at is not None
            if said and job.status in (*_BEFORE, Status.QUEUED):
                yield *_job(job), {"status": job.status, "claim": claim.pk}


def _waiting(rows: RunRows) -> Iterator[Breach]:
    waiting = [job for job in rows.jobs if job.status == Status.WAITING]
    if not waiting:
        return
    held = PendingDeployment.objects.filter(job__in=waiting).exclude(state=PendingDeployment.State.REFUSED)
    known = set(held.values_list("job", flat=True))
    for job in waiting:
        if job.pk not in known:
            yield *_job(job), {"environment": job.environment}


def _overdue(rows: RunRows) -> Iterator[Breach]:
    door_open = None
    for job in rows.jobs:
        if job.status == Status.COMPLETED:
            continue
        for claim in rows.live(job):
            if claim.lease_expires_at < rows.now - OVERDUE:
                if door_open is None:  # nobody renews while it is closed, and nothing expires
                    door_open = Beat.objects.filter(name=leases.DOOR, at__gte=rows.now - leases.gap()).exists()
                if door_open:
                    yield *_job(job), {"lease ended": str(claim.lease_expires_at)}


def _endless(rows: RunRows) -> Iterator[Breach]:
    for job in rows.jobs:
        if job.status != Status.IN_PROGRESS or job.started_at is None:
            continue
        asked = job.cancel_requested_at
        if job.started_at + leases.timeout_patience(job) < rows.now - OVERDUE:
            yield *_job(job), {"started": str(job.started_at), "minutes": job.timeout_minutes}
        elif asked is not None and asked + leases.cancel_patience(job) < rows.now - OVERDUE:
            yield *_job(job), {"cancel asked": str(asked)}


def _carried(rows: RunRows) -> Iterator[Breach]:
    for job in rows.jobs:
        old = job.carries
        if old is not None and (job.status != Status.COMPLETED or job.conclusion != old.conclusion or old.carries_id):
            yield *_job(job), {"carries": old.pk, "conclusion": job.conclusion, "its": old.conclusion}


def _logs(rows: RunRows) -> Iterator[Breach]:
    logs = list(JobLog.objects.filter(job__run__in=rows.ids, deleted_at=None).select_related("job"))
    pages, chunks = _page_sums(rows), _chunk_sums(rows)
    for log in logs:
        sealed = pages.get(log.job_id, 0)
        begin, held = chunks.get(log.job_id, (log.sealed_length, 0))
        end = begin + held
        closed = log.sealed_at is None or log.sealed_length == log.length
        if sealed != log.sealed_length or begin > log.sealed_length or end != log.length or not closed:
            yield (
                f"log:{log.job_id}",
                f"run:{log.job.run_id}",
                {"length": log.length, "sealed": log.sealed_length, "pages": sealed, "chunks": [begin, end]},
            )
        elif log.epoch > log.job.epoch:
            yield f"log:{log.job_id}", f"run:{log.job.run_id}", {"epoch": log.epoch, "job's": log.job.epoch}


def _page_sums(rows: RunRows) -> dict[int, int]:
    pages = LogPage.objects.filter(job__run__in=rows.ids, epoch=F("job__log__epoch")).values("job")
    return {one["job"]: one["sum"] for one in pages.annotate(sum=Sum("length")).order_by()}


def _chunk_sums(rows: RunRows) -> dict[int, tuple[int, int]]:
    chunks = LogChunk.objects.filter(job__run__in=rows.ids, epoch=F("job__log__epoch")).annotate(end=log_chunks.END)
    open_ones = chunks.filter(end__gt=F("job__log__sealed_length")).values("job")
    found = open_ones.annotate(begin=Min("offset"), sum=Sum(log_chunks.SIZE), count=Count("pk")).order_by()
    return {one["job"]: (one["begin"], one["sum"]) for one in found}


def _job(job: Job) -> tuple[str, str]:
    return f"job:{job.pk}", f"run:{job.run_id}"


RULES: tuple[Rule[RunRows], ...] = (
    Rule("job_conclusion", "A job has a conclusion exactly when it is completed.", _conclusion),
    Rule("step_conclusion", "A step has a conclusion exactly when it is completed.", _step_conclusion),
    Rule("open_steps", "When a job is over, so are its steps.", _open_steps),
    Rule("job_times", "A job has the time of its end exactly when it is completed, that of its start before.", _times),
    Rule("job_reason", "A job that is over and not well says why.", _reason),
    Rule("job_belongs", "A job belongs to a job key of its own attempt and run.", _belongs),
    Rule("labels", "A job that waits has the labels of the runner that it waits for.", _labels),
    Rule("free", "A job is free exactly while it waits and no claim holds it.", _free),
    Rule("claim_of_ended_job", "Nobody holds a job that is over.", _live_claims),
    Rule("unheld", "A job in progress is held by a claim.", _held),
    Rule("one_claim", "At most one claim holds a job, of its newest epoch, by the runner that it names.", _one_claim),
    Rule("started_once", "After a step of its workflow has started, a job is never handed out again.", _started_once),
    Rule("acknowledged", "A job whose runner has reported is in progress.", _acknowledged),
    Rule("lease_overdue", "A lease that ran out is noticed by the sweep.", _overdue),
    Rule("waiting", "A job waits only while its environment has something that it waits for.", _waiting),
    Rule("endless", "A job ends soon after its timeout, and after a cancel that nobody answers.", _endless),
    Rule("carried", "A carried-over job ended as the one that it carries.", _carried),
    Rule("log_length", "A log's pages and chunks are as long as it is, and begin where the others end.", _logs),
)
