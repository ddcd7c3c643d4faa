"""Why something waits or has ended: codes as data, and one plain sentence for each.

Codes: ``cancelled``, ``run_cancelled``, ``fail_fast``, ``condition_false``, ``need_failed``,
``evaluation_error``, ``runner_lost``, ``timed_out``, ``assignment_failed``, ``step_failed``,
``startup_failure``, ``source_unreadable``, ``repository_deleted``, ``jobs_failed``, ``jobs_cancelled``,
``all_skipped``, ``superseded``, ``queue_full``, ``deadlock``, ``rejected``, ``branch_not_allowed``,
``environment_deleted``, ``runner_said`` (its runner ended it so and gave no reason), ``message``, whatever a
runner reports with its own words, and for waiting jobs and runs ``no_runner``, ``group_closed`` (runners with these
labels are online, in groups that are not open to the job), ``all_busy``, ``starting``, ``max_parallel``,
``concurrency``, ``environment``, ``cancelling``, ``ready``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet

from forge.actions import reach
from forge.actions.models import Claim, Job, LabelSet, PendingDeployment, Place, RunAttempt
from forge.runners import groups, registration
from forge.runners.models import Runner
from workflows.states import Conclusion, Status

Reason = Mapping[str, Any]

#: Of jobs that ended a run, so many are named.
NAMED = 3
_BLAMED: Mapping[Conclusion, tuple[str, tuple[Conclusion, ...]]] = {
    Conclusion.FAILURE: ("jobs_failed", (Conclusion.FAILURE, Conclusion.TIMED_OUT, Conclusion.STARTUP_FAILURE)),
    Conclusion.TIMED_OUT: ("jobs_failed", (Conclusion.TIMED_OUT,)),
    Conclusion.CANCELLED: ("jobs_cancelled", (Conclusion.CANCELLED,)),
}


def text(reason: Reason) -> str:
    """One plain sentence; empty for an empty reason."""
    code = str(reason.get("code", ""))
    if not code:
        return ""
    say = _SENTENCES.get(code)
    if say is not None:
        return say(reason)
    # A runner's own code comes with its own words.
    return str(reason.get("message") or code.replace("_", " ").capitalize() + ".")


def of_end(attempt: RunAttempt, conclusion: Conclusion) -> dict[str, Any]:
    """Why an attempt ended as its jobs made it end: which they were, and the first one's own reason.

    Empty for a success, and for an end that no job of its own accounts for.
    """
    if conclusion is Conclusion.SKIPPED:
        return {"code": "all_skipped"}
    if conclusion not in _BLAMED:
        return {}
    code, conclusions = _BLAMED[conclusion]
    blamed = Job.objects.filter(attempt=attempt, conclusion__in=conclusions)
    if conclusion is not Conclusion.CANCELLED:  # continue-on-error forgives a failure, never a cancel
        blamed = blamed.filter(continue_on_error=False)
    jobs = list(blamed.order_by("completed_at", "pk").only("name", "reason")[: NAMED + 1])
    if not jobs:
        return {}
    count = len(jobs) if len(jobs) <= NAMED else blamed.count()
    return {"code": code, "jobs": [job.name for job in jobs[:NAMED]], "count": count, "because": jobs[0].reason}


def waiting(job: Job) -> dict[str, Any]:
    """Why a job that is not over does not run, as data; empty for one that runs."""
    return waiting_for([job]).get(job.pk, {})


def waiting_for(jobs: Iterable[Job]) -> dict[int, dict[str, Any]]:
    """The same for many jobs by id, with a constant number of queries."""
    still = [job for job in jobs if job.status != Status.COMPLETED]
    found = _for_groups([job for job in still if job.status == Status.PENDING])
    found |= _for_environments([job for job in still if job.status == Status.WAITING])
    queued = []
    for job in still:
        if job.status == Status.WAITING:
            continue
        if job.status == Status.PENDING:
            found.setdefault(job.pk, {"code": "max_parallel"})
        elif job.status == Status.IN_PROGRESS:
            if job.cancel_requested_at is not None:
                found[job.pk] = {**job.cancel_reason, "code": "cancelling"}
        elif not job.free:
            found[job.pk] = {"code": "starting", "runner": job.runner_name}
        else:
            queued.append(job)
    if queued:
        found |= _for_runners(queued)
    return found


def held(attempts: Iterable[RunAttempt]) -> dict[int, dict[str, Any]]:
    """Why attempts that wait for a concurrency group do so, as a whole or for a call of another workflow, by id, with
    a constant number of queries."""
    waiting = [one.pk for one in attempts if one.status == Status.PENDING]
    asked = Place.objects.filter(attempt__in=waiting, job=None) if waiting else Place.objects.none()
    return {place.attempt_id: reason for place, reason in reversed(_holders(asked))}  # of many, the first is named


def _for_groups(jobs: list[Job]) -> dict[int, dict[str, Any]]:
    """Of pending jobs, those that wait for a concurrency group."""
    wanting = [job.pk for job in jobs if job.groups]
    asked = Place.objects.filter(job__in=wanting) if wanting else Place.objects.none()
    return {place.job_id: reason for place, reason in _holders(asked) if place.job_id is not None}


def _for_environments(jobs: list[Job]) -> dict[int, dict[str, Any]]:
    """What is missing of jobs that wait for their environment: reviewers or integrations, or time alone."""
    if not jobs:
        return {}
    rows = PendingDeployment.objects.filter(job__in=jobs).select_related("environment")
    people = rows.prefetch_related("environment__reviewers__user", "environment__protection_rules__integration")
    return {row.job_id: _of_environment(row) for row in people}


def _of_environment(row: PendingDeployment) -> dict[str, Any]:
    reason: dict[str, Any] = {"code": "environment", "environment": row.environment_name}
    if row.due_at is not None:
        return {**reason, "until": row.due_at.isoformat()}
    if row.environment is None:
        return reason
    asked = [] if row.approved else [one.user.login for one in row.environment.reviewers.all()]
    rules = [one.integration.login for one in row.environment.protection_rules.all()]
    return {**reason, "reviewers": asked, "rules": rules}


def _holders(asked: QuerySet[Place]) -> list[tuple[Place, dict[str, Any]]]:
    """Places that wait, each with who has its group."""
    waiting = list(asked.filter(state=Place.State.WAITING).select_related("group").order_by("id"))
    if not waiting:
        return []
    taken = Place.objects.filter(
        group__in={place.group_id for place in waiting}, state__in=(Place.State.HOLDING, Place.State.LEAVING)
    )
    by_group = {place.group_id: place for place in taken.select_related("run", "job")}
    return [(place, _of_group(place, by_group.get(place.group_id))) for place in waiting]


def _of_group(place: Place, holder: Place | None) -> dict[str, Any]:
    reason = {"code": "concurrency", "group": place.group.name, "holder": None if holder is None else named(holder)}
    if holder is not None and holder.state == Place.State.LEAVING and holder.release_at is not None:
        reason["until"] = holder.release_at.isoformat()
    return reason


def named(place: Place) -> dict[str, Any]:
    """Who has a place: its run, and its job where it is one job's. Give it with both."""
    run = place.run
    job = place.job.name if place.job else None
    return {"run": run.pk, "number": run.run_number, "workflow": run.workflow_name, "job": job}


