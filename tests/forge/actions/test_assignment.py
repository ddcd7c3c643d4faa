"""What a job is told of itself."""

from __future__ import annotations

import pytest

from forge.actions.models import Job
from tests.engine import FakeRunner, Project

pytestmark = pytest.mark.django_db(transaction=True)

CALLED = """\
on: {workflow_call: }
jobs: {x: {runs-on: l, cancel-timeout-minutes: "${{ fromJSON('7.5') }}", steps: [{run: x}]}}
"""
CALLING = """\
on: push
permissions: {contents: read, checks: write}
jobs: {a: {uses: ./.github/workflows/called.yml}, b: {runs-on: l, steps: [{run: x}]}}
"""


def test_a_job_knows_the_file_that_defines_it() -> None:
    project = Project.new()
    run = project.run(CALLING, files={".github/workflows/called.yml": CALLED})
    runner = FakeRunner.new("l", capacity=2)
    contexts = {
        work.assignment.definition.id: work.assignment.contexts["job"] for work in (runner.take(), runner.take())
    }
    name = project.repository.full_name
    assert set(contexts) == {"x", "b"}
    assert {one["check_run_id"] for one in contexts.values()} == set(Job.objects.values_list("pk", flat=True))
    for job, file in (("x", ".github/workflows/called.yml"), ("b", run.workflow.path)):
        assert contexts[job]["workflow_repository"] == name
        assert contexts[job]["workflow_file_path"] == file
        assert contexts[job]["workflow_ref"] == f"{name}/{file}@{run.ref}"
        assert contexts[job]["workflow_sha"] == run.head_sha


def test_limits_and_permissions_go_along() -> None:
    project = Project.new()
    project.run(CALLING, files={".github/workflows/called.yml": CALLED})
    runner = FakeRunner.new("l", capacity=2)
    found = {work.assignment.definition.id: work.assignment for work in (runner.take(), runner.take())}
    assert (found["x"].cancel_timeout_minutes, found["b"].cancel_timeout_minutes) == (7.5, 5)
    assert found["b"].permissions == {"contents": "read", "checks": "write", "metadata": "read"}
