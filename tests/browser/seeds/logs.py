"""Jobs whose logs and states the job page has to show: tricks in the text, and every way not to have a log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from forge.accounts.models import Account
from forge.actions.models import JobLog, Summary, Workflow
from forge.repos.models import Ref
from tests import factories

#: Of the long line.
LONG = 62_000
TRICKS = (
    "##[group]Fetch",
    "##[command]git fetch --depth 1",
    "10%\r50%\r100% fetched",
    "##[endgroup]",
    "\x1b]0;a title\x07\x1b]8;;https://evil.example/\x1b\\https://good.example/\x1b]8;;\x1b\\ is where it says",
    "\x1b]8;;javascript:alert(1)\x1b\\click\x1b]8;;\x1b\\ <img src=x onerror=alert(1)>",
    "see https://example.org/a?b=1. And javascript:alert(1)",
    "invoice_\u202egnp.exe \u2067right\u2069 \u200fmark",
    "\x1b[31mred \x1b[1mNee\x1b[0mdle in two colours",
    "needles are not a needle",
    "at ./README.md:3, absent.md:3 and https://example.org/README.md:3",
    "##[warning]<b>mind</b> the needle",
    f"begin {'x' * LONG} end",
    "##[error]Process completed with exit code 1.",
)
NAME = "<i>deploy</i> \u202egnp.exe"


def add() -> dict[str, int]:
    """The runs and jobs; their ids."""
    workflow = Workflow.objects.get(repository__name="widget", path=".github/workflows/ci.yml")
    actor = Account.objects.get(login="rosa")
    sha = Ref.objects.get(repository=workflow.repository_id, name="refs/heads/main").sha
    run = factories.run(workflow, title="Logs of all kinds", conclusion="failure", actor=actor, head_sha=sha)
    attempt = run.latest_attempt
    tricky = factories.job(attempt, "tricky", name=NAME, conclusion="failure", runner_name="linux-04")
    factories.log(
        tricky, ("Set up job", ["Runner linux-04", "no needle here"]), (f"Run {NAME}", TRICKS), ("Silent", [])
    )
    tricky.steps.filter(number=2).update(conclusion="failure", outcome="failure")
    factories.annotation(tricky, f"{NAME} <script>alert(1)</script>", level="failure", path=f"src/{NAME}", start_line=3)
    Summary.objects.create(job=tricky, step=2, text=f"# {NAME}\n\n[x](javascript:alert(1)) \x1b[31mred")
    ids = {"log_run": run.pk, "log_tricky": tricky.pk}
    for key, fields in _ENDED.items():
        ids[f"log_{key}"] = factories.job(attempt, key, **fields).pk
    cut = factories.job(attempt, "cut", conclusion="failure", runner_name="linux-04")
    factories.log(cut, ("Shout", ["one", "two"]))
    JobLog.objects.filter(job=cut).update(truncated=True)
    gone = factories.job(attempt, "gone", runner_name="linux-04")
    factories.log(gone, ("Say", ["something"]))
    JobLog.objects.filter(job=gone).update(deleted_at=datetime(2026, 4, 16, tzinfo=UTC))
    assert attempt is not None
    assert attempt.completed_at is not None
    attempt.logs_expire_at = attempt.completed_at + timedelta(days=90)
    attempt.save()
    quiet = factories.job(attempt, "quiet", runner_name="linux-04")
    factories.step(quiet, 1, "Say nothing")
    ids |= {"log_cut": cut.pk, "log_gone": gone.pk, "log_quiet": quiet.pk}
    return ids | _waiting(workflow, actor, sha)


_NEVER = {"started_at": None}
_ENDED: dict[str, dict[str, Any]] = {
    "skipped": {
        "conclusion": "skipped",
        "reason": {"code": "condition_false", "expression": "github.ref == 'refs/heads/release'"},
        **_NEVER,
    },
    "cancelled": {"conclusion": "cancelled", "reason": {"code": "cancelled", "by": "rosa"}, **_NEVER},
    "lost": {
        "conclusion": "failure",
        "reason": {"code": "runner_lost", "runner": "linux-09", "last_heard_at": "2026-01-15T12:00:31Z"},
        "runner_name": "linux-09",
    },
}


def _waiting(workflow: Workflow, actor: Any, sha: str) -> dict[str, int]:
    """Two jobs in the queue of a runner that is busy, one that no runner will take."""
    run = factories.run(workflow, title="Wait in line", status="queued", actor=actor, head_sha=sha)
    factories.runner("arm-01", labels=["arm64"], draining=True, last_seen_at=datetime(2100, 1, 1, tzinfo=UTC))
    _, stuck = (
        factories.job(run.latest_attempt, key, status="queued", labels=[label])
        for key, label in (("first-in-line", "arm64"), ("nobody", "riscv"))
    )
    queued = factories.job(run.latest_attempt, "second-in-line", status="queued", labels=["arm64"])
    return {"log_line": run.pk, "log_queued": queued.pk, "log_stuck": stuck.pk}
