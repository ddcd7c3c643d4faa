"""Runs whose pages have much to tell: very wide, run twice, held back, skipped as a whole, of a file that calls."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.actions.models import Annotation, Job, JobNode, PendingDeployment, Run, Summary, Workflow
from forge.artifacts.models import Artifact
from forge.environments import environments
from forge.environments.models import Reviewer
from forge.repos import git, repositories
from forge.repos.models import Repository
from tests import factories

FILE = """name: Release
on: push
jobs:
  build:
    uses: ./.github/workflows/build.yml
  deploy:
    needs: build
    runs-on: ubuntu-latest
    stepz:
      - run: make "deploy"  # to production
"""
CALLED = "on: workflow_call\njobs:\n  compile:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
DEPLOY = """on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps: [{run: make}]
  production:
    name: to production
    environment: production
    runs-on: ubuntu-latest
    steps: [{run: make ship}]
  staging:
    name: to staging
    environment: staging
    runs-on: ubuntu-latest
    steps: [{run: make ship}]
"""
CANARY = """on: push
jobs:
  canary:
    environment: canary
    runs-on: ubuntu-latest
    steps: [{run: make ship}]
"""
HELD = "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n"
SUMMARY = "# Coverage\n\nSee [the rest](#details).\n\n## Details\n\n![picture](https://example.org/x.png) 91 %\n"


def add(widget: Repository, rosa: Account, bea: Account, sha: str) -> dict[str, int]:
    """Ids by what they are."""
    workflow = factories.workflow(widget, "matrix.yml", name="Matrix")
    ids = {"wide": _wide(workflow, rosa).pk, "skipped": _skipped(workflow, rosa).pk}
    ids |= _again(workflow, rosa)
    ids |= _deploy(widget, workflow, rosa, bea)
    ids |= _timed(widget, workflow, bea, sha) | _reuse(workflow, rosa)
    ids["early"] = _early(workflow, rosa).pk
    files = {path: data.decode() for path, data in git.workflow_files(widget, sha)}
    theirs = factories.push(widget, {**files, ".github/workflows/evil.yml": HELD}, parents=[sha])
    held = factories.run(
        workflow,
        title="A stranger's first change",
        status="waiting",
        actor=factories.account("carl"),
        head_sha=theirs,
        attempt={"hold": "approval"},
        source=factories.source(HELD),
    )
    JobNode.objects.create(attempt=held.latest_attempt, key="build", position=0)
    other = factories.workflow(repositories.create(Actor.for_session(rosa), "rosa", "keys"))
    ids |= {"scratch": _scratch(workflow, rosa, "To be deleted").pk, "keys": _scratch(other, rosa, "With keys").pk}
    return ids | {"held": held.pk, "calls": _calls(widget, rosa, sha).pk}


def _wide(workflow: Workflow, rosa: Account) -> Run:
    """256 jobs: two that build, 253 legs that need them, one after them."""
    run = factories.run(workflow, title="Every version on every system", conclusion="failure", actor=rosa)
    attempt = run.latest_attempt
    assert attempt is not None
    factories.job(attempt, "lint")
    factories.job(attempt, "build")
    legs = JobNode.objects.create(attempt=attempt, key="test", position=2, needs=["build"], expanded=True)
    first = factories.job(attempt, "test", node=legs, name="test (0, linux)")
    copies = []
    for leg in range(1, 253):
        state = "failure" if leg in (7, 100) else "success"
        copies.append(_copy(first, leg, f"test ({leg}, linux)", state))
    Job.objects.bulk_create(copies)
    publish = JobNode.objects.create(attempt=attempt, key="publish", position=3, needs=["test", "build"], expanded=True)
    reason = {"code": "need_failed", "need": "test", "result": "failure"}
    factories.job(attempt, "publish", node=publish, conclusion="skipped", reason=reason, started_at=None)
    bad = Job.objects.get(attempt=attempt, name="test (7, linux)")
    factories.log(bad, ("Set up job", ["ready"]), ("Run tests", ["one", "two", "E  assert 1 == 2", "three"]))
    bad.steps.filter(number=2).update(conclusion="failure", outcome="failure")
    offset = sum(
        len(f"2026-01-15T12:00:0{step}.0000000Z {line}\n") for step, line in ((1, "ready"), (2, "one"), (2, "two"))
    )
    rows = [
        Annotation(
            job=bad, step=2, level="failure", message=f"Case {number} is wrong", path="src/b.py", start_line=number
        )
        for number in range(1, 131)
    ]
    rows += [
        Annotation(
            job=bad, step=2, level="failure", message="assert 1 == 2", path="src/a.py", start_line=3, log_offset=offset
        )
        for _ in range(6)
    ]
    rows += [Annotation(job=bad, step=1, level="warning", message="An old image", path="", title="Image")] * 6
    Annotation.objects.bulk_create(rows)
    return run


def _copy(job: Job, leg: int, name: str, conclusion: str) -> Job:
    copy = Job.objects.get(pk=job.pk)
    copy.pk, copy.leg, copy.name, copy.conclusion, copy._state.adding = None, leg, name, conclusion, True
    assert job.started_at is not None
    copy.completed_at = job.started_at + timedelta(seconds=30 + leg)
    return copy


def _skipped(workflow: Workflow, rosa: Account) -> Run:
    run = factories.run(
        workflow, title="Docs only", conclusion="skipped", actor=rosa, attempt={"reason": {"code": "all_skipped"}}
    )
    for key in ("unit", "e2e"):
        reason = {"code": "condition_false", "expression": f"contains(github.ref, '{key}')"}
        factories.job(run.latest_attempt, key, conclusion="skipped", reason=reason, started_at=None)
    return run


def _again(workflow: Workflow, rosa: Account) -> dict[str, int]:
    """Two attempts: what failed first succeeds now. With artifacts, one of them expired, and a summary."""
    run = factories.run(workflow, title="Try again", conclusion="failure", actor=rosa)
    for name, conclusion in (("unit", "success"), ("e2e", "failure")):
        factories.job(run.latest_attempt, name, conclusion=conclusion)
    attempt = factories.attempt(run, conclusion="failure", scope="failed")
    unit = factories.job(attempt, "unit")
    e2e = JobNode.objects.create(attempt=attempt, key="e2e", position=1, needs=["unit"], expanded=True)
    factories.job(attempt, "e2e", node=e2e)
    last = JobNode.objects.create(attempt=attempt, key="report", position=2, needs=["e2e"], expanded=True)
    factories.job(attempt, "report", node=last, conclusion="failure")
    Summary.objects.create(job=unit, step=1, text=SUMMARY)
    kept = factories.artifact(unit, "coverage report")
    old = factories.artifact(unit, "old-build", expired=True)
    Artifact.objects.filter(pk=old.pk).update(
        created_at=factories.START, expires_at=factories.START + timedelta(days=90)
    )
    return {"again": run.pk, "artifact": kept.pk}


def _deploy(widget: Repository, workflow: Workflow, rosa: Account, bea: Account) -> dict[str, int]:
    """A job waits for production, which rosa reviews, and one for staging, which bea does; in the last run for good."""
    found, source = {}, factories.source(DEPLOY)
    for title in ("deploy", "deploy_plain", "deploy_keys", "deploy_kept"):
        run = factories.run(workflow, title=f"Ship it ({title})", status="waiting", actor=bea, source=source)
        factories.job(run.latest_attempt, "build")
        for name, reviewer in (("production", rosa), ("staging", bea)):
            environment = environments.get_or_create(widget, name)
            Reviewer.objects.get_or_create(environment=environment, user=reviewer)
            job = factories.job(
                run.latest_attempt, name, name=f"to {name}", status="waiting", environment=name, queued_at=None
            )
            PendingDeployment.objects.create(job=job, run=run, environment=environment, environment_name=name)
        found[title] = run.pk
    return found


def _timed(widget: Repository, workflow: Workflow, bea: Account, sha: str) -> dict[str, int]:
    """A job that only time keeps from its environment, where another commit is deployed; nobody has to review it."""
    environment = environments.get_or_create(widget, "canary")
    environment.wait_timer, environment.protected_branches, environment.can_admins_bypass = 600, True, True
    environment.save()
    before = factories.run(workflow, title="Ship it before", actor=bea)
    job = factories.job(before.latest_attempt, "canary", environment="canary")
    named = {"environment": environment, "environment_name": "canary"}
    PendingDeployment.objects.create(job=job, run=before, state="passed", **named)
    run = factories.run(workflow, title="Ship it later", status="waiting", actor=bea, head_sha=sha)
    job = factories.job(run.latest_attempt, "canary", status="waiting", environment="canary", queued_at=None)
    due = timezone.now() + timedelta(hours=9)
    PendingDeployment.objects.create(job=job, run=run, due_at=due, **named)
    urgent = factories.run(
        workflow, title="Ship it now", status="waiting", actor=bea, head_sha=sha, source=factories.source(CANARY)
    )
    one = factories.job(urgent.latest_attempt, "canary", status="waiting", environment="canary", queued_at=None)
    PendingDeployment.objects.create(job=one, run=urgent, due_at=due, **named)
    return {"timed": run.pk, "timed_job": job.pk, "urgent": urgent.pk}


def _reuse(workflow: Workflow, rosa: Account) -> dict[str, int]:
    """A run that calls a workflow of two jobs, the second a matrix, between two jobs of its own; they have steps."""
    run = factories.run(workflow, title="Call another", conclusion="failure", actor=rosa)
    attempt = run.latest_attempt
    lint = factories.job(attempt, "lint")
    for number, name in enumerate(("Set up job", "Check out source", "Lint everything"), start=1):
        begun = attempt.started_at + timedelta(seconds=1 + 20 * (number - 1))
        factories.step(lint, number, name, started_at=begun, completed_at=begun + timedelta(seconds=20))
    call = JobNode.objects.create(
        attempt=attempt, key="ship", position=1, needs=["lint"], expanded=True, calls=[{"name": "ship"}]
    )
    inner = {"attempt": attempt, "parent": call, "expanded": True}
    compiled = JobNode.objects.create(key="ship.0/compile", position=0, **inner)
    factories.job(attempt, "compile", node=compiled, name="ship / compile")
    legs = JobNode.objects.create(key="ship.0/test", position=1, needs=["ship.0/compile"], **inner)
    for name in ("3.11", "3.12", "3.13"):
        ended = "failure" if name == "3.12" else "success"
        factories.job(attempt, "test", node=legs, name=f"ship / test ({name})", conclusion=ended)
    last = JobNode.objects.create(attempt=attempt, key="publish", position=2, needs=["ship"], expanded=True)
    reason = {"code": "need_failed", "need": "ship", "result": "failure"}
    factories.job(attempt, "publish", node=last, conclusion="skipped", reason=reason, started_at=None)
    return {"reuse": run.pk, "reuse_lint": lint.pk, "reuse_test": legs.pk}


def _early(workflow: Workflow, rosa: Account) -> Run:
    """One of which no job has been made yet."""
    return factories.run(workflow, title="Too early to tell", status="queued", actor=rosa)


def _calls(widget: Repository, rosa: Account, sha: str) -> Run:
    called = {
        "reference": "./.github/workflows/build.yml",
        "source": factories.source(CALLED).sha256,
        "path": f"octo/widget/.github/workflows/build.yml@{sha}",
        "sha": sha,
        "ref": "",
    }
    path = ".github/workflows/ship.yml"
    return factories.run(
        factories.workflow(widget, "ship.yml", name="Ship"),
        title="Ship with a mistake",
        conclusion="startup_failure",
        actor=rosa,
        head_sha=sha,
        source=factories.source(FILE),
        called=[called],
        attempt={
            "hold": "startup_failure",
            "reason": {"code": "startup_failure"},
            "problems": [{"file": path, "line": 9, "column": 5, "message": "Unexpected value 'stepz'"}],
        },
    )


def _scratch(workflow: Workflow, rosa: Account, title: str) -> Run:
    """One to be deleted or run again."""
    run = factories.run(workflow, title=title, conclusion="failure", actor=rosa, source=factories.source(HELD))
    job = factories.job(run.latest_attempt, "build", conclusion="failure")
    factories.log(job, ("Work", ["some output", "something is wrong here", "##[error]It failed."]))
    job.steps.update(conclusion="failure", outcome="failure")
    return run
