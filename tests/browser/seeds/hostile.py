"""A repository in which everything that a stranger may name has a hostile name, and every page something to show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.browser.seeds.first_use import commit

if TYPE_CHECKING:
    from forge.accounts.models import Account
    from forge.actions.models import Run, RunAttempt, Workflow
    from forge.repos.models import Repository

#: What people could put where they choose the words: markup, turned text, colours, a terminal's link, a long word.
HOSTILE = (
    '<img src=x onerror=alert(1)>"&amp;\u202egnp.exe\u2066 \x1b[31mred\x1b]8;;https://evil.example\x07here\x1b]8;;\x07 '
    + "W" * 90
)
#: The same as far as git lets it into the name of a ref or file.
NAME = "<img-src=x-onerror=alert(1)>\u202egnp\u2066&amp;" + "W" * 60
#: The same without control characters, as databases and forms take it.
TITLE = "<img src=x onerror=alert(1)>\u202egnp" + "W" * 25
#: Of a workflow, which is one line of an address.
FILE = f"{NAME[:80]}.yml"
_FORM = f"""name: {TITLE!r}
on:
  push:
    branches: ['{NAME}']
  workflow_dispatch:
    inputs:
      note:
        description: {TITLE!r}
        default: {TITLE!r}
      choice:
        description: {TITLE!r}
        type: choice
        options: [{TITLE!r}, b, c, d, e]
      where:
        description: {TITLE!r}
        type: environment
jobs:
  job:
    runs-on: ubuntu-latest
    steps: [{{run: make}}]
