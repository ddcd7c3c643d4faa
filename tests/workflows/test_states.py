"""The rules of status and conclusion."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows import states
from workflows.states import Conclusion, Hold, Status

_STATUS = st.sampled_from(list(Status))
_CONCLUSION = st.sampled_from(list(Conclusion))


@given(_STATUS, _STATUS, _STATUS)
def test_moves_only_go_forward(one: Status, two: Status, three: Status) -> None:
    assert not states.may_move(Status.COMPLETED, one)
    assert not states.may_move(one, one)
    assert one is Status.COMPLETED or states.may_move(one, Status.COMPLETED)
    if states.may_move(one, two) and states.may_move(two, one):
        assert {one, two} == {Status.WAITING, Status.PENDING}
    if states.may_move(one, two) and states.may_move(two, three) and one is not three:
        assert states.may_move(one, three)
    assert (one in states.before(two)) == states.may_move(one, two)


def test_the_one_way_back() -> None:
    assert states.REQUEUE_FROM == (Status.IN_PROGRESS,)
    assert not states.may_move(Status.IN_PROGRESS, Status.QUEUED)


@given(st.lists(_CONCLUSION), _CONCLUSION)
def test_a_roll_up_never_gets_better(ends: list[Conclusion], one_more: Conclusion) -> None:
    bad = {Conclusion.FAILURE, Conclusion.TIMED_OUT, Conclusion.STARTUP_FAILURE, Conclusion.ACTION_REQUIRED}
    before, after = states.roll_up_conclusion(ends), states.roll_up_conclusion([*ends, one_more])
    assert before not in bad or after in bad
    assert states.roll_up_conclusion(reversed(ends)) is before
    assert before is not Conclusion.TIMED_OUT


@pytest.mark.parametrize(
    ("ends", "wanted"),
    [
        ([], "success"),
        (["skipped"], "skipped"),
        (["skipped", "success"], "success"),
        (["neutral"], "success"),
        (["success", "cancelled"], "cancelled"),
        (["failure", "cancelled", "success"], "failure"),
        (["timed_out"], "failure"),
        (["startup_failure", "failure"], "startup_failure"),
    ],
)
def test_roll_up_of_conclusions(ends: list[str], wanted: str) -> None:
    assert states.roll_up_conclusion(map(Conclusion, ends)) == wanted


@pytest.mark.parametrize(
    ("hold", "jobs", "finished", "wanted"),
    [
        ("", [], False, "queued"),
        ("", ["queued", "queued"], False, "queued"),
        ("", ["queued", "pending"], False, "queued"),
        ("", ["queued", "waiting"], False, "queued"),
        ("", ["in_progress", "queued"], False, "in_progress"),
        ("", ["in_progress", "waiting"], False, "in_progress"),
        ("", ["completed", "queued"], False, "in_progress"),
        ("", ["completed"], False, "in_progress"),
        ("", ["completed", "waiting"], False, "waiting"),
        ("", ["waiting", "pending"], False, "waiting"),
        ("", ["pending"], False, "pending"),
        ("", ["requested"], False, "queued"),
        ("", ["completed"], True, "completed"),
        ("", [], True, "completed"),
        ("approval", [], False, "waiting"),
        ("concurrency", [], False, "pending"),
        ("approval", ["completed"], True, "completed"),
        ("startup_failure", [], False, "completed"),
    ],
)
def test_roll_up_of_statuses(hold: str, jobs: list[str], finished: bool, wanted: str) -> None:
    assert states.roll_up_status(Hold(hold), map(Status, jobs), finished=finished) == wanted


@given(st.sampled_from(list(Hold)), st.lists(_STATUS))
def test_an_attempt_is_completed_only_when_finished(hold: Hold, jobs: list[Status]) -> None:
    status = states.roll_up_status(hold, jobs, finished=False)
    assert (status is Status.COMPLETED) == (hold is Hold.STARTUP_FAILURE)


@given(_CONCLUSION)
def test_a_need_has_one_of_four_results(conclusion: Conclusion) -> None:
    assert states.need_result(conclusion) in ("success", "failure", "cancelled", "skipped")
    assert (states.need_result(conclusion) == "success") == (conclusion in ("success", "neutral"))


@given(_STATUS, st.none() | _CONCLUSION)
def test_a_conclusion_is_set_exactly_when_completed(status: Status, conclusion: Conclusion | None) -> None:
    assert states.concludes(status, conclusion) == ((status == "completed") is (conclusion is not None))


def test_continue_on_error_forgives_failures_only() -> None:
    for word in Conclusion:
        forgiven = states.forgiven(word, continue_on_error=True)
        assert forgiven == ("success" if word in ("failure", "timed_out") else word)
        assert states.forgiven(word, continue_on_error=False) is word


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ([], "success"),
        (["success", "skipped"], "success"),
        (["skipped"], "success"),
        (["failure", "success"], "failure"),
        (["failure", "cancelled", "success"], "cancelled"),
    ],
)
def test_a_job_is_as_bad_as_its_worst_step(steps: list[str], wanted: str) -> None:
    assert states.job_result(map(Conclusion, steps)) == wanted
