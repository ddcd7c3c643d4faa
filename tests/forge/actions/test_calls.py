"""Reusable workflows: read when the run is made, run as jobs of the run that calls them."""

from __future__ import annotations

import pytest

from forge.actions import assignment, cancel, claim, rerun, trigger
from forge.actions.models import Job, JobNode, Run
from forge.repos.models import Repository
from tests import factories
from tests.engine import FakeRunner, Project, Work, attempt, jobs, state

pytestmark = pytest.mark.django_db(transaction=True)

CALLED = ".github/workflows/called.yml"
INNER = ".github/workflows/inner.yml"

CALLER = """\
on: push
env: {A: outer}
jobs:
  first: {runs-on: l, outputs: {o: x}, steps: [{run: x}]}
  call:
    needs: first
    uses: ./.github/workflows/called.yml
    with: {word: "${{ needs.first.outputs.o }}"}
  last: {needs: call, runs-on: l, steps: [{run: x}]}
"""
FILE = """\
on:
  workflow_call:
    inputs: {word: {type: string, default: none}}
    outputs: {said: {value: "${{ jobs.b.outputs.said }}!"}}
env: {B: inner}
defaults: {run: {shell: sh}}
jobs:
  a: {runs-on: l, steps: [{run: x}]}
  b: {needs: a, name: "B ${{ inputs.word }}", runs-on: l, steps: [{run: x}]}
"""


def _run(caller: str = CALLER, called: str = FILE, **files: str) -> Run:
    others = {f".github/workflows/{name}.yml": text for name, text in files.items()}
    return Project.new().run(caller, files={CALLED: called, **others})


def _problems(run: Run) -> list[str]:
    return [f"{one['line']}:{one['column']} {one['message']}" for one in attempt(run).problems]


def test_a_called_workflow_runs_in_the_run_that_calls_it() -> None:
    run = _run()
    runner = FakeRunner.new("l")
    runner.take().finish(outputs={"o": "hello"})
    assert jobs(run) == {"first": ("completed", "success"), "call / a": ("queued", None)}
    work = runner.take()
    given = work.assignment
    assert (given.definition.id, given.contexts["github"]["job"], given.job_name) == ("a", "a", "call / a")
    assert (given.workflow_env, given.workflow_defaults.shell) == ({"B": "inner"}, "sh")
    assert given.contexts["inputs"] == {"word": "hello"}
    assert given.contexts["github"]["workflow"] == ".github/workflows/ci.yml"
    work.finish()
    work = runner.take()
    assert work.assignment.job_name == "call / B hello"
    assert set(work.assignment.contexts["needs"]) == {"a"}
    work.finish(outputs={"said": "bye"})
    last = runner.take()
    assert last.assignment.contexts["needs"]["call"] == {"result": "success", "outputs": {"said": "bye!"}}
    last.finish()
    assert state(run) == ("completed", "success")


def test_the_nodes_know_who_called_them() -> None:
    run = _run()
    FakeRunner.new("l").take().finish()
    found = JobNode.objects.filter(attempt__run=run).order_by("id").values_list("key", "parent__key", "leg", "needs")
    assert list(found) == [
        ("first", None, 0, []),
        ("call", None, 0, ["first"]),
        ("last", None, 0, ["call"]),
        ("call.0/a", "call", 0, []),
        ("call.0/b", "call", 0, ["call.0/a"]),
    ]


def test_calls_in_calls_in_a_matrix() -> None:
    caller = """\
on: push
jobs:
  m:
    strategy: {matrix: {v: [1, 2]}}
    uses: ./.github/workflows/called.yml
    with: {v: "${{ matrix.v }}"}
"""
    called = """\
on: {workflow_call: {inputs: {v: {type: number}}}}
jobs: {n: {uses: ./.github/workflows/inner.yml, with: {w: "w${{ inputs.v }}"}}}
"""
    inner = "on: {workflow_call: {inputs: {w: {type: string}}}}\njobs: {x: {name: '${{ inputs.w }}', runs-on: l}}\n"
    run = _run(caller, called, inner=inner)
    assert sorted(jobs(run)) == ["m (1) / n / w1", "m (2) / n / w2"]
    assert FakeRunner.new("l").work_off() == ["m (1) / n / w1", "m (2) / n / w2"]
    assert state(run) == ("completed", "success")


