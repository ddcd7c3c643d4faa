"""Steps that run beside others, with nothing but data: what a job makes of background, wait, cancel and parallel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from runner.fake_server import KeptJob
from tests.runner.conftest import job_of
from tests.runner.steps_beside import (
    CANCELED,
    LONG,
    beside,
    cancel,
    check_spans,
    conclusions,
    log_of,
    parallel,
    run,
    wait,
    wait_all,
)
from workflows.model import Step

Carry = Callable[..., KeptJob]


@dataclass
class Case:
    """Steps, and what has to come of them."""

    steps: tuple[Step, ...]
    expected: dict[str, str]
    conclusion: str = "success"
    log: dict[str, list[str]] = field(default_factory=dict)
    definition: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)


FAILED = "##[error]Process completed with exit code 3."

CASES = {
    "outputs and outcome are there after the wait, not before": Case(
        (
            beside("echo one=1 >> $GITHUB_OUTPUT", "a"),
            run("echo before ${{ steps.a.outputs.one }}${{ steps.a.outcome }}.", "before"),
            wait("a"),
            run("echo after ${{ steps.a.outputs.one }} ${{ steps.a.outcome }} ${{ steps.a.conclusion }}", "after"),
        ),
        {"a": "success", "before": "success", "Wait": "success", "after": "success"},
        log={
            "before": ["before ."],
            "after": ["after 1 success success"],
            "Wait": [
                "Waiting for background step(s) to complete: a",
                "Finished waiting for background step(s).",
                "  a: Succeeded",
            ],
        },
    ),
    "variables and paths are there after the wait, not before": Case(
        (
            beside("echo A=1 >> $GITHUB_ENV; echo /opt/a >> $GITHUB_PATH", "a"),
            run("echo A=2 >> $GITHUB_ENV; echo /opt/b >> $GITHUB_PATH", "b"),
            run("echo $A $PATH", "before"),
            wait_all(),
            run("echo $A $PATH ${{ env.A }}", "after"),
        ),
        {"a": "success", "b": "success", "before": "success", "Wait for all": "success", "after": "success"},
        log={"before": ["2 /opt/b:/usr/bin:/bin"], "after": ["1 /opt/a:/opt/b:/usr/bin:/bin 1"]},
    ),
    "a second wait does not apply them again": Case(
        (
            beside("echo A=1 >> $GITHUB_ENV", "a"),
            wait("a"),
            run("echo A=2 >> $GITHUB_ENV", "b"),
            wait("a", name="Again"),
            run("echo $A", "after"),
        ),
        {"a": "success", "Wait": "success", "b": "success", "Again": "success", "after": "success"},
        log={"after": ["2"]},
    ),
    "a failure counts at the wait": Case(
        (
            beside("exit 3", "a"),
            run("echo here", "between"),
            wait("a"),
            run("echo no", "after"),
            run("echo ${{ steps.a.outcome }}", "on failure", if_="failure()"),
        ),
        {"a": "failure", "between": "success", "Wait": "failure", "after": "skipped", "on failure": "success"},
        "failure",
        log={"a": [FAILED], "on failure": ["failure"]},
    ),
    "a failure that nobody waits for counts at the end": Case(
        (beside("exit 3", "a"), run("echo here", "between")),
        {"a": "failure", "between": "success"},
        "failure",
        log={"a": [FAILED]},
    ),
    "continue-on-error of the step forgives it": Case(
        (
            beside("exit 3", "a", continue_on_error=True),
            wait("a"),
            run("echo ${{ steps.a.outcome }} ${{ steps.a.conclusion }}", "after"),
        ),
        {"a": "failure success", "Wait": "success", "after": "success"},
        log={"after": ["failure success"]},
    ),
    "continue-on-error of the wait lets the next steps run": Case(
        (beside("exit 3", "a"), wait_all(continue_on_error=True), run("echo yes", "after")),
        {"a": "failure", "Wait for all": "failure success", "after": "success"},
        "failure",
    ),
    "a wait runs whatever came before": Case(
        (
            beside("echo one=1 >> $GITHUB_OUTPUT", "a"),
            run("exit 3", "b"),
            wait("a"),
            run("echo ${{ steps.a.outputs.one }}", "after", if_="failure()"),
        ),
        {"a": "success", "b": "failure", "Wait": "success", "after": "success"},
        "failure",
        log={"after": ["1"]},
    ),
    "a wait passes over what never started, and over steps in the foreground": Case(
        (
            beside("echo", "a", if_="failure()"),
            run("echo", "b"),
            wait("a", "b"),
            wait_all(),
            run("echo ${{ steps.a.outcome }}", "after"),
        ),
        {"a": "skipped", "b": "success", "Wait": "success", "Wait for all": "success", "after": "success"},
        log={
            "Wait": [
                "Waiting for background step(s) to complete: a, b",
                "Finished waiting for background step(s).",
            ],
            "Wait for all": [
                "No background steps remaining to wait for.",
                "Finished waiting for all background step(s).",
            ],
            "after": ["skipped"],
        },
    ),
    "a condition that cannot be evaluated fails the step": Case(
        (beside("echo no", "a", if_="always() && fromJSON('{')"), wait("a")),
        {"a": "failure", "Wait": "failure"},
        "failure",
    ),
    "cancel stops a step, and does the job no harm": Case(
        (
            beside(LONG, "server"),
            run("echo tested", "test"),
            cancel("server"),
            run("echo ${{ steps.server.outcome }} ${{ steps.server.conclusion }} ${{ job.status }}", "after"),
        ),
        {"server": "cancelled", "test": "success", "Cancel": "success", "after": "success"},
        log={
            "server": [CANCELED],
            "Cancel": [
                "Cancelling background step(s): server",
                "Finished cancelling background step(s).",
                "  server: Canceled",
            ],
            "after": ["cancelled cancelled success"],
        },
    ),
    "cancel stops a step that would go on after a cancel of the job, too, and a stubborn one": Case(
        (beside(f"# stubborn\n{LONG}", "server", if_="always()"), cancel("server")),
        {"server": "cancelled", "Cancel": "success"},
        log={"server": [CANCELED]},
    ),
    "cancel comes too late for one that has failed": Case(
        (beside("exit 3", "a"), wait("a", continue_on_error=True), cancel("a"), run("echo yes", "after")),
        {"a": "failure", "Wait": "failure success", "Cancel": "success", "after": "success"},
        "failure",
    ),
    "parallel steps are waited for together": Case(
        (
            parallel(
                run("echo one=1 >> $GITHUB_OUTPUT", "a"), run("exit 3", "b"), run("echo no", "c", if_="failure()")
            ),
            run("echo no", "after"),
            run("echo ${{ steps.a.outputs.one }} ${{ steps.b.outcome }}", "on failure", if_="failure()"),
        ),
        {
            "a": "success",
            "b": "failure",
            "c": "skipped",
            "Parallel group": "failure",
            "after": "skipped",
            "on failure": "success",
        },
        "failure",
        log={
            "Parallel group": [
                "Waiting for background step(s) to complete: a, b",
                "Finished waiting for background step(s).",
                "  a: Succeeded",
                "  b: Failed",
            ],
            "on failure": ["1 failure"],
        },
    ),
    "two parallel blocks that look alike": Case(
        (
            parallel(run("echo first", "a"), run("echo second", "b")),
            parallel(run("echo first", "a", name="c"), run("exit 3", "b", name="d")),
        ),
        {"a": "success", "b": "success", "Parallel group": "failure", "c": "success", "d": "failure"},
        "failure",
    ),
    "a step's own limit of time": Case(
        (beside(LONG, "a", timeout_minutes=0.001), wait("a")),
        {"a": "failure", "Wait": "failure"},
        "failure",
        log={"a": ["##[error]The action 'a' has timed out after 0.001 minutes."]},
    ),
    "outputs of the job know what nobody waited for": Case(
        (beside("echo one=1 >> $GITHUB_OUTPUT", "a"),),
        {"a": "success"},
        definition={"outputs": {"got": "${{ steps.a.outputs.one }}"}},
        outputs={"got": "1"},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_comes_of_it(case: Case, carry: Carry) -> None:
    kept = carry(job_of(*case.steps, definition=case.definition))
    assert conclusions(kept) == case.expected
    assert {name: log_of(kept, name) for name in case.log} == case.log
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.outputs) == (case.conclusion, case.outputs)
    check_spans(kept)
