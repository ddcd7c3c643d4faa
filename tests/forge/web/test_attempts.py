"""The attempts of a run beside each other."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from forge.accounts.models import Account
from forge.actions.models import Run
from forge.actions.queries import pages
from forge.repos.models import Repository
from forge.web import attempts
from tests import factories


@pytest.fixture
def run(widget: Repository, other: Account) -> Run:
    """``unit`` passed and ``e2e`` failed; then bea ran what had failed, and then ``slow`` alone."""
    made = factories.run(factories.workflow(widget), conclusion="failure")
    unit = factories.job(made.latest_attempt, "unit")
    factories.job(made.latest_attempt, "e2e", conclusion="failure")
    slow = factories.job(made.latest_attempt, "slow", conclusion="timed_out")
    second = factories.attempt(made, conclusion="failure", scope="failed", triggering_actor=other)
    factories.job(second, "unit", carries=unit)
    factories.job(second, "e2e")
    factories.job(second, "slow", conclusion="timed_out")
    third = factories.attempt(made, scope=f"job:{slow.pk}", debug=True)
    for name in ("unit", "e2e"):
        factories.job(third, name, carries=unit)
    factories.job(third, "slow")
    factories.job(third, "never", conclusion="skipped")
    return made


def test_each_says_what_was_asked_for_and_came_out(person: Client, run: Run) -> None:
    rows = attempts.rows(run, pages.attempts(run))
    assert [(row.attempt.number, row.asked) for row in rows] == [
        (3, "slow and what needs it"),
        (2, "failed jobs"),
        (1, "all jobs"),
    ]
    assert [(row.counts.own, row.counts.failed, row.counts.carried) for row in rows] == [
        (1, 0, 2),
        (2, 1, 1),
        (3, 2, 0),
    ]
    page = person.get(f"/rosa/widget/actions/runs/{run.pk}").content.decode()
    assert "failed jobs, by bea · 2 jobs, 1 failed, 1 carried over" in page
    assert f'/rosa/widget/actions/runs/{run.pk}/attempts/2">Attempt 2</a>' in page
    assert "by rosa, with debug logging" in page


def test_each_is_held_against_the_one_before(person: Client, run: Run) -> None:
    address = f"/rosa/widget/actions/runs/{run.pk}"
    found = {
        rest: [(one.job.name, one.before.word, one.flaky) for one in person.get(address + rest).context["changed"]]
        for rest in ("", "/attempts/2", "/attempts/1")
    }
    assert found == {"": [("slow", "Timed out", True)], "/attempts/2": [("e2e", "Failed", True)], "/attempts/1": []}


def test_one_attempt_is_no_list(person: Client, widget: Repository) -> None:
    once = factories.run(factories.workflow(widget, "once.yml"))
    assert person.get(f"/rosa/widget/actions/runs/{once.pk}").context["tries"] == []


def test_more_attempts_cost_no_more_queries(person: Client, run: Run) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert person.get(f"/rosa/widget/actions/runs/{run.pk}").status_code == 200
        return len(seen)

    before = queries()
    for _ in range(6):
        job = factories.job(factories.attempt(run, scope="failed"), "slow")
        factories.attempt(run, scope=f"job:{job.pk}")
    factories.job(run.latest_attempt, "slow")
    assert queries() <= before