def test_a_change_of_the_called_file_changes_no_run_that_exists() -> None:
    project = Project.new()
    run = project.run(CALLER, files={CALLED: FILE})
    project.commit({CALLED: "nonsense"})
    FakeRunner.new("l").work_off()
    assert state(run) == ("completed", "success")
    assert rerun.as_new_run(project.account, run).called == run.called


@pytest.mark.parametrize(
    ("called", "problem"),
    [
        (None, "7:11 Unable to find reusable workflow './.github/workflows/called.yml'"),
        (
            "on: workflow_dispatch\njobs: {a: {runs-on: l}}\n",
            "(Line: 1, Col: 5): workflow_call key is not defined in the referenced workflow.",
        ),
        ("on: workflow_call\njobs: {a: {runs-on: l}}\n", "8:18 Invalid input, word is not defined in the referenced"),
    ],
)
def test_a_call_that_cannot_be_is_a_startup_failure(called: str | None, problem: str) -> None:
    files = {} if called is None else {CALLED: called}
    run = Project.new().run(CALLER, files=files)
    assert state(run) == ("completed", "startup_failure")
    [found] = _problems(run)
    assert problem in found


def test_a_workflow_that_is_only_called_starts_by_nothing() -> None:
    event = Project.new().push({CALLED: FILE})
    assert trigger.expand(event.pk) == []


# --- other repositories ---------------------------------------------------------------------------


def _other(**fields: object) -> Project:
    project = Project.new()
    project.commit({CALLED: FILE.replace("called.yml", "inner.yml"), INNER: FILE})
    Repository.objects.filter(pk=project.repository.pk).update(**fields)
    return project


def _calling(other: Project, version: str = "main") -> str:
    return CALLER.replace("./.github", f"{other.repository.full_name}/.github").replace("yml\n", f"yml@{version}\n")


def test_a_workflow_of_another_repository() -> None:
    other = _other()
    run = Project.new().run(_calling(other))
    assert FakeRunner.new("l").work_off() == ["first", "call / a", "call / B", "last"]
    assert state(run) == ("completed", "success")
    [called] = run.called
    assert (called["ref"], called["sha"]) == ("refs/heads/main", other.pushed["refs/heads/main"])
    assert called["path"] == f"{other.repository.full_name}/{CALLED}@main"


def test_it_calls_files_beside_it() -> None:
    other = Project.new()
    other.commit({CALLED: "on: workflow_call\njobs: {n: {uses: ./.github/workflows/inner.yml}}\n", INNER: FILE})
    caller = _calling(other).replace('    with: {word: "${{ needs.first.outputs.o }}"}\n', "")
    run = Project.new().run(caller)
    assert FakeRunner.new("l").work_off() == ["first", "call / n / a", "call / n / B none", "last"]
    assert len(run.called) == 2


def _private(other: Project, access: str, *, caller_private: bool, same_owner: bool) -> str:
    caller = Project.new(private=caller_private)
    if same_owner:
        Repository.objects.filter(pk=caller.repository.pk).update(owner=other.account)
        caller.repository.refresh_from_db()
    Repository.objects.filter(pk=other.repository.pk).update(private=True, workflow_access=access)
    run = caller.run(_calling(other))
    return _problems(run)[0] if state(run)[1] == "startup_failure" else "runs"


@pytest.mark.parametrize(
    ("access", "caller_private", "same_owner", "runs"),
    [
        ("user", True, True, True),
        ("organization", True, True, True),
        ("none", True, True, False),
        ("user", False, True, False),
        ("user", True, False, False),
    ],
)
def test_a_private_repository_has_to_share(access: str, caller_private: bool, same_owner: bool, runs: bool) -> None:
    found = _private(_other(), access, caller_private=caller_private, same_owner=same_owner)
    assert found == "runs" if runs else "Unable to find reusable workflow" in found


