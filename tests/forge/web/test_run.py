"""The run page as a client gets it: who may do what, what is counted and drawn, what is sent as a file."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from forge.actions.models import Annotation, Job, JobLog, JobNode, PendingDeployment, Run, RunAttempt, Summary
from forge.actions.queries import notes
from forge.artifacts.models import Artifact
from forge.environments import environments
from forge.environments.models import Reviewer
from forge.repos.models import Repository
from forge.web import markdown, timeline
from tests import factories


@pytest.fixture
def run(widget: Repository) -> Run:
    """One that failed: ``build``, then two legs of ``test``."""
    made = factories.run(factories.workflow(widget), conclusion="failure")
    factories.job(made.latest_attempt, "build")
    node = JobNode.objects.create(attempt=made.latest_attempt, key="test", position=1, needs=["build"], expanded=True)
    for leg in ("a", "b"):
        factories.job(made.latest_attempt, "test", node=node, name=f"test ({leg})", conclusion="failure")
    return made


def test_a_job_in_the_list_says_its_state_once(person: Client, run: Run) -> None:
    skipped = {"conclusion": "skipped", "reason": {"code": "condition_false", "expression": "false"}}
    factories.job(run.latest_attempt, "docs", **skipped)
    lost = {"code": "runner_lost", "runner": "big-box", "last_heard_at": "2026-01-15T12:00:31Z"}
    job = factories.job(run.latest_attempt, "lost", conclusion="failure", runner_name="big-box", reason=lost)
    page = _text(person, _address(run, "?view=list"))
    assert '<span class="sub">Skipped because its condition is false: false' in page
    said = "Runner big-box was lost; it was last heard from at 15 Jan 2026, 12:00:31 UTC."
    assert f'<span class="sub">Runner lost · big-box · {said} · 1m 00s</span>' in page
    head = _text(person, _address(run, f"/job/{job.pk}"))
    assert '<span class="st s-runner_lost">Runner lost</span>' in head
    assert "queued " in head.partition("</h1>")[2].partition("</p>")[0]


def _address(run: Run, rest: str = "") -> str:
    return f"/rosa/widget/actions/runs/{run.pk}{rest}"


def _text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


@pytest.mark.parametrize("rest", ["/delete", "/delete-logs", "/approve", "/artifacts/{artifact}/delete"])
def test_what_cannot_be_undone_needs_the_right(stranger: Client, anyone: Client, run: Run, rest: str) -> None:
    kept = factories.artifact(run.jobs.earliest("id"))
    address = _address(run, rest.format(artifact=kept.pk))
    for client in (stranger, anyone):
        assert client.post(address).status_code == 403
        assert client.get(address).status_code in (403, 405)
    assert Artifact.objects.filter(pk=kept.pk).exists()
    assert Run.objects.filter(pk=run.pk).exists()


def test_nothing_is_deleted_by_looking(person: Client, run: Run) -> None:
    assert "goes for good" in _text(person, _address(run, "/delete"))
    assert Run.objects.filter(pk=run.pk).exists()
    assert person.post(_address(run, "/delete"))["Location"] == "/rosa/widget/actions"
    assert not Run.objects.filter(pk=run.pk).exists()
    going = factories.run(run.workflow, status="in_progress")
    assert person.post(_address(going, "/delete")).status_code == 403
    assert "Delete run" not in _text(person, _address(going))


def test_readers_see_no_verbs(anyone: Client, run: Run) -> None:
    page = _text(anyone, _address(run))
    assert "Download all logs" in page
    for word in ("Re-run", "Delete run", "Delete logs", "debug logging"):
        assert word not in page


def test_the_view_is_asked_for_kept_and_has_a_fallback(person: Client, run: Run) -> None:
    assert person.get(_address(run)).context["views"].shown == "graph"
    answer = person.get(_address(run, "?view=timeline"))
    assert answer.cookies["run_view"]["httponly"]
    assert person.get(_address(run)).context["views"].shown == "timeline"
    assert person.get(_address(run, "?view=nonsense")).context["views"].shown == "timeline"
    alone = factories.run(run.workflow)
    factories.job(alone.latest_attempt, "only")
    views = person.get(_address(alone, "?view=graph")).context["views"]
    assert views.shown == "list"
    assert [name for name, _, _ in views.links] == ["timeline", "list"]


def test_facts(person: Client, run: Run) -> None:
    short = run.jobs.earliest("id")
    Job.objects.filter(pk=short.pk).update(completed_at=short.started_at)
    page = person.get(_address(run))
    assert page.context["minutes"] == 3  # the shortest counts as one
    assert "Change 1" in page.content.decode()


def test_the_timeline_knows_what_the_run_hung_on(run: Run) -> None:
    jobs = list(run.jobs.order_by("id"))
    build, quick, slow = jobs
    end = factories.START + timedelta(hours=1)
    assert build.completed_at
    for job, minutes in ((quick, 1), (slow, 3)):
        job.queued_at = build.completed_at
        job.started_at = build.completed_at + timedelta(minutes=1)
        job.completed_at = job.started_at + timedelta(minutes=minutes)
    chart = timeline.chart(jobs, list(run.latest_attempt.nodes.all()), end)
    assert chart is not None
    assert [row.job for row in chart.rows if row.critical] == [build, slow]
    first, second, third = chart.rows
    assert (first.waited_x, second.waited_x) == (timeline.LABEL, first.ran_x + first.ran)
    assert third.ran == pytest.approx(3 * second.ran, abs=2)
    assert third.ran_x + third.ran == timeline.LABEL + timeline.CHART
    slow.completed_at, slow.status = None, "in_progress"  # it goes on: up to now
    chart = timeline.chart(jobs, list(run.latest_attempt.nodes.all()), end)
    assert chart is not None
    assert chart.rows[2].ran_x + chart.rows[2].ran == timeline.LABEL + timeline.CHART


def test_annotations_once_word_for_word(run: Run) -> None:
    one, two, three = run.jobs.order_by("id")
    for job in (two, three):
        factories.annotation(job, "wrong", level="failure", path="b.py", start_line=4)
    factories.annotation(two, "wrong", level="failure", path="a.py", start_line=9)
    Annotation.objects.bulk_create(
        [Annotation(job=one, step=1, level="notice", message=f"{number:03}") for number in range(60)]
    )
    first, second = (notes.annotations_of([one, two, three], page) for page in (1, 2))
    assert [(row.annotation.path, row.times) for row in first.rows[:3]] == [("a.py", 1), ("b.py", 2), ("", 1)]
    assert (first.total, first.different, first.next, second.next) == (63, 62, 2, None)
    seen = [row.annotation.message for row in (*first.rows, *second.rows)]
    assert len(seen) == 62
    assert seen[2:] == [f"{number:03}" for number in range(60)]


def test_summaries_are_cut_and_whole_as_text(person: Client, run: Run) -> None:
    job = run.jobs.earliest("id")
    Summary.objects.create(job=job, step=1, text="# Title\n\n<script>alert(1)</script>\n" + "x" * notes.SUMMARY_LIMIT)
    page = _text(person, _address(run))
    assert f'<h3 id="summary-{job.pk}-title">Title</h3>' in page
    assert "<script>alert" not in page
    assert "The first 1.0\xa0MB of 1.0\xa0MB are shown." in page
    raw = person.get(_address(run, f"/job/{job.pk}/summary"))
    assert raw["Content-Type"] == "text/plain; charset=utf-8"
    assert raw.content.startswith(b"# Title\n\n<script>")
    assert len(raw.content) > notes.SUMMARY_LIMIT


def test_ids_of_headings_are_nobody_elses() -> None:
    text = "# A b\n\n# A b\n\n# [x](y) *z*!\n\n[down](#a-b)"
    html = markdown.html(text, "s-")
    for part in ('<h3 id="s-a-b">', '<h3 id="s-a-b-1">', 'href="#s-a-b"'):
        assert part in html
    assert "id=" not in markdown.html(text)
    assert 'href="#a-b"' in markdown.html(text)


def test_the_place_of_an_annotation_in_the_log(person: Client, run: Run) -> None:
    job = run.jobs.earliest("id")
    lines = [f"line {number}" for number in range(2500)]
    whole = factories.log(job, ("Set up job", ["ready"]), ("Run", lines))
    offset = whole.index(b"2026-01-15T12:00:02.0000000Z line 2100\n")
    address = _address(run, f"/job/{job.pk}")
    assert person.get(f"{address}/log/at/{offset}")["Location"] == f"{address}?step=2&page=3#s2-L2101"
    assert person.get(f"{address}/log/at/0")["Location"] == f"{address}?step=1&page=1#s1-L1"
    other = factories.run(run.workflow)
    assert person.get(f"/rosa/widget/actions/runs/{other.pk}/job/{job.pk}/log/at/0").status_code == 404


def test_artifacts_belong_to_their_run_and_expire(person: Client, anyone: Client, run: Run) -> None:
    job = run.jobs.earliest("id")
    kept = factories.artifact(job, 'a "b" ü')
    answer = anyone.get(_address(run, f"/artifacts/{kept.pk}"))
    assert b"".join(answer.streaming_content).startswith(b"PK")
    assert answer["Content-Disposition"].startswith("attachment; filename")
    other = factories.run(run.workflow)
    assert person.get(_address(other, f"/artifacts/{kept.pk}")).status_code == 404
    Artifact.objects.filter(pk=kept.pk).update(expires_at=factories.START)
    assert person.get(_address(run, f"/artifacts/{kept.pk}")).status_code == 410
    assert "Expired" in _text(person, _address(run))


def test_reviews_are_for_reviewers(person: Client, stranger: Client, widget: Repository, run: Run) -> None:
    waiting = factories.run(run.workflow, status="waiting")
    job = factories.job(waiting.latest_attempt, "deploy", status="waiting", environment="prod")
    environment = environments.get_or_create(widget, "prod")
    row = PendingDeployment.objects.create(
        job=job, run=waiting, environment=environment, environment_name=environment.name
    )
    address = _address(waiting, "/deployments")
    sent = {"environment": [environment.pk], "decision": "approve", "comment": ""}
    assert "Nobody has to review it" in _text(person, address)
    Reviewer.objects.create(environment=environment, user=widget.owner)
    assert "You are none of its reviewers" in _text(stranger, address)
    assert stranger.post(address, sent).status_code == 403
    assert person.post(address, {**sent, "decision": "perhaps"}).status_code == 422
    assert person.post(address, {**sent, "environment": []}).status_code == 422
    row.refresh_from_db()
    assert row.state == PendingDeployment.State.WAITING
    environment.prevent_self_review = True
    environment.save()
    assert "does not take an approval of your own runs" in _text(person, address)


def test_a_log_that_is_gone_is_said_to_be_where_its_lines_stood(person: Client, run: Run) -> None:
    job = run.jobs.get(name="test (a)")
    factories.log(job, ("Set up job", ["ready"]), ("Run tests", ["the failing line"]))
    job.steps.filter(number=2).update(conclusion="failure")
    assert "the failing line" in _text(person, _address(run))
    attempt = job.attempt
    assert attempt.completed_at is not None
    due = attempt.completed_at + timedelta(days=90)
    for deleted_at, why in (
        (attempt.completed_at + timedelta(days=3), "by somebody who may write here"),
        (due, "logs are kept here for 90 days after their run"),
    ):
        RunAttempt.objects.filter(pk=attempt.pk).update(logs_expire_at=due)
        JobLog.objects.filter(job=job).update(deleted_at=deleted_at)
        for page in (_text(person, _address(run)), _text(person, _address(run, f"/job/{job.pk}"))):
            assert "the failing line" not in page
            assert why in page
            assert deleted_at.strftime("%Y-%m-%dT%H:%M") in page
            assert "Run tests" in page  # what else is known of it stays
            assert "Open the log" not in page


def test_an_attempt_that_is_not_there_leads_to_the_latest(person: Client, run: Run) -> None:
    answer = person.get(_address(run, "/attempts/7"))
    assert answer.status_code == 404
    assert "There is no attempt 7" in answer.content.decode()


def test_a_file_that_was_missing_is_said_to_be(person: Client, widget: Repository) -> None:
    problem = {"file": ".github/workflows/ci.yml", "line": 1, "column": 1, "message": "There is no such file"}
    gone = factories.run(
        factories.workflow(widget, name="Gone"),
        conclusion="startup_failure",
        source=factories.source(""),
        attempt={"problems": [problem], "hold": "startup_failure", "reason": {"code": "startup_failure"}},
    )
    page = _text(person, _address(gone, "/workflow"))
    assert "the file was missing at this commit, or empty" in page
    assert "There is no such file" in page


def test_very_many_jobs_cost_no_more_queries(person: Client, run: Run) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert person.get(_address(run, "?view=list")).status_code == 200
        return len(seen)

    before = queries()
    job = run.jobs.latest("id")
    for leg in range(2, 120):
        job.pk, job.leg, job.name, job._state.adding = None, leg, f"test ({leg})", True
        job.save()
    for one in run.jobs.all()[:20]:
        factories.artifact(one, f"of {one.pk}")
        factories.annotation(one, f"said by {one.pk}")
        Summary.objects.create(job=one, step=1, text="text")
    # Two more: the page of annotations, and the texts of the summaries, which there were none of.
    assert queries() <= before + 3
    page = _text(person, _address(run, f"/job/{run.jobs.get(name='test (60)').pk}"))
    # Of so many legs those that failed are named, up to a limit, and the one that is looked at.
    assert page.count('aria-current="page"') == 2  # the tab "Actions" is the other
    assert '<span class="t">test (60)</span>' in page
    assert "more</span>" in page


def test_what_failed_comes_first_while_the_run_goes_on(person: Client, run: Run) -> None:
    def order() -> list[str]:
        return [group.key for group in person.get(_address(run)).context["groups"]]

    assert order() == ["build", "test"]
    RunAttempt.objects.filter(run=run).update(status="in_progress", conclusion=None, completed_at=None)
    assert order() == ["test", "build"]


def test_why_jobs_do_not_run_stands_on_top(person: Client, widget: Repository) -> None:
    run = factories.run(factories.workflow(widget), status="queued")
    for number in range(5):
        factories.job(run.latest_attempt, f"gpu{number}", status="queued", labels=["gpu"])
    ((text, jobs, more),) = person.get(_address(run)).context["stuck"]
    assert "no runner online has the label gpu" in text
    assert ([job.name for job in jobs], more) == (["gpu0", "gpu1", "gpu2"], 2)
