"""The chart of a run's jobs over time, and the steps below those that are open."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from forge.actions.models import Job, Run
from forge.repos.models import Repository
from forge.web import timeline
from tests import factories


@pytest.fixture
def run(widget: Repository) -> Run:
    """Two jobs at once; each has two steps of 20 s, the second of the second one was skipped."""
    made = factories.run(factories.workflow(widget))
    for name in ("build", "lint"):
        job = factories.job(made.latest_attempt, name)
        assert job.started_at
        for number in (1, 2):
            begun = job.started_at + timedelta(seconds=20 * (number - 1))
            skipped = {"conclusion": "skipped", "started_at": None} if (name, number) == ("lint", 2) else {}
            end = begun + timedelta(seconds=20)
            factories.step(job, number, f"Step {number}", **{"started_at": begun, "completed_at": end, **skipped})
    return made


def _chart(run: Run, *opened: Job) -> timeline.Chart:
    nodes = list(run.latest_attempt.nodes.all()) if run.latest_attempt else []
    jobs = list(run.jobs.order_by("id"))
    found = timeline.chart(jobs, nodes, factories.START, [job.pk for job in opened])
    assert found is not None
    return found


def test_steps_stand_below_their_job_when_it_is_open(run: Run) -> None:
    build, lint = run.jobs.order_by("id")
    shut = _chart(run)
    assert [row.steps for row in shut.rows] == [(), ()]
    shown = _chart(run, build)
    first, second = shown.rows
    one, two = first.steps
    assert (one.y, two.y, second.y) == (first.y + 26, first.y + 52, first.y + 78)
    assert shown.height == shut.height + 52
    assert one.x == first.ran_x  # it began with the job
    assert two.x == pytest.approx(one.x + one.width, abs=1)
    assert one.width == pytest.approx(first.ran / 3, abs=1)  # 20 s of its 60
    assert one.took == "20s"
    skipped = _chart(run, lint).rows[1].steps[1]
    assert (skipped.width, skipped.took) == (0, "Skipped")


def test_each_arrow_opens_its_own_and_keeps_the_others(run: Run) -> None:
    build, lint = run.jobs.order_by("id")
    first, second = _chart(run, build).rows
    assert first.toggle == "view=timeline"
    assert second.toggle == f"view=timeline&open={build.pk}&open={lint.pk}"
    lint.steps.all().delete()
    assert _chart(run).rows[1].toggle == ""  # nothing to show


def test_of_very_many_those_that_tell_something_can_be_opened(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    build, lint = run.jobs.order_by("id")
    Job.objects.filter(pk=build.pk).update(conclusion="failure")
    monkeypatch.setattr(timeline, "ALL_OPEN_UP_TO", 1)
    assert [bool(row.toggle) for row in _chart(run).rows] == [True, False]
    assert [bool(row.toggle) for row in _chart(run, lint).rows] == [True, True]  # open ones can be closed


def test_the_page_opens_what_the_address_names(person: Client, run: Run) -> None:
    build, lint = run.jobs.order_by("id")
    address = f"/rosa/widget/actions/runs/{run.pk}?view=timeline"
    page = person.get(f"{address}&open={build.pk}&open=nonsense&open=99999999999999999999").content.decode()
    assert f'href="/rosa/widget/actions/runs/{run.pk}/job/{build.pk}#s1" class="step s-success"' in page
    assert f'href="/rosa/widget/actions/runs/{run.pk}/job/{lint.pk}#s1"' not in page
    assert 'aria-expanded="true" aria-label="Steps of build"' in page
    assert 'aria-expanded="false" aria-label="Steps of lint"' in page
