"""The comparison finds what differs: an expectation that cannot fail shows nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.expectation import Looks, of_run
from tests.scenarios.outcome import Transition, transitions

STEPS = [
    {"name": "Set up job", "conclusion": "success", "status": "completed"},
    {"name": "Run it", "conclusion": "failure", "status": "completed"},
    {"name": "Next", "conclusion": None, "status": "queued"},
]
JOB = {
    "name": "a",
    "status": "completed",
    "conclusion": "failure",
    "reason": {"code": "step_failed", "name": "Run it", "text": "The step “Run it” failed."},
    "steps": STEPS,
    "carried_from_job_id": None,
    "runner_name": "one",
    "labels": ["linux"],
}
RUN = {
    "path": ".github/workflows/ci.yml",
    "name": "CI",
    "event": "push",
    "display_title": "Change",
    "head_branch": "main",
    "run_number": 3,
    "run_attempt": 1,
    "status": "completed",
    "conclusion": "failure",
    "reason": {"code": "jobs_failed", "count": 1, "text": "Job a: it failed."},
    "problems": [{"line": 3, "column": 5, "message": "Unexpected value 'x'"}],
}
LOOKS = Looks(
    log=lambda job: "2026-01-01T00:00:00.0000000Z first\n2026-01-01T00:00:01.0000000Z second 12\n",
    outputs=lambda job: {"x": "1"},
    annotations=lambda job: [{"annotation_level": "failure", "message": "broken"}],
)


def differences(expected: dict[str, Any]) -> list[str]:
    return list(of_run(expected, RUN, [JOB], LOOKS))


@pytest.mark.parametrize(
    "expected",
    [
        {},
        {"workflow": "ci.yml", "name": "CI", "event": "push", "title": "Change", "branch": "main"},
        {"conclusion": "failure", "reason": "jobs_failed", "says": "it failed", "number": 3, "attempt": 1},
        {"reason": {"code": "jobs_failed", "count": 1}, "title": "/Ch.nge/"},
        {"problems": ["3:5: Unexpected"]},
        {"jobs": {"a": "failure"}},
        {"jobs": {"a": {"conclusion": "failure", "steps": {"Run it": "failure", "Next": "queued"}}}},
        {"jobs": {"a": {"reason": {"name": "Run it"}, "runner": "one", "labels": ["linux"], "carried": False}}},
        {"jobs": {"a": {"log": ["first", "/second \\d+/"], "no-log": ["third"], "outputs": {"x": "1"}}}},
        {"jobs": {"a": {"annotations": ["failure: broken"]}}},
    ],
)
def test_what_is_as_expected(expected: dict[str, Any]) -> None:
    assert differences(expected) == []


@pytest.mark.parametrize(
    "expected",
    [
        *({name: "other"} for name in ("workflow", "name", "event", "title", "branch", "status", "conclusion")),
        *({name: 7} for name in ("number", "attempt")),
        {"reason": "all_skipped"},
        {"reason": {"count": 2}},
        {"says": "it succeeded"},
        {"title": "/Chnge/"},
        {"problems": []},
        {"problems": ["4:5: Unexpected"]},
        {"problems": ["3:5: Unexpected", "9:1: More"]},
        {"jobs": {}},
        {"jobs": {"a": "failure", "b": "success"}},
        {"jobs": {"a": "success"}},
        {"jobs": {"a": "queued"}},
        {"jobs": {"a": {"steps": {"Run it": "failure"}}}},
        {"jobs": {"a": {"steps": {"Next": "queued", "Run it": "failure"}}}},
        {"jobs": {"a": {"steps": {"Run it": "success", "Next": "queued"}}}},
        {"jobs": {"a": {"log": ["second 12", "first"]}}},
        {"jobs": {"a": {"log": ["firs"]}}},
        {"jobs": {"a": {"no-log": ["/sec.*/"]}}},
        {"jobs": {"a": {"outputs": {}}}},
        {"jobs": {"a": {"annotations": []}}},
        {"jobs": {"a": {"carried": True}}},
        {"jobs": {"a": {"runner": "two"}}},
        {"jobs": {"a": {"labels": []}}},
        {"jobs": {"a": {"reason": "timed_out"}}},
    ],
)
def test_what_is_not(expected: dict[str, Any]) -> None:
    assert differences(expected)


def test_moves_are_read_off_what_changed() -> None:
    changes = [
        {"kind": "attempt", "attempt": 1, "status": "queued"},
        {"kind": "job", "job": 4, "status": "queued"},
        {"kind": "job", "job": 5, "status": "pending"},
        {"kind": "job", "job": 4, "status": "in_progress"},
        {"kind": "attempt", "attempt": 1, "status": "in_progress"},
        {"kind": "step", "job": 4, "step": 1, "status": "queued"},
        {"kind": "step", "job": 4, "step": 2, "status": "in_progress"},
        {"kind": "step", "job": 4, "step": 2, "status": "in_progress"},
        {"kind": "step", "job": 4, "step": 1, "status": "completed"},
    ]
    assert transitions(changes) == {
        Transition("job", "queued", "in_progress"),
        Transition("run", "queued", "in_progress"),
        Transition("step", "queued", "completed"),
    }
