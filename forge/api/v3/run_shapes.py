"""Runs, jobs, steps, workflows and annotations as GitHub shows them: shapes only, no queries.

``reason`` and ``problems`` are Forge's own, beside GitHub's fields; docs/api.md says what they hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from forge.accounts.models import Account
from forge.actions.models import Annotation, Job, RunAttempt, Step, Workflow
from forge.actions.queries import runs as queries
from forge.api.v3.places import Place
from forge.api.v3.shapes import node_id, simple_user, time
from forge.runners import groups

#: In place of an account that is gone, as on GitHub.
_GHOST = Account(id=0, login="ghost", login_key="ghost")


def workflow_run(attempt: RunAttempt, at: Place, reason: Mapping[str, Any] | None) -> dict[str, Any]:
    """GitHub's ``workflow-run`` as of one attempt, whose run, workflow and people are loaded."""
    run = attempt.run
    url = f"{at.api}/actions/runs/{run.pk}"
    tried = url if attempt.latest else f"{url}/attempts/{attempt.number}"
    return {
        "id": run.pk,
        "name": run.workflow_name,
        "node_id": node_id("WorkflowRun", run.pk),
        "check_suite_id": run.pk,  # a run is its own check suite
        "check_suite_node_id": node_id("CheckSuite", run.pk),
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "path": run.workflow.path,
        "display_title": run.title,
        "run_number": run.run_number,
        "run_attempt": attempt.number,
        "run_index": run.run_index,
        "event": run.event_name,
        "status": attempt.status,
        "conclusion": attempt.conclusion,
        "reason": reason,
        "workflow_id": run.workflow_id,
        "parent_run_id": run.parent_id,
        "url": url,
        "html_url": f"{at.html}/actions/runs/{run.pk}",
        "pull_requests": [],
        "created_at": time(run.created_at),
        "updated_at": time(max(run.updated_at, attempt.updated_at) if attempt.latest else attempt.updated_at),
        "run_started_at": time(attempt.started_at),
        "actor": person(run.actor, at.base),
        "triggering_actor": person(attempt.triggering_actor, at.base),
        "referenced_workflows": [_referenced(one) for one in run.called],
        "jobs_url": f"{tried}/jobs",
        "logs_url": f"{tried}/logs",
        "check_suite_url": f"{at.api}/check-suites/{run.pk}",
        "artifacts_url": f"{url}/artifacts",
        "cancel_url": f"{url}/cancel",
        "rerun_url": f"{url}/rerun",
        "previous_attempt_url": f"{url}/attempts/{attempt.number - 1}" if attempt.number > 1 else None,
        "workflow_url": f"{at.api}/actions/workflows/{run.workflow_id}",
        "head_commit": run.head_commit or None,
        "repository": at.minimal,
        "head_repository": at.minimal,
        "head_repository_id": at.repository.pk,
    }


def _referenced(called: Mapping[str, str]) -> dict[str, str]:
    shape = {"path": called["path"], "sha": called["sha"]}
    return {**shape, "ref": called["ref"]} if called["ref"] else shape


def workflow_run_in_full(attempt: RunAttempt, at: Place, reason: Mapping[str, Any] | None) -> dict[str, Any]:
    """The same with the findings of a startup failure, which lists leave out."""
    return {**workflow_run(attempt, at, reason), "problems": attempt.problems}


def job(row: Job, at: Place, reason: Mapping[str, Any] | None) -> dict[str, Any]:
    """GitHub's ``job``; its steps are those of the job that it carries over, if it does."""
    ran = queries.source(row)
    run = row.run
    runner = row.runner_name or (row.runner.name if row.runner else None)
    group_id, group_name = groups.title(row.runner.group if row.runner else None)
    return {
        "id": row.pk,
        "run_id": run.pk,
        "workflow_name": run.workflow_name,
        "head_branch": run.head_branch,
        "run_url": f"{at.api}/actions/runs/{run.pk}",
        "run_attempt": row.attempt.number,
        "node_id": node_id("CheckRun", row.pk),
        "head_sha": run.head_sha,
        "url": f"{at.api}/actions/jobs/{row.pk}",
        "html_url": f"{at.html}/actions/runs/{run.pk}/job/{row.pk}",
        "status": row.status,
        "conclusion": row.conclusion,
        "reason": reason,
        "created_at": time(row.created_at),
        "started_at": time(row.started_at or ran.started_at or row.queued_at or row.created_at),
        "completed_at": time(row.completed_at),
        "name": row.name,
        "steps": [step(one) for one in ran.steps.all()],
        "check_run_url": f"{at.api}/check-runs/{row.pk}",
        "labels": row.label_set.labels if row.label_set else [],
        "runner_id": row.runner_id,
        "runner_name": runner,
        "runner_group_id": group_id if runner else None,
        "runner_group_name": group_name if runner else None,
        "carried_from_job_id": row.carries_id,
    }


def step(row: Step) -> dict[str, Any]:
    """A step of a job; one that its job's end overtook counts as ended with it."""
    return {
        "name": row.name,
        "status": row.status if row.status in ("in_progress", "completed") else "queued",
        "conclusion": row.conclusion,
        "number": row.number,
        "started_at": fine_time(row.started_at),
        "completed_at": fine_time(row.completed_at),
    }


def workflow(row: Workflow, at: Place) -> dict[str, Any]:
    """GitHub's ``workflow``; ``deleted_at`` only where its file is gone."""
    file = quote(row.path.rsplit("/", 1)[-1])
    shown = {
        "id": row.pk,
        "node_id": node_id("Workflow", row.pk),
        "name": row.name,
        "path": row.path,
        "state": row.state,
        "created_at": time(row.created_at),
        "updated_at": time(row.updated_at),
        "url": f"{at.api}/actions/workflows/{row.pk}",
        "html_url": f"{at.html}/actions/workflows/{file}",
        "badge_url": f"{at.html}/workflows/{quote(row.name, safe='')}/badge.svg",
    }
    return {**shown, "deleted_at": time(row.updated_at)} if row.state == Workflow.State.DELETED else shown


def annotation(row: Annotation, at: Place, workflow_path: str, sha: str) -> dict[str, Any]:
    """GitHub's ``check-annotation``; one without a file points at the workflow, as GitHub's do."""
    path = row.path or workflow_path
    start = row.start_line or 1
    return {
        "path": path,
        "blob_href": at.blob(sha, path),
        "start_line": start,
        "end_line": row.end_line or start,
        "start_column": row.start_column,
        "end_column": row.end_column,
        "annotation_level": row.level,
        "title": row.title,
        "message": row.message,
        "raw_details": "",
    }


def problem(finding: Mapping[str, Any], at: Place, sha: str) -> dict[str, Any]:
    """A finding of a startup failure as a ``check-annotation``."""
    line, column = finding.get("line") or 1, finding.get("column") or None
    return {
        "path": finding["file"],
        "blob_href": at.blob(sha, finding["file"]),
        "start_line": line,
        "end_line": line,
        "start_column": column,
        "end_column": column,
        "annotation_level": "warning" if finding.get("severity") == "warning" else "failure",
        "title": "Invalid workflow file",
        "message": finding["message"],
        "raw_details": "",
    }


def person(account: Account | None, base: str) -> dict[str, Any]:
    """A ``simple-user``; the ghost for an account that is gone."""
    return simple_user(account or _GHOST, base)


def fine_time(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds: steps are short."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