def _for_runners(jobs: list[Job]) -> dict[int, dict[str, Any]]:
    repositories, owners = {job.repository_id for job in jobs}, {job.owner_id for job in jobs}
    scope = Q(repository=None, owner=None) | Q(repository__in=repositories) | Q(owner__in=owners)
    found = Runner.objects.select_related("group").filter(scope, removed_at=None)
    runners = [one for one in found if registration.online(one)]
    live = Claim.objects.filter(ended_at=None, runner__in=[one.pk for one in runners]).values_list("runner", flat=True)
    held = Counter(live)
    asked = {
        one.pk: one.label_set for one in Job.objects.select_related("label_set").filter(pk__in=[job.pk for job in jobs])
    }
    opened = reach.opened([job.pk for job in jobs], {one.group_id for one in runners if one.group_id})
    return {job.pk: _for_runner(job, asked.get(job.pk), runners, held, opened) for job in jobs}


def _for_runner(
    job: Job,
    asked: LabelSet | None,
    runners: list[Runner],
    held: Counter[int],
    opened: set[tuple[int, int]],
) -> dict[str, Any]:
    wanted: dict[str, Any] = {"labels": asked.labels if asked else []}
    if asked is not None and asked.runner_group:
        wanted["group"] = asked.runner_group
    fitting = [one for one in runners if _in_scope(one, job) and _fits(one, asked)]
    allowed = [one for one in fitting if one.group_id is None or (job.pk, one.group_id) in opened]
    if fitting and not allowed:
        closed = sorted({groups.title(one.group)[1] for one in fitting})
        return {"code": "group_closed", **wanted, "count": len(fitting), "groups": closed}
    if not allowed:
        return {"code": "no_runner", **wanted}
    if all(one.draining or held[one.pk] >= one.capacity for one in allowed):
        return {"code": "all_busy", **wanted, "count": len(allowed)}
    return {"code": "ready", **wanted}


