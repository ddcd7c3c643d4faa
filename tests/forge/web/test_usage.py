"""The usage page: what is counted, for which attempt, and that the API says the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from forge.actions.models import Job, Run
from forge.actions.queries import timings
from forge.repos.models import Repository
from tests import factories


@pytest.fixture
def run(widget: Repository) -> Run:
    """Two jobs for Linux of 61 s and 1 s, one for macOS of an hour; one that goes on."""
    made = factories.run(factories.workflow(widget), status="in_progress")
    for name, labels, seconds in (
        ("build", ["ubuntu-latest"], 61),
        ("lint", ["ubuntu-latest"], 1),
        ("sign", ["macos", "m4"], 3600),
    ):
        job = factories.job(made.latest_attempt, name, labels=labels, runner_name=f"of-{name}")
        assert job.queued_at
        job.started_at = job.queued_at + timedelta(seconds=30)
        job.completed_at = job.started_at + timedelta(seconds=seconds)
        job.runner = factories.runner(os="macOS" if name == "sign" else "Linux")
        job.save()
    factories.job(made.latest_attempt, "deploy", status="in_progress")
    return made


def test_minutes_are_rounded_up_job_by_job_and_added_by_labels(run: Run) -> None:
    used = timings.usage(run.attempts.get())
    assert [(one.job.name, one.minutes) for one in used.jobs] == [("build", 2), ("lint", 1), ("sign", 60)]
    assert [(one.name, one.jobs, one.minutes) for one in used.by_labels] == [
        ("macos, m4", 1, 60),
        ("ubuntu-latest", 2, 3),
    ]
    assert (used.total.minutes, used.total.ran) == (63, timedelta(seconds=3662))
    assert used.total.queued == timedelta(seconds=90)


def test_the_page_and_the_api_agree(person: Client, run: Run) -> None:
    page = person.get(f"/rosa/widget/actions/runs/{run.pk}/usage")
    told = person.get(f"/api/v3/repos/rosa/widget/actions/runs/{run.pk}/timing").json()["billable"]
    assert sum(one["total_ms"] for one in told.values()) == page.context["used"].total.ran / timedelta(milliseconds=1)
    assert sum(one["jobs"] for one in told.values()) == page.context["used"].total.jobs
    text = page.content.decode()
    for part in ("of-build", "1h 00m", "macos, m4", "those that are over"):
        assert part in text, part
    assert ">deploy</a></th>" not in text
    assert person.get(f"/rosa/widget/actions/runs/{run.pk}").context["minutes"] == page.context["used"].total.minutes


def test_what_was_carried_over_is_counted_where_it_ran(person: Client, run: Run) -> None:
    sign = Job.objects.get(name="sign")
    again = factories.attempt(run, conclusion="success")
    factories.job(again, "sign", carries=sign)
    factories.job(again, "build")
    page = person.get(f"/rosa/widget/actions/runs/{run.pk}/usage")
    assert [one.job.name for one in page.context["used"].jobs] == ["build"]
    before = person.get(f"/rosa/widget/actions/runs/{run.pk}/attempts/1/usage")
    assert before.context["used"].total.minutes == 63
    assert f'/rosa/widget/actions/runs/{run.pk}/attempts/1/usage" aria-current' in before.content.decode()
    assert person.get(f"/rosa/widget/actions/runs/{run.pk}/attempts/3/usage").status_code == 404


def test_before_a_job_has_finished(person: Client, widget: Repository) -> None:
    going = factories.run(factories.workflow(widget, "going.yml"), status="in_progress")
    factories.job(going.latest_attempt, status="in_progress")
    page = person.get(f"/rosa/widget/actions/runs/{going.pk}/usage").content.decode()
    assert "appears here as soon as it is over" in page
    none = factories.run(factories.workflow(widget, "none.yml"), conclusion="skipped")
    page = person.get(f"/rosa/widget/actions/runs/{none.pk}/usage").content.decode()
    assert "No job has finished" in page
    assert "No job of this attempt ran" in page


def test_more_jobs_cost_no_more_queries(person: Client, run: Run) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert person.get(f"/rosa/widget/actions/runs/{run.pk}/usage").status_code == 200
        return len(seen)

    before = queries()
    for number in range(20):
        factories.job(run.latest_attempt, f"more{number}")
    assert queries() == before
