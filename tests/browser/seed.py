"""Fills a fresh database with everything that the pages can show; prints the ids as JSON.

Run as ``python -m tests.browser.seed`` with the settings of the server that will serve it. The runs are
all over, or wait: nothing runs, so that the server's own sweeps find nothing to do.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django

from tests.browser.seeds import lists

PASSWORD = "correct-horse-battery"
BIG = 200_000
WORKFLOW = f"""name: CI
on:
  push:
    branches: [main]
{lists.LEVEL}        required: true
      targets:
        description: What to build
        type: choice
        options: [all, server, client, docs, none]
      dry-run:
        description: Only say what would be done
        type: boolean
        default: true
      count:
        description: How often
        type: number
        default: 3
      deploy-token:
        description: Goes with the request
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: make test
"""
SUMMARY = """## Tests

| Suite | Passed | Failed |
|---|---|---|
| unit | 412 | 2 |

<img src=x onerror=alert(1)> [bad](javascript:alert(1)) [good](https://example.org)
"""
BROKEN = "name: Broken\non: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    stepz:\n      - run: make\n"


def main() -> None:
    """Everything, in one go."""
    django.setup()
    from django.db import transaction

    from tests.browser.seeds import logs

    with transaction.atomic():
        found = _seed() | logs.add()
    json.dump(found, sys.stdout)


def _seed() -> dict[str, int]:
    from forge.accounts import users
    from forge.accounts.actor import Actor
    from forge.actions import logs
    from forge.actions.models import JobNode, Summary
    from forge.repos import git, repositories
    from forge.repos.models import Ref
    from tests import factories
    from tests.browser.seeds import first_use, hostile, one_run

    rosa = users.create_user("rosa", PASSWORD)
    bea = users.create_user("bea", PASSWORD)
    users.create_user("ada", PASSWORD, site_admin=True)
    users.create_organization("octo", rosa)
    actor = Actor.for_session(rosa)
    widget = repositories.create(actor, "octo", "widget", description="Widgets for everybody")
    repositories.create(actor, "rosa", "empty")
    repositories.create(actor, "rosa", "hidden", private=True)
    sha = _push(git.path(widget))
    Ref.objects.create(repository=widget, name="refs/heads/main", sha=sha, sequence=1)
    Ref.objects.create(repository=widget, name="refs/heads/fix/artifact-retry-with-a-long-name", sha=sha)
    ci = factories.workflow(widget, "ci.yml")
    release = factories.workflow(widget, "release.yml", name="Release")
    fuzz = factories.workflow(widget, "fuzz.yml", name="Nightly fuzz", state="disabled_manually")
    first_use.seed(rosa)
    ids: dict[str, int] = hostile.seed(rosa, bea)

    for number in range(1, 31):
        factories.run(ci, title=f"Tidy module {number}", actor=rosa, head_sha=sha)
    factories.run(fuzz, title="Nightly fuzz", conclusion="timed_out", actor=bea, head_sha=sha)
    factories.run(
        ci, title="WIP: split matrix", conclusion="cancelled", head_branch="wip/matrix", actor=bea, head_sha=sha
    )
    startup = factories.run(
        release,
        title="Release 2.4.0",
        conclusion="startup_failure",
        actor=rosa,
        head_sha=sha,
        source=factories.source(BROKEN),
        attempt={
            "hold": "startup_failure",
            "reason": {"code": "startup_failure"},
            "problems": [
                {"file": ".github/workflows/release.yml", "line": 6, "column": 5, "message": "Unexpected value 'stepz'"}
            ],
        },
    )
    ids["startup"] = startup.pk

    waiting = factories.run(
        ci, title="Rebuild images", status="queued", event_name="workflow_dispatch", actor=rosa, head_sha=sha
    )
    factories.job(waiting.latest_attempt, "images", status="queued", labels=["gpu"])
    ids["waiting"] = waiting.pk

    failed = factories.run(
        ci,
        title="Add retry to artifact upload <script>alert(1)</script> \u202egnp.exe",
        conclusion="failure",
        head_branch="fix/artifact-retry-with-a-long-name",
        actor=rosa,
        head_sha=sha,
    )
    factories.attempt(failed, conclusion="failure")
    attempt = failed.latest_attempt
    lint = factories.job(attempt, "lint", runner_name="linux-04")
    factories.job(attempt, "build", runner_name="linux-04")
    legs = JobNode.objects.create(attempt=attempt, key="test", position=2, needs=["build", "lint"], expanded=True)
    for leg, (name, conclusion) in enumerate((("3.11", "success"), ("3.12", "failure"), ("3.13", "success"))):
        job = factories.job(
            attempt,
            "test",
            node=legs,
            leg=leg,
            name=f"test ({name}, ubuntu)",
            conclusion=conclusion,
            runner_name="linux-04",
        )
        if conclusion == "failure":
            bad = job
    package = JobNode.objects.create(attempt=attempt, key="package", position=3, needs=["test"], expanded=True)
    factories.job(
        attempt,
        "package",
        node=package,
        conclusion="skipped",
        reason={"code": "need_failed", "need": "test", "result": "failure"},
    )
    factories.log(
        bad,
        ("Set up job", ["Runner linux-04", "Image ubuntu"]),
        ("Check out source", ["##[group]Fetching", "From https://example.org/octo/widget.", "##[endgroup]", "done"]),
        ("Run tests", _tests()),
        ("Clean up", []),
    )
    bad.steps.filter(number=3).update(conclusion="failure", outcome="failure")
    factories.annotation(
        bad,
        "AssertionError: expected 3 attempts, got 1",
        level="failure",
        path="tests/test_upload.py",
        start_line=88,
        step=3,
    )
    factories.annotation(lint, "unused import: os", path="src/upload.py", start_line=12)
    Summary.objects.create(job=bad, step=3, text=SUMMARY)
    ids |= {"failed": failed.pk, "bad_job": bad.pk, "lint": lint.pk}

    big = factories.run(ci, title="Say a lot", conclusion="failure", actor=rosa, head_sha=sha)
    loud = factories.job(big.latest_attempt, "loud", conclusion="failure", runner_name="linux-04")
    factories.log(loud, ("Shout", _many()))
    loud.steps.update(conclusion="failure", outcome="failure")
    ids |= {"big": big.pk, "loud": loud.pk} | one_run.add(widget, rosa, bea, sha)
    from django.db import transaction

    transaction.on_commit(lambda: logs.seal(loud.pk))
    return ids | lists.seed(rosa)


def _tests() -> Iterator[str]:
    yield "##[group]Run make test"
    yield "\x1b[36mmake test\x1b[0m"
    yield "##[endgroup]"
    for number in range(1, 1300):
        yield f"tests/test_upload.py::test_case_{number:04} \x1b[32mPASSED\x1b[0m \x1b[2m[{number // 13:3}%]\x1b[0m"
    yield "\x1b[1;31mE   AssertionError: expected 3 attempts, got 1 <b>not bold</b>"
    yield "E     still red on the next line\x1b[0m"
    yield "##[warning]one test was slow"
    yield "##[error]Process completed with exit code 1."


def _many() -> Iterator[str]:
    for number in range(1, BIG):
        yield f"line {number} of a very long log \x1b[3{number % 8}mcoloured\x1b[0m and not"
    yield "##[error]Process completed with exit code 1."


def _push(repository: Path) -> str:
    """A commit on main; its id."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / ".github/workflows").mkdir(parents=True)
        (here / ".github/workflows/ci.yml").write_text(WORKFLOW)
        (here / ".github/workflows/release.yml").write_text(BROKEN)
        (here / "README.md").write_text(
            "# Widget\n\nMakes *widgets*. See [the site](https://example.org).\n\n<script>alert(1)</script>\n"
        )
        git = ["git", "-c", "user.name=Rosa", "-c", "user.email=rosa@example.org", "-c", "init.defaultBranch=main"]
        for command in (
            ["init", "-q"],
            ["add", "."],
            ["commit", "-qm", "Begin"],
            ["push", "-q", str(repository), "main"],
        ):
            subprocess.run([*git, *command], cwd=here, check=True, stdout=subprocess.DEVNULL)
        return subprocess.run(
            [*git, "rev-parse", "HEAD"], cwd=here, check=True, capture_output=True, text=True
        ).stdout.strip()


if __name__ == "__main__":
    main()