def _fits(runner: Runner, asked: LabelSet | None) -> bool:
    if asked is None:
        return True
    named = not asked.runner_group or asked.runner_group.lower() in groups.names(runner)
    return named and registration.matches(runner, asked.labels)


def _in_scope(runner: Runner, job: Job) -> bool:
    return runner.repository_id in (None, job.repository_id) and runner.owner_id in (None, job.owner_id)


def _cancelled(reason: Reason) -> str:
    who = f" by {reason['by']}" if reason.get("by") else ""
    how = "Forced to end" if reason.get("forced") else "Cancelled"
    more = "; its runner did not answer within 5 minutes" if reason.get("unanswered") else ""
    return f"{how}{who}{more}."


def _runner_lost(reason: Reason) -> str:
    if reason.get("removed"):
        return f"Runner {reason.get('runner')} was removed while it worked on this job."
    times = f" It was lost {reason['times']} times before the job started." if reason.get("times") else ""
    if reason.get("restarted"):
        return (
            f"Runner {reason.get('runner')} gave this job up: it was restarted, or too long without the server.{times}"
        )
    heard = f"; it was last heard from at {_moment(reason['last_heard_at'])}" if reason.get("last_heard_at") else ""
    return f"Runner {reason.get('runner')} was lost{heard}.{times}"


def _jobs_ended(reason: Reason) -> str:
    one, many = ("failed", "failed") if reason["code"] == "jobs_failed" else ("was cancelled", "were cancelled")
    names, count = [str(name) for name in reason.get("jobs", [])], int(reason.get("count", 1))
    if count == 1:
        because = text(reason.get("because") or {})
        return f"Job {names[0]}: {because}" if because else f"Job {names[0]} {one}."
    listed = [*names, f"{count - len(names)} more"] if count > len(names) else names
    return f"{count} jobs {many}: {', '.join(listed[:-1])} and {listed[-1]}."


def _who(named: Any) -> str:
    """``job deploy of run 41 of CI``."""
    if not isinstance(named, Mapping):
        return "another run"
    run = f"run {named.get('number')} of {named.get('workflow')}"
    return f"job {named['job']} of {run}" if named.get("job") else run


def _concurrency(reason: Reason) -> str:
    start = f"Waiting for the concurrency group “{reason.get('group')}”"
    if not reason.get("holder"):
        return f"{start}."
    if reason.get("until"):
        return f"{start}: {_who(reason['holder'])} is over, but its runner was lost and may still be running it."
    return f"{start}: {_who(reason['holder'])} has it."


def _superseded(reason: Reason) -> str:
    group = reason.get("group")
    return f"Cancelled because {_who(reason.get('newer'))}, which is newer, is in the group “{group}” too."


def _deadlock(reason: Reason) -> str:
    held = f"the concurrency group “{reason.get('group')}” is held by {_who(reason.get('holder'))}"
    return f"Cancelled because it would wait forever: {held}, which waits for it."


def _asked(reason: Reason) -> str:
    """``the labels gpu and linux of the group “big”``, as far as there are any."""
    labels, group = [str(label) for label in reason.get("labels", [])], reason.get("group")
    noun = "label" if len(labels) == 1 else "labels"
    parts = [f"the {noun} {', '.join(labels)}"] if labels else []
    return " in ".join([*parts, f"the group “{group}”"] if group else parts)


def _moment(written: Any) -> str:
    """A time that was kept as ISO 8601, for people: ``22 Nov 2026, 12:45:23 UTC``."""
    moment = datetime.fromisoformat(str(written)).astimezone(UTC)
    return f"{moment.day} {moment:%b %Y, %H:%M:%S} UTC"


