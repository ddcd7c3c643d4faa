"""Workflows, their runs, jobs and logs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from forge.actions import assignment, discard
from forge.actions.models import Claim, Job
from forge.runners.models import Runner
from tests import factories
from tests.forge.api.endpoints.world import World, piece

CI = """\
name: CI
on:
  push:
  workflow_dispatch: {inputs: {level: {type: choice, options: [low, high], default: low}}}
  repository_dispatch: {types: [ping]}
jobs: {build: {runs-on: ubuntu-latest, steps: [{run: "true"}]}}
"""


@piece("workflow", "workflow_id")
def _workflow(world: World) -> None:
    """The workflow ``ci.yml``."""
    world.rows["workflow"] = row = factories.workflow(world.hello)
    world.values["workflow_id"] = row.pk


@piece("disabled workflow")
def _disabled(world: World) -> None:
    """``ci.yml``, switched off by somebody."""
    world.need("workflow")
    row = world.rows["workflow"]
    row.state = "disabled_manually"
    row.save()


def _run(world: World, **fields: Any) -> Any:
    world.need("workflow")
    workflow = world.rows["workflow"]
    workflow.repository = world.hello
    given = {"actor": world.account("octo"), "source": factories.source(CI), **fields}
    row = factories.run(workflow, **given)
    world.values |= {"run_id": row.pk, "attempt_number": 1}
    return row


@piece("run", "run_id", "attempt_number")
def _finished(world: World) -> None:
    """A run of ``ci.yml`` that succeeded, with its job, two steps, their log and a warning."""
    world.rows["run"] = row = _run(world)
    job = factories.job(row.latest_attempt, runner_name="runner-1")
    factories.log(job, ("Set up job", ["ready"]), ("Run tests", ["one", "two"]))
    factories.annotation(job, path="src/a.py", start_line=3)
    world.rows["job"] = job
    world.values |= {"job_id": job.pk, "check_run_id": job.pk}


@piece("job", "job_id", "check_run_id")
def _job(world: World) -> None:
    """The job of the run."""
    world.need("run")


@piece("failed run")
def _failed(world: World) -> None:
    """A run whose only job failed."""
    world.rows["run"] = row = _run(world, conclusion="failure")
    world.rows["job"] = factories.job(row.latest_attempt, conclusion="failure")
    world.values |= {"job_id": world.rows["job"].pk, "check_run_id": world.rows["job"].pk}


@piece("queued run")
def _queued(world: World) -> None:
    """A run whose job waits for a runner."""
    world.rows["run"] = row = _run(world, status="queued")
    world.rows["job"] = factories.job(row.latest_attempt, status="queued")
    world.values |= {"job_id": world.rows["job"].pk, "check_run_id": world.rows["job"].pk}


@piece("running run")
def _running(world: World) -> None:
    """A run whose job a runner works on: with the credential of the runner and the token of the lease."""
    world.rows["run"] = row = _run(world, status="in_progress")
    agent = world.need("agent")
    world.rows["job"], world.rows["claim"] = claimed(row.latest_attempt, agent, status="in_progress")
    job = world.rows["job"]
    world.values |= {"job_id": job.pk, "check_run_id": job.pk, "epoch": 1}
    world.values["lease"] = assignment.lease_token(world.rows["claim"])


@piece("broken run")
def _broken(world: World) -> None:
    """A run that could not start, since its file is wrong in one place."""
    problem = {"file": ".github/workflows/ci.yml", "line": 4, "column": 7, "message": "unknown key 'stepz'"}
    attempt = {"problems": [problem], "reason": {"code": "startup_failure"}}
    world.rows["run"] = _run(world, conclusion="startup_failure", attempt=attempt)


def claimed(attempt: Any, agent: Runner, **fields: Any) -> tuple[Job, Claim]:
    """A job of the attempt and the claim of the runner that holds it."""
    job = factories.job(attempt, runner=agent, epoch=1, **fields)
    claim = Claim.objects.create(
        job=job,
        epoch=1,
        runner=agent,
        request_key=f"key-{job.pk}",
        lease_expires_at=timezone.now() + timedelta(minutes=5),
        acknowledged_at=Now(),
    )
    return job, claim


@piece("second attempt")
def _second(world: World) -> None:
    """The run tried once more, with a job that still waits."""
    factories.job(factories.attempt(world.need("run"), status="queued"), status="queued")


@piece("deleted workflow")
def _gone(world: World) -> None:
    """``ci.yml`` as its row stays when the file is gone."""
    world.need("workflow")
    row = world.rows["workflow"]
    row.state = "deleted"
    row.save()


@piece("deleted logs")
def _without_logs(world: World) -> None:
    """The run whose logs somebody deleted."""
    discard.logs(world.need("run"))


@piece("signed logs", "zip_token", "text_token")
def _signed(world: World) -> None:
    """Where the logs of the run and of its job lie for a minute."""
    world.need("run")
    reader = Client(headers={"authorization": f"token {factories.token(world.account('reader'))}"})
    for name, what in (("zip_token", "runs/{run_id}"), ("text_token", "jobs/{job_id}")):
        path = f"/api/v3/repos/octo/hello/actions/{what.format(**world.values)}/logs"
        world.values[name] = reader.get(path).headers["Location"].rpartition("/")[2]


@piece("broken source")
def _broken_source(world: World) -> None:
    """A finished run whose file, as it is kept, does not parse any more."""
    world.rows["run"] = _run(world, source=factories.source("on: push\njobs: {build: {steps: nothing}}\n"))
