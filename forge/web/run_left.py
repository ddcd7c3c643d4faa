"""What a run leaves behind: its logs as one file, artifacts, summaries as text, the line of an annotation."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect

from forge.actions import log_archives, logs
from forge.actions.models import Job, JobLog
from forge.actions.queries import notes, runs
from forge.artifacts import artifacts
from forge.artifacts.models import Artifact
from forge.errors import ForgeError, Gone, NotFound
from forge.repos.models import Repository, Right
from forge.web import asks, door, downloads, loglines
from forge.web.errors import page, refusal


def all_logs(request: HttpRequest, owner: str, name: str, run_id: int, number: int | None = None) -> HttpResponseBase:
    """The logs of an attempt as a zip, made while it is sent."""
    try:
        repository = door.repository(request, owner, name)
        run = runs.run(repository, run_id)
        attempt = runs.latest(run) if number is None else runs.attempt(run, number)
        jobs = list(runs.jobs(attempt))
        kept = list(JobLog.objects.filter(job__in=notes.sources(jobs)).values_list("deleted_at", flat=True))
        if not kept:
            raise NotFound("No job of this run has written a log yet.")
        if all(kept):
            raise Gone("The logs of this run have been deleted.")
    except ForgeError as error:
        return refusal(request, error)
    pieces = log_archives.archive(jobs, runs.source)
    return downloads.file(request, pieces, "application/zip", f"logs_{run.pk}_{attempt.number}.zip")


def artifact(request: HttpRequest, owner: str, name: str, run_id: int, artifact_id: int) -> HttpResponseBase:
    """The zip of an artifact, for whoever may read the repository."""
    try:
        _, found = _artifact(request, owner, name, run_id, artifact_id, Right.READ)
        artifacts.check(found)
    except ForgeError as error:
        return refusal(request, error)
    answer = downloads.file(request, artifacts.read(found), "application/zip", f"{found.name}.zip")
    answer["Content-Length"] = str(found.size)
    return answer


@page
def delete_artifact(request: HttpRequest, owner: str, name: str, run_id: int, artifact_id: int) -> HttpResponse:
    """Asks, and deletes an artifact for good."""
    repository, found = _artifact(request, owner, name, run_id, artifact_id, Right.WRITE)
    back = f"/{repository.full_name}/actions/runs/{run_id}"
    return asks.first(
        request,
        repository,
        lambda: artifacts.delete(found),
        f"{back}#artifacts",
        title=f"Delete the artifact {found.name}?",
        text="It is gone for good, for jobs and for links that lead to it too.",
        verb="Delete artifact",
        back=back,
    )


def summary(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int) -> HttpResponse:
    """What the steps of a job wrote as their summary, as it is: Markdown in plain text."""
    try:
        text = notes.summary_text(_ran(request, owner, name, run_id, job_id))
    except ForgeError as error:
        return refusal(request, error)
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer


@page
def log_place(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int, offset: int) -> HttpResponse:
    """Leads to the line of a job's log that begins at this byte: annotations know no other number."""
    ran = _ran(request, owner, name, run_id, job_id)
    here = f"/{owner}/{name}/actions/runs/{run_id}/job/{job_id}"
    begun = [step for step in ran.steps.all() if step.log_start is not None and step.log_start <= offset]
    step = max(begun, key=lambda one: one.log_start or 0, default=None)
    if step is None or step.log_start is None:
        return HttpResponseRedirect(here)
    line = logs.count_lines(ran, step.log_start, offset) + 1
    number = (line - 1) // loglines.PAGE + 1
    return HttpResponseRedirect(f"{here}?step={step.number}&page={number}#s{step.number}-L{line}")


def _ran(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int) -> Job:
    """The job that really ran behind a job of a run."""
    job = runs.job(door.repository(request, owner, name), job_id)
    if job.run_id != run_id:
        raise NotFound
    return runs.source(job)


def _artifact(
    request: HttpRequest, owner: str, name: str, run_id: int, artifact_id: int, right: Right
) -> tuple[Repository, Artifact]:
    repository = door.repository(request, owner, name, right)
    found = artifacts.find(repository, artifact_id)
    if found.run_id != run_id:
        raise NotFound
    return repository, found