def _environment(reason: Reason) -> str:
    start = f"Waiting for the environment “{reason.get('environment')}”"
    if reason.get("until"):
        return f"{start} until {_moment(reason['until'])}, as its wait timer asks."
    missing = [f"an approval by {' or '.join(reason['reviewers'])}"] if reason.get("reviewers") else []
    missing += [f"the rule {name}" for name in reason.get("rules", [])]
    return f"{start}: {' and '.join(missing)} is missing." if missing else f"{start}."


def _rejected(reason: Reason) -> str:
    comment = f": {reason['comment']}" if reason.get("comment") else "."
    return f"{reason.get('by')} rejected the deployment to “{reason.get('environment')}”{comment}"


def _no_runner(reason: Reason) -> str:
    verb = "has" if reason.get("labels") else "is in"
    return f"Waiting for a runner: no runner online {verb} {_asked(reason)}."


def _group_closed(reason: Reason) -> str:
    count, closed = reason.get("count", 1), [f"“{name}”" for name in reason.get("groups", [])]
    which = f"the one with {_asked(reason)} is" if count == 1 else f"all {count} with {_asked(reason)} are"
    noun = "group" if len(closed) == 1 else "groups"
    return f"Waiting for a runner: {which} in the {noun} {', '.join(closed)}, which this job may not use."


def _all_busy(reason: Reason) -> str:
    count = reason.get("count", 0)
    labels = ", ".join(str(label) for label in reason.get("labels", []))
    group = f"the group “{reason['group']}”" if reason.get("group") else ""
    which = " in ".join(part for part in (f"with {labels}" if labels else "", group) if part)
    if count == 1:
        return f"Waiting for a runner: the one {which} is busy."
    return f"Waiting for a runner: all {count} {which} are busy."


def _timed_out(reason: Reason) -> str:
    if reason.get("message"):
        return str(reason["message"])
    minutes = reason.get("minutes")
    return f"The job ran longer than its {minutes:g} minutes." if minutes else "The job ran longer than it may."


_SENTENCES: dict[str, Callable[[Reason], str]] = {
    "cancelled": _cancelled,
    "run_cancelled": _cancelled,
    "cancelling": lambda reason: f"{_cancelled(reason).rstrip('.')}; waiting for its runner to stop.",
    "fail_fast": lambda reason: "Cancelled because another job of its matrix failed.",
    "condition_false": lambda reason: f"Skipped because its condition is false: {reason.get('expression', '')}",
    "need_failed": lambda reason: (
        f"Skipped because the job {reason.get('need')} that it needs ended as {reason.get('result')}."
    ),
    "evaluation_error": lambda reason: str(reason.get("message") or "An expression of the job cannot be evaluated."),
    "runner_lost": _runner_lost,
    "timed_out": _timed_out,
    "assignment_failed": lambda reason: f"The job could not be given to a runner: {reason.get('message', '')}",
    "step_failed": lambda reason: f"The step “{reason.get('name')}” failed.",
    "runner_said": lambda reason: f"Its runner ended it as {reason.get('conclusion')} and gave no reason.",
    "startup_failure": lambda reason: "The workflow file is not valid.",
    "source_unreadable": lambda reason: "The workflow file was valid when the run began and is refused now.",
    "repository_deleted": lambda reason: "The repository was deleted.",
    "jobs_failed": _jobs_ended,
    "jobs_cancelled": _jobs_ended,
    "all_skipped": lambda reason: "All its jobs were skipped.",
    "concurrency": _concurrency,
    "superseded": _superseded,
    "deadlock": _deadlock,
    "queue_full": lambda reason: (
        f"Cancelled because 100 others wait for the concurrency group “{reason.get('group')}” already."
    ),
    "environment": _environment,
    "rejected": _rejected,
    "environment_deleted": lambda reason: f"The environment “{reason.get('environment')}” was deleted.",
    "branch_not_allowed": lambda reason: (
        f"“{reason.get('ref')}” is not allowed to deploy to “{reason.get('environment')}”, as its rules say."
    ),
    "max_parallel": lambda reason: "Waiting for another job of its matrix, as max-parallel asks.",
    "starting": lambda reason: f"Given to runner {reason.get('runner')}, which has not reported yet.",
    "no_runner": _no_runner,
    "group_closed": _group_closed,
    "all_busy": _all_busy,
    "ready": lambda reason: "Waiting for a runner to take it.",
}
