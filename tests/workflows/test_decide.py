"""Decisions, as a table; and what is handed to a job of what came before it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from tests.workflows import conformance
from tests.workflows.simulation import Engine
from workflows import parser
from workflows.decide import (
    Admit,
    Ask,
    AskCall,
    Cancel,
    Conclude,
    End,
    Enter,
    Expand,
    JobState,
    Leg,
    Move,
    NodeState,
    Queue,
    Snapshot,
    contexts_for_job,
    decide,
    roll_up,
)
from workflows.model import Workflow
from workflows.states import Conclusion, Hold, Status

_CONTEXTS: dict[str, object] = {
    "github": {"ref": "refs/heads/main"},
    "vars": {"labels": '["one", "two"]', "size": "large", "minutes": "5"},
    "inputs": {},
}


def _workflow(jobs: dict[str, dict[str, Any]]) -> Workflow:
    whole = {key: {"runs-on": "l", "steps": [{"run": "true"}], **job} for key, job in jobs.items()}
    return parser.parse(yaml.safe_dump({"on": "push", "jobs": whole}, sort_keys=False), "w.yml")


def _job(index: int, number: int, text: str) -> JobState:
    word = text.rstrip("?~!")
    known = {
        "running": Status.IN_PROGRESS,
        "queued": Status.QUEUED,
        "pending": Status.PENDING,
        "waiting": Status.WAITING,
    }
    return JobState(
        id=100 * index + number,
        leg=number,
        status=known.get(word, Status.COMPLETED),
        conclusion=None if word in known else Conclusion(word),
        continue_on_error="~" in text,
        cancel_requested="?" in text,
        admitted="!" in text,
    )


def _snapshot(case: dict[str, Any]) -> Snapshot:
    workflow = _workflow(case["jobs"])
    nodes = []
    for index, job in enumerate(workflow.jobs):
        have = case.get("have", {}).get(job.id, [])
        jobs = tuple(_job(index, number, text) for number, text in enumerate(have))
        jobs = tuple(replace(one, outputs=case.get("outputs", {}).get(job.id, {})) for one in jobs)
        strategy = job.strategy
        limits = (strategy.fail_fast is not False, strategy.max_parallel) if strategy else (True, None)
        nodes.append(NodeState(job.id, job.needs, bool(have), jobs, limits[0], limits[1]))  # type: ignore[arg-type]
    return Snapshot(
        workflow,
        tuple(nodes),
        hold=Hold(case.get("hold", "")),
        cancel_requested=case.get("cancel", False),
        completed=case.get("completed", False),
        contexts=_CONTEXTS,
    )


def _words(move: Move, snapshot: Snapshot) -> str:
    keys = {job.id: f"{node.key}.{job.leg}" for node in snapshot.nodes for job in node.jobs}
    match move:
        case Expand(key, legs, _, most):
            labels = f" on {' '.join(legs[0].labels)}" if legs[0].labels not in ((), ("l",)) else ""
            labels += f" in {legs[0].runner_group}" if legs[0].runner_group else ""
            return f"expand {key}: {', '.join(leg.name for leg in legs)}{labels}{f' max {most}' if most else ''}"
        case Enter(key, legs, _, _, most):
            return f"enter {key}: {', '.join(leg.name for leg in legs)}{f' max {most}' if most else ''}"
        case End(key, _, conclusion, reason):
            said = [str(value) for name, value in reason.items() if name != "message"]
            return " ".join(["end", key, conclusion.value, *said])
        case Admit(job):
            return f"admit {keys[job]}"
        case Queue(job):
            return f"queue {keys[job]}"
        case Ask(job):
            return f"ask {keys[job]}"
        case AskCall(key, leg):
            return f"ask {key}.{leg}"
        case Cancel(job, reason):
            return f"cancel {keys[job]} {reason['code']}"
        case Conclude(conclusion):
            return f"conclude {conclusion}"


@pytest.mark.parametrize("case", conformance.table("decide"))
def test_moves(case: dict[str, Any]) -> None:
    snapshot = _snapshot(case)
    moves = decide(snapshot)
    wanted = [word.replace(" on l", "") for word in case["moves"]]
    assert [_words(move, snapshot) for move in moves] == wanted
    assert decide(snapshot) == moves


@pytest.mark.parametrize("case", conformance.table("decide"))
def test_the_attempt_is_over_exactly_when_it_concludes(case: dict[str, Any]) -> None:
    snapshot = _snapshot(case)
    status, conclusion = roll_up(snapshot)
    concluded = [move.conclusion for move in decide(snapshot) if isinstance(move, Conclude)]
    if concluded:
        assert (status, conclusion) == (Status.COMPLETED, concluded[0])
    elif not snapshot.completed and snapshot.hold is not Hold.STARTUP_FAILURE:
        assert status is not Status.COMPLETED


def test_an_evaluation_error_says_where_and_why() -> None:
    snapshot = _snapshot({"jobs": {"a": {"timeout-minutes": "${{ github.ref }}"}}})
    (move,) = decide(snapshot)
    assert isinstance(move, End)
    assert move.reason["message"] == (
        "Error when evaluating 'timeout-minutes' for job 'a'. "
        "Unexpected value 'refs/heads/main'; a number greater than 0 was expected"
    )


def test_what_a_leg_knows_of_needs_matrix_and_strategy() -> None:
    engine = Engine(
        _workflow(
            {
                "a": {"strategy": {"matrix": {"x": [1, 2]}}},
                "b": {"needs": "a", "strategy": {"max-parallel": 1, "fail-fast": False, "matrix": {"y": ["p", "q"]}}},
            }
        ),
        _CONTEXTS,
    )
    engine.settle()
    for (_, job), word in zip(engine.jobs(), ("first", "second"), strict=True):
        engine.move(
            job.id, Status.COMPLETED, Conclusion.SUCCESS, said=word, **({"once": "1"} if word == "first" else {})
        )
    engine.settle()
    second = [job for key, job in engine.jobs() if key == "b"][1]
    assert second.status is Status.PENDING
    assert contexts_for_job(engine.snapshot, "b", engine.legs[second.id]) == {
        "needs": {"a": {"result": "success", "outputs": {"said": "second", "once": "1"}}},
        "matrix": {"y": "q"},
        "strategy": {"fail-fast": False, "job-index": 1, "job-total": 2, "max-parallel": 1},
    }


def test_a_job_without_a_matrix_has_none() -> None:
    engine = Engine(_workflow({"a": {}}), _CONTEXTS)
    engine.settle()
    assert contexts_for_job(engine.snapshot, "a", Leg(0, "a", ("l",))) == {
        "needs": {},
        "matrix": None,
        "strategy": {"fail-fast": True, "job-index": 0, "job-total": 1, "max-parallel": 1},
    }


def test_a_leg_with_everything_evaluated() -> None:
    job = {
        "runs-on": ["self-hosted", "${{ matrix.os }}"],
        "timeout-minutes": "${{ matrix.minutes }}",
        "cancel-timeout-minutes": "${{ matrix.minutes }}",
        "continue-on-error": "${{ matrix.os == 'b' }}",
        "strategy": {"matrix": {"os": ["a", "b"], "include": [{"os": "a", "minutes": 1}, {"os": "b", "minutes": 2.5}]}},
    }
    (move,) = decide(_snapshot({"jobs": {"a": job}}))
    assert isinstance(move, Expand)
    assert move.legs == (
        Leg(0, "a (a)", ("self-hosted", "a"), {"os": "a", "minutes": 1}, 1.0, 1.0, False),
        Leg(1, "a (b)", ("self-hosted", "b"), {"os": "b", "minutes": 2.5}, 2.5, 2.5, True),
    )


def test_a_run_from_beginning_to_end() -> None:
    engine = Engine(_workflow({"build": {}, "test": {"needs": "build"}, "deploy": {"needs": "test"}}), _CONTEXTS)
    for wanted in ("build", "test"):
        engine.settle()
        key, job = engine.jobs()[-1]
        assert (key, job.status) == (wanted, Status.QUEUED)
        engine.move(job.id, Status.IN_PROGRESS)
        assert roll_up(engine.snapshot) == (Status.IN_PROGRESS, None)
        engine.move(job.id, Status.COMPLETED, Conclusion.SUCCESS if wanted == "build" else Conclusion.FAILURE)
    engine.settle()
    assert engine.ends["deploy"].reason == {"code": "need_failed", "need": "test", "result": "failure"}
    assert engine.conclusion is Conclusion.FAILURE
