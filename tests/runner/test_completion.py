"""The head of a job's log, and its end: outputs, and the address of its environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runner import job_head
from runner.fake_server import KeptJob
from tests.runner.conftest import job_of, text_of
from workflows.model import Environment, Step

Carry = Callable[..., KeptJob]
STEP = Step(id="made", run="echo word=hello >> $GITHUB_OUTPUT")


def carried(carry: Carry, definition: dict[str, Any], **fields: Any) -> KeptJob:
    kept = carry(job_of(STEP, definition=definition, **fields))
    assert kept.end is not None
    return kept


def test_the_head_of_a_job_says_who_runs_it_and_what_it_may() -> None:
    job = job_of(permissions={"metadata": "read", "pull-requests": "write"}, secrets={"A": "b"})
    lines = job_head.lines(job, {"name": "r1"}, "1.2", "docker", ["linux", "big"])
    assert lines[:2] == ["Current runner version: '1.2'", "Runner name: 'r1'"]
    assert lines[2].startswith("Machine name: '")
    assert lines[3:] == [
        "Backend: docker",
        "Labels: linux, big",
        "##[group]GITHUB_TOKEN Permissions",
        "Metadata: read",
        "PullRequests: write",
        "##[endgroup]",
        "Secret source: Actions",
        "Prepare workflow directory",
    ]


def test_the_log_of_a_job_begins_and_ends_as_on_github(carry: Carry) -> None:
    lines = text_of(carried(carry, {"outputs": {"word": "${{ steps.made.outputs.word }}"}}))
    assert lines[0].startswith("Current runner version: ")
    assert "Complete job name: test" in lines
    assert lines[-3:] == ["Evaluate and set job outputs", "Set output 'word'", "Cleaning up orphan processes"]


@pytest.mark.parametrize(
    ("definition", "url", "said"),
    [
        ({"environment": Environment("prod")}, None, ""),
        ({"environment": Environment("prod", "https://x/${{ steps.made.outputs.word }}")}, "https://x/hello", "https"),
        (
            {"environment": Environment("prod", "https://${{ secrets.PASS }}")},
            None,
            "##[warning]Skip setting environment url as environment 'prod' may contain secret.",
        ),
    ],
)
def test_the_address_of_the_environment(carry: Carry, definition: dict[str, Any], url: str | None, said: str) -> None:
    kept = carried(carry, definition, secrets={"PASS": "hunter2"})
    assert kept.end is not None
    assert kept.end.environment_url == url
    assert any(said in line for line in text_of(kept))


def test_a_secret_does_not_leave_as_an_output(carry: Carry) -> None:
    definition = {"outputs": {"leak": "a ${{ secrets.PASS }}", "none": "", "kept": "x"}}
    kept = carried(carry, definition, secrets={"PASS": "hunter2"}, debug=True)
    assert kept.end is not None
    assert kept.end.outputs == {"kept": "x"}
    (note,) = kept.end.annotations
    assert (note.level, note.message) == ("warning", "Skip output 'leak' since it may contain secret.")
    assert note.step == max(kept.steps)
    assert "##[debug]Skip output 'none' since it's empty" in text_of(kept)


def test_outputs_that_cannot_be_evaluated_fail_the_job(carry: Carry) -> None:
    kept = carried(carry, {"outputs": {"bad": "${{ fromJSON('{') }}"}})
    assert kept.end is not None
    assert kept.end.conclusion == "failure"
    assert kept.end.message.startswith("Fail to evaluate job outputs: ")
    assert kept.end.annotations[0].message == "Fail to evaluate job outputs"
    assert kept.steps[max(kept.steps)].conclusion == "failure"
