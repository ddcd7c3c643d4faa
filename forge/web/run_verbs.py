"""What a person does to a run from its page. Each is a POST that leads back; what cannot be undone asks first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from forge.actions import approve as approving
from forge.actions import cancel as cancelling
from forge.actions import discard
from forge.actions import rerun as rerunning
from forge.actions.models import Run
from forge.actions.queries import runs
from forge.errors import NotFound
from forge.repos.models import Repository, Right
from forge.web import asks, door
from forge.web.errors import page


@require_POST
@page
def cancel(request: HttpRequest, owner: str, name: str, run_id: int, force: bool = False) -> HttpResponse:
    """Ask the run to stop; with ``force`` it ends at once."""
    repository, run = _of_writer(request, owner, name, run_id)
    (cancelling.force if force else cancelling.run)(door.person(request), run)
    return door.back(request, _address(repository, run))


@require_POST
@page
def rerun(request: HttpRequest, owner: str, name: str, run_id: int, failed: bool = False) -> HttpResponse:
    """A new attempt, of all jobs or of those that failed; goes to it."""
    repository, run = _of_writer(request, owner, name, run_id)
    rerunning.attempt(door.person(request), run, "failed" if failed else "all", debug=_debug(request))
    return door.see_other(_address(repository, run))


@require_POST
@page
def rerun_job(request: HttpRequest, owner: str, name: str, run_id: int, job_id: int) -> HttpResponse:
    """A new attempt of one job and those that need it."""
    repository, run = _of_writer(request, owner, name, run_id)
    job = runs.job(repository, job_id)
    if job.run_id != run.pk:
        raise NotFound
    rerunning.attempt(door.person(request), run, job=job, debug=_debug(request))
    return door.see_other(_address(repository, run))


@require_POST
@page
def approve(request: HttpRequest, owner: str, name: str, run_id: int) -> HttpResponse:
    """Let a run go on that waits as a whole for an approval."""
    repository, run = _of_writer(request, owner, name, run_id)
    approving.run(door.actor(request), run)
    return door.see_other(_address(repository, run))


@page
def delete(request: HttpRequest, owner: str, name: str, run_id: int) -> HttpResponse:
    """Asks, and deletes a finished run with everything of it; goes to the list."""
    repository, run = _of_writer(request, owner, name, run_id)
    return asks.first(
        request,
        repository,
        lambda: discard.run(run),
        f"/{repository.full_name}/actions",
        title=f"Delete {run.workflow_name} #{run.run_number}?",
        text=f"“{run.title}” goes for good: every attempt with its jobs, logs, artifacts and summaries.",
        verb="Delete run",
        back=_address(repository, run),
    )


@page
def delete_logs(request: HttpRequest, owner: str, name: str, run_id: int) -> HttpResponse:
    """Asks, and deletes the logs of a finished run; its steps and results stay."""
    repository, run = _of_writer(request, owner, name, run_id)
    return asks.first(
        request,
        repository,
        lambda: discard.logs(run),
        _address(repository, run),
        title=f"Delete the logs of {run.workflow_name} #{run.run_number}?",
        text="The logs of every attempt go for good. Steps, results and annotations stay.",
        verb="Delete logs",
        back=_address(repository, run),
    )


def _debug(request: HttpRequest) -> bool:
    return request.POST.get("debug") == "1"


def _of_writer(request: HttpRequest, owner: str, name: str, run_id: int) -> tuple[Repository, Run]:
    repository = door.repository(request, owner, name, Right.WRITE)
    return repository, runs.run(repository, run_id)


def _address(repository: Repository, run: Run) -> str:
    return f"/{repository.full_name}/actions/runs/{run.pk}"
