"""`python -m bench.web.seed RUNS LINES …`: fills the database that the settings name, prints where everything is.

A repository octo/hello with so many runs, one of them with 256 jobs, and a run of one job for each length of log.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from typing import Any

import django

LEGS = 256
#: Bytes of one row of a log that is not sealed.
CHUNK = 1 << 20
STAMP = "2026-01-15T12:00:00.0000000Z "
#: What each of the workflows is.
WORKFLOW = """\
name: {name}
on:
  push:
  workflow_dispatch:
    inputs:
      level: {{type: choice, options: [patch, minor, major], required: true}}
  schedule: [{{cron: 17 4 * * *}}]
jobs:
  say:
    runs-on: ubuntu-latest
    steps: [{{run: echo said}}]
"""


def main(runs: int, lengths: list[int]) -> None:
    """Fill it; paths below the site's address by name."""
    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    call_command("migrate", verbosity=0)
    from bench.engine import many_runs
    from forge.actions import logs
    from forge.repos import git
    from tests import factories
    from tests.engine import Project

    made = many_runs.make(runs)
    made.repository.refresh_from_db()
    git.init(made.repository)
    Project(made.repository, made.owner).commit(
        {workflow.path: WORKFLOW.format(name=workflow.name) for workflow in made.repository.workflows.all()}
    )
    workflow = made.repository.workflows.order_by("pk").first()
    workflow.repository = made.repository
    found = {"list": "/octo/hello/actions"}
    found["open"] = f"{found['list']}/runs/{made.size}"  # the newest are not over
    found["workflow"] = f"{found['list']}/workflows/{workflow.path.rpartition('/')[2]}"
    with transaction.atomic():
        wide = factories.run(workflow, title="A matrix", conclusion="failure", actor=made.owner)
        leg = _legs(wide, factories)
        found["wide"] = f"{found['list']}/runs/{wide.pk}"
        found["job"] = f"{found['wide']}/job/{leg.pk}"  # it wrote nothing
    for length in lengths:
        with transaction.atomic():
            run = factories.run(workflow, title=f"Write {length} lines", conclusion="failure", actor=made.owner)
            assert run.latest_attempt
            job = factories.job(run.latest_attempt, "say", conclusion="failure", runner_name="one")
            _log(job, length, factories)
        logs.seal(job.pk)
        found[f"run {length}"] = f"{found['list']}/runs/{run.pk}"
        found[f"job {length}"] = f"{found['list']}/runs/{run.pk}/job/{job.pk}"
    json.dump(found, sys.stdout)


def _legs(run: Any, factories: Any) -> Any:
    """One node with all legs, of which two failed, between two jobs of their own; the last leg."""
    from forge.actions.models import JobNode

    attempt = run.latest_attempt
    factories.job(attempt, "build", runner_name="one")
    legs = JobNode.objects.create(attempt=attempt, key="test", position=1, needs=["build"], expanded=True)
    for leg in range(LEGS - 2):
        conclusion = "failure" if leg in (17, 200) else "success"
        job = factories.job(
            attempt, "test", node=legs, leg=leg, name=f"test ({leg % 16}, {leg // 16})", conclusion=conclusion
        )
        factories.step(job, conclusion=conclusion)
    last = JobNode.objects.create(attempt=attempt, key="package", position=2, needs=["test"], expanded=True)
    factories.job(attempt, "package", node=last, conclusion="skipped", reason={"code": "need_failed", "need": "test"})
    return job


def _log(job: Any, length: int, factories: Any) -> None:
    """The log of one failing step, in rows as a runner's appends leave them."""
    from forge.actions.models import JobLog, LogChunk

    offset, digest = 0, hashlib.sha256()
    for data in _chunks(length):
        LogChunk.objects.create(job=job, epoch=1, offset=offset, data=data)
        digest.update(data)
        offset += len(data)
    factories.step(job, 1, "Say", conclusion="failure", log_start=0, log_end=offset)
    JobLog.objects.create(job=job, epoch=1, length=offset, final_length=offset, sha256=digest.hexdigest())
    type(job).objects.filter(pk=job.pk).update(epoch=1)


def _chunks(length: int) -> Iterator[bytes]:
    rest = b""
    for number in range(1, length + 1):
        rest += f"{STAMP}{line(number, length)}\n".encode()
        if len(rest) >= CHUNK:
            yield rest
            rest = b""
    if rest:
        yield rest


def line(number: int, length: int) -> str:
    """A line of some 85 characters: a quarter of them is coloured, each ten-thousandth and the last is an error."""
    if number == length:
        return "##[error]Process completed with exit code 1."
    if number % 10_000 == 0:
        return f"##[error]Case {number} went wrong"
    if number % 4 == 0:
        share = f"\x1b[2m[{number * 100 // length:3}%]\x1b[0m"
        return f"tests/test_upload.py::test_case_{number:07} \x1b[32mPASSED\x1b[0m {share} in a while"
    return f"tests/test_upload.py::test_case_{number:07} wrote {number * 37 % 4096:4} bytes, as it was asked to do"


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(text) for text in sys.argv[2:]])