"""


def seed(rosa: Account, bea: Account) -> dict[str, int]:
    """The ids of runs, jobs and artifacts, by what they are."""
    from forge.accounts import tokens
    from forge.accounts.actor import Actor
    from forge.actions import bookmarks
    from forge.repos import repositories
    from forge.repos.models import Ref
    from tests import factories

    repository = repositories.create(Actor.for_session(rosa), "rosa", "hostile", description=HOSTILE[:350])
    mallory = factories.account("mallory", name=HOSTILE)
    files = {"README.md": f"# {HOSTILE}\n", f"{NAME}/{NAME}.py": f"x = '{HOSTILE}'\n"}
    files[f".github/workflows/{FILE}"] = _FORM
    sha = commit(repository, files, HOSTILE)
    branch = f"refs/heads/{NAME}"
    commit(repository, files, HOSTILE, branch)
    commit(repository, files, HOSTILE, f"refs/tags/{NAME}")
    for name in (branch, "refs/heads/main"):
        Ref.objects.create(repository=repository, name=name, sha=sha, sequence=1)
    workflow = factories.workflow(repository, FILE, name=HOSTILE)
    named = {"title": HOSTILE, "head_branch": NAME, "head_sha": sha, "workflow_name": HOSTILE}
    bookmarks.save(rosa, repository, TITLE[:40], f"branch:{NAME}")
    tokens.create(rosa, TITLE, ["repo"])
    _runner(repository)
    ids = _failed(workflow, {"actor": rosa, **named}) | _stopped(workflow, {"actor": mallory, **named})
    return ids | _deploys(workflow, rosa, bea, {"actor": mallory, **named})


def _runner(repository: Repository) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from tests import factories

    seen = timezone.now() + timedelta(days=1)
    labels = [HOSTILE[:200]]
    factories.runner(TITLE, repository=repository, labels=labels, last_seen_at=seen, version=TITLE[:64])


def _failed(workflow: Workflow, named: dict[str, Any]) -> dict[str, int]:
    """Twice, the second time otherwise: with log, annotation, summary, artifact and inputs."""
    from forge.actions.models import Summary
    from tests import factories

    inputs = {"inputs": {HOSTILE[:100]: HOSTILE}}
    run = factories.run(workflow, conclusion="failure", event_name="workflow_dispatch", contexts=inputs, **named)
    _job(_try(run), runner_name=HOSTILE[:64])
    attempt = factories.attempt(run, conclusion="failure")
    job = _job(attempt, conclusion="failure", runner_name=HOSTILE[:64], environment=HOSTILE[:200])
    factories.log(job, (HOSTILE, [HOSTILE, f"##[error]{HOSTILE}", f"##[group]{HOSTILE}"]))
    job.steps.update(conclusion="failure", outcome="failure", reason=HOSTILE)
    factories.annotation(job, HOSTILE, level="failure", path=f"{NAME}.py", start_line=1, step=1, title=HOSTILE[:255])
    Summary.objects.create(job=job, step=1, text=f"{HOSTILE}\n\n# {HOSTILE}\n\n[{HOSTILE}](javascript:alert(1))\n")
    kept = factories.artifact(job, TITLE)
    factories.artifact(job, f"{TITLE} old", expired=True)
    return {"hostile": run.pk, "hostile_job": job.pk, "hostile_artifact": kept.pk}


def _job(attempt: RunAttempt, **fields: Any) -> Any:
    from tests import factories

    return factories.job(attempt, HOSTILE[:100], **fields)


def _try(run: Run) -> RunAttempt:
    """The attempt that a run begins with."""
    assert run.latest_attempt is not None
    return run.latest_attempt


def _stopped(workflow: Workflow, named: dict[str, Any]) -> dict[str, int]:
    """One that waits for a label, one that is held, one whose jobs were skipped, one whose file has mistakes."""
    from forge.actions.models import JobNode
    from tests import factories

    waiting = factories.run(workflow, status="queued", **named)
    factories.job(_try(waiting), "wait", status="queued", labels=[HOSTILE[:200]])
    held = factories.run(workflow, status="waiting", attempt={"hold": "approval"}, **named)
    JobNode.objects.create(attempt=_try(held), key=HOSTILE[:100], position=0)
    skipped = factories.run(workflow, conclusion="skipped", attempt={"reason": {"code": "all_skipped"}}, **named)
    reason = {"code": "condition_false", "expression": HOSTILE}
    _job(_try(skipped), conclusion="skipped", reason=reason, started_at=None)
    problem = {"file": f".github/workflows/{FILE}", "line": 2, "column": 1, "message": HOSTILE}
    stopped = {"hold": "startup_failure", "reason": {"code": "startup_failure"}, "problems": [problem]}
    source = factories.source(f"# {HOSTILE}\n'{HOSTILE}':\n")
    broken = factories.run(workflow, conclusion="startup_failure", source=source, attempt=stopped, **named)
    found: dict[str, Run] = {"waiting": waiting, "held": held, "skipped": skipped, "broken": broken}
    return {f"hostile_{name}": run.pk for name, run in found.items()}


def _deploys(workflow: Workflow, rosa: Account, bea: Account, named: dict[str, Any]) -> dict[str, int]:
    """To an environment that rosa reviews, of which another job was reviewed before."""
    from forge.actions.models import DeploymentReview, PendingDeployment
    from forge.environments import environments
    from forge.environments.models import BranchPolicy, Reviewer
    from tests import factories

    environment = environments.get_or_create(workflow.repository, TITLE)
    environment.custom_branch_policies = environment.can_admins_bypass = True
    environment.save()
    BranchPolicy.objects.create(environment=environment, name=NAME)
    Reviewer.objects.create(environment=environment, user=rosa)
    run = factories.run(workflow, status="waiting", **named)
    job = _job(_try(run), status="waiting", environment=TITLE, queued_at=None)
    PendingDeployment.objects.create(job=job, run=run, environment=environment, environment_name=TITLE)
    said = DeploymentReview.objects.create(run=run, attempt=_try(run), user=bea, state="rejected", comment=HOSTILE)
    said.environments.add(environment)
    return {"hostile_deploy": run.pk, "hostile_deploy_job": job.pk}