def test_a_version_that_does_not_exist() -> None:
    run = Project.new().run(_calling(_other(), "v9"))
    assert "Unable to find reusable workflow" in _problems(run)[0]


# --- ends -----------------------------------------------------------------------------------------


def test_a_failure_inside_reaches_what_needs_the_call() -> None:
    run = _run()
    runner = FakeRunner.new("l")
    runner.take().finish()
    runner.take().finish("failure")
    assert jobs(run)["last"] == ("completed", "skipped")
    assert state(run) == ("completed", "failure")
    assert Job.objects.get(run=run, name="last").reason["need"] == "call"


@pytest.mark.parametrize("force", [False, True])
def test_a_cancel_reaches_what_is_called(force: bool) -> None:
    run = _run()
    runner = FakeRunner.new("l")
    runner.take().finish()
    work = runner.take()
    (cancel.force if force else cancel.run)(run.actor, run)
    if not force:
        assert state(run) == ("in_progress", None)
        work.finish("cancelled")
    assert state(run) == ("completed", "cancelled")
    assert {conclusion for _, conclusion in jobs(run).values()} == {"success", "cancelled"}


# --- attempts -------------------------------------------------------------------------------------


def _first_attempt(*ends: str) -> tuple[Run, FakeRunner]:
    """The run at its end; each job in its turn ends so."""
    run, runner = _run(), FakeRunner.new("l")
    for end in ends:
        runner.take().finish(end, outputs={"o": "1", "said": "2"})
    assert state(run)[0] == "completed"
    return run, runner


def _names(run: Run) -> dict[str, bool]:
    """Jobs of the latest attempt by name: true where they are carried over."""
    found = Job.objects.filter(attempt=attempt(run)).order_by("id")
    return {job.name: job.carries_id is not None for job in found}


def test_failed_jobs_inside_run_again_with_those_that_need_the_call() -> None:
    run, runner = _first_attempt("success", "success", "failure")
    rerun.attempt(run.actor, run, "failed")
    assert _names(run) == {"first": True, "call / a": True, "call / B 1": False}
    work = runner.take()
    assert work.assignment.contexts["inputs"] == {"word": "1"}
    work.finish(outputs={"said": "now"})
    last = runner.take()
    assert last.assignment.contexts["needs"]["call"]["outputs"] == {"said": "now!"}
    last.finish()
    assert state(run) == ("completed", "success")


def test_a_job_before_the_call_takes_the_whole_call_with_it() -> None:
    run, runner = _first_attempt("success", "success", "success", "success")
    rerun.attempt(run.actor, run, job=Job.objects.get(run=run, name="first"))
    assert _names(run) == {"first": False}
    assert runner.work_off() == ["first", "call / a", "call / B", "last"]


def test_one_job_inside_runs_again_with_those_after_it() -> None:
    run, runner = _first_attempt("success", "success", "success", "success")
    rerun.attempt(run.actor, run, job=Job.objects.get(run=run, name="call / a"))
    assert _names(run) == {"first": True, "call / a": False}
    assert runner.work_off() == ["call / a", "call / B 1", "last"]
    rerun.attempt(run.actor, run, job=Job.objects.get(run=run, name="call / B 1", carries=None, attempt__number=1))
    assert _names(run) == {"first": True, "call / a": True, "call / B 1": False}


def test_everything_runs_again() -> None:
    run, runner = _first_attempt("success", "failure")
    rerun.attempt(run.actor, run)
    assert _names(run) == {"first": False}
    assert runner.work_off() == ["first", "call / a", "call / B", "last"]
    assert state(run) == ("completed", "success")


def test_the_job_of_a_call_is_built_from_the_called_file() -> None:
    run = _run()
    runner = FakeRunner.new("l")
    runner.take().finish()
    claimed = claim.next_job(runner.row, "k")
    assert claimed is not None
    built = Work(claimed, assignment.build(claimed)).assignment
    assert built.workflow_path == ".github/workflows/ci.yml"
    assert factories.SHA != built.sha == run.head_sha
