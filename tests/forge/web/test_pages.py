"""What the pages show, to whom, and at what cost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from forge.accounts.models import AccessToken, Account
from forge.actions.models import Job, JobNode, Run, Summary
from forge.actions.queries import pages
from forge.actions.queries.runs import RunFilter
from forge.repos.models import Collaborator, Repository, Right
from forge.web import security
from tests import factories
from tests.forge.web.conftest import PASSWORD

HOSTILE = "<script>alert(1)</script>"


def _text(answer: Any) -> str:
    return answer.content.decode()


def _queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(address).status_code == 200
    return len(found)


@pytest.fixture
def failed(widget: Repository) -> Run:
    """A run with a failing job that has a log, a skipped one, an annotation and a summary."""
    run = factories.run(factories.workflow(widget), conclusion="failure", title=HOSTILE)
    attempt = run.latest_attempt
    assert attempt is not None
    job = factories.job(attempt, "test", conclusion="failure")
    factories.log(job, ("Set up", ["ready"]), ("Run tests", ["\x1b[31mred", "still", f"##[error]{HOSTILE}"]))
    job.steps.filter(number=2).update(conclusion="failure")
    node = JobNode.objects.create(attempt=attempt, key="deploy", position=1, needs=["test"], expanded=True)
    reason = {"code": "need_failed", "need": "test", "result": "failure"}
    factories.job(attempt, "deploy", node=node, conclusion="skipped", reason=reason)
    factories.annotation(job, HOSTILE, level="failure", path="a.py", start_line=3)
    Summary.objects.create(job=job, step=2, text=f"# Hi\n\n{HOSTILE}")
    return run


def test_every_page_has_the_policy(person: Client, widget: Repository) -> None:
    for address in (
        "/",
        "/login",
        "/new",
        "/settings/tokens",
        "/rosa",
        "/rosa/widget",
        "/rosa/widget/actions",
        "/nope/x",
    ):
        answer = person.get(address)
        assert answer["Content-Security-Policy"] == security.POLICY
        assert "unsafe" not in answer["Content-Security-Policy"]
        assert " style=" not in _text(answer)
        assert "<script>" not in _text(answer)


@pytest.mark.parametrize("rest", ["", "/actions", "/settings", "/actions/workflows/ci.yml", "/actions/runs/1"])
def test_what_one_may_not_see_does_not_exist(stranger: Client, widget: Repository, rest: str) -> None:
    Repository.objects.filter(pk=widget.pk).update(private=True)
    hidden, absent = stranger.get(f"/rosa/widget{rest}"), stranger.get(f"/rosa/absent{rest}")
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert _same(_text(hidden)) == _same(_text(absent))


def _same(page: str) -> str:
    """Without what differs from page to page anyway."""
    return re.sub(r'value="\w{64}"|data-now="\d+"', "", page).replace("/rosa/widget", "/rosa/absent")


def test_the_list_shows_runs(person: Client, failed: Run) -> None:
    page = _text(person.get("/rosa/widget/actions"))
    assert "&lt;script&gt;alert(1)" in page
    assert HOSTILE not in page
    assert f"/rosa/widget/actions/runs/{failed.pk}/rerun-failed" in page
    assert "1 run<" in page


def test_only_writers_get_buttons(anyone: Client, stranger: Client, other: Account, failed: Run) -> None:
    address = f"/rosa/widget/actions/runs/{failed.pk}"
    assert "Re-run" not in _text(anyone.get(address))
    assert "Re-run" not in _text(stranger.get(address))
    Collaborator.objects.create(repository=failed.repository, user=other, right=Right.WRITE)
    assert "Re-run failed jobs" in _text(stranger.get(address))


@pytest.mark.parametrize("verb", ["cancel", "force-cancel", "rerun", "rerun-failed"])
def test_verbs_need_the_right_and_a_post(stranger: Client, anyone: Client, failed: Run, verb: str) -> None:
    address = f"/rosa/widget/actions/runs/{failed.pk}/{verb}"
    assert stranger.post(address).status_code == 403
    assert anyone.post(address).status_code == 403
    assert stranger.get(address).status_code == 405
    assert failed.attempts.count() == 1


def test_verbs_need_the_token(rosa: Account, failed: Run) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(rosa)
    assert client.post(f"/rosa/widget/actions/runs/{failed.pk}/rerun").status_code == 403
    assert failed.attempts.count() == 1


def test_the_run_page(person: Client, failed: Run) -> None:
    page = _text(person.get(f"/rosa/widget/actions/runs/{failed.pk}"))
    assert HOSTILE not in page
    for part in (
        "Failed",
        'Error: </b><span class="x1">&lt;script&gt;',
        "Skipped because the job test that it needs",
        "1 error",
        '-hi">Hi</h3>',
    ):
        assert part in page, part
    assert 'class="x1">red' in page
    assert 'class="x1">still' in page


def test_a_startup_failure_shows_the_place(person: Client, widget: Repository) -> None:
    problem = {"file": ".github/workflows/ci.yml", "line": 2, "column": 3, "message": "no such key"}
    text = "on: push\njobz:\n  a: 1\n"
    run = factories.run(
        factories.workflow(widget),
        conclusion="startup_failure",
        source=factories.source(text),
        attempt={"hold": "startup_failure", "problems": [problem], "reason": {"code": "startup_failure"}},
    )
    page = _text(person.get(f"/rosa/widget/actions/runs/{run.pk}"))
    for part in (".github/workflows/ci.yml:2:3", "no such key", 'hit" data-n="2">jobz:', "Could not start"):
        assert part in page, part
    assert "Re-run" not in page


def test_a_waiting_job_says_for_what(person: Client, widget: Repository) -> None:
    run = factories.run(factories.workflow(widget), status="queued")
    job = factories.job(run.latest_attempt, "gpu", status="queued", labels=["gpu"])
    said = "no runner online has the label gpu"
    assert said in _text(person.get("/rosa/widget/actions"))
    assert said in _text(person.get(f"/rosa/widget/actions/runs/{run.pk}"))
    assert said in _text(person.get(f"/rosa/widget/actions/runs/{run.pk}/job/{job.pk}"))


def test_empty_states(person: Client, widget: Repository) -> None:
    assert "Run something on every push" in _text(person.get("/rosa/widget/actions"))
    workflow = factories.workflow(widget)
    assert "No run yet" in _text(person.get("/rosa/widget/actions"))
    factories.run(workflow)
    page = _text(person.get("/rosa/widget/actions?query=is:failure+branch:x"))
    assert "No runs match is:failure branch:x" in page
    assert "Run something" not in page
    assert "?query=branch%3Ax" in page
    assert "“foo:” is no key" in _text(person.get("/rosa/widget/actions?query=foo:x"))
    assert "No runs match" in _text(person.get("/rosa/widget/actions?query=" + "+".join("x" * 20)))
    assert "21 words are too many to look for" in _text(person.get("/rosa/widget/actions?query=" + "+".join("x" * 21)))


@pytest.mark.parametrize("query", ["", "created:>=2026-01-01", "Number"])
def test_pages_of_the_list(person: Client, widget: Repository, query: str) -> None:
    workflow = factories.workflow(widget)
    runs = [factories.run(workflow, title=f"Number {number:03}") for number in range(60)]
    first = person.get("/rosa/widget/actions", {"query": query})
    assert first.context["found"].rows == tuple(reversed(runs[35:]))
    second = person.get(first.context["older"])
    assert second.context["found"].rows == tuple(reversed(runs[10:35]))
    third = person.get(second.context["older"])
    assert third.context["found"].rows == tuple(reversed(runs[:10]))
    assert not third.context["older"]
    again = person.get(third.context["newer"])
    assert again.context["found"].rows == second.context["found"].rows
    assert not person.get(again.context["newer"]).context["newer"]


def test_words_are_looked_for_in_the_newest_runs(widget: Repository) -> None:
    workflow = factories.workflow(widget)
    old, *new = [factories.run(workflow, title=title) for title in ("Fix one", "Fix two", "Other", "Fix three")]
    found = pages.run_page(widget, RunFilter(), words=("fix",), searched=3)
    assert (found.rows, found.total, found.more) == ((new[2], new[0]), 2, False)
    assert old in pages.run_page(widget, RunFilter(), words=("fix",), searched=4).rows


def test_words_in_any_case(widget: Repository) -> None:
    workflow = factories.workflow(widget)
    by_title = factories.run(workflow, title="Die Größe prüfen")
    by_message = factories.run(workflow, title="Other", head_commit=factories.commit("Mend it\n\nGRÖSSE: L", "a" * 40))
    factories.run(workflow, title="Die Grösser")
    assert pages.run_page(widget, RunFilter(), words=("grösse", "die")).total == 2
    assert pages.run_page(widget, RunFilter(), words=("grösse", "prüfen")).rows == (by_title,)
    assert pages.run_page(widget, RunFilter(), words=("grÖsse", "mend")).rows == (by_message,)


def test_words_that_many_runs_have(widget: Repository) -> None:
    """The count ends, and the pages do not."""
    workflow = factories.workflow(widget)
    every = [factories.run(workflow, title="Bump it") for _ in range(90)]

    def page(**at: int | None) -> pages.RunPage:
        found = pages.run_page(widget, RunFilter(), words=("bump",), counted=30, **at)
        assert (found.total, found.more) == (30, True)
        return found

    older = [page()]
    while older[-1].older is not None:
        older.append(page(after=older[-1].older))
    assert [run for one in older for run in one.rows] == every[::-1]
    newer = older[-1:]
    while newer[-1].newer is not None:
        newer.append(page(before=newer[-1].newer))
    assert [one.rows for one in newer] == [one.rows for one in older[::-1]]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("is:failure", 1),
        ("workflow:ci.yml", 2),
        ("workflow:CI", 2),
        ("workflow:gone", 0),
        ("upload", 1),
        ("sha:fffff", 1),
    ],
)
def test_filters(person: Client, widget: Repository, query: str, count: int) -> None:
    workflow = factories.workflow(widget)
    factories.run(workflow, conclusion="failure")
    factories.run(workflow, title="Fix upload", head_sha="f" * 40)
    assert person.get("/rosa/widget/actions", {"query": query}).context["found"].total == count


def test_queries_do_not_grow(person: Client, widget: Repository, failed: Run) -> None:
    addresses = ["/rosa/widget/actions", "/rosa/widget", f"/rosa/widget/actions/runs/{failed.pk}"]
    job = failed.jobs.first()
    assert job is not None
    addresses.append(f"/rosa/widget/actions/runs/{failed.pk}/job/{job.pk}")
    before = [_queries(person, address) for address in addresses]
    for number in range(12):
        factories.run(failed.workflow, status="queued", title=f"More {number}")
        factories.run(factories.workflow(widget, f"w{number}.yml"), conclusion="failure")
        attempt = failed.latest_attempt
        one = factories.job(attempt, f"more{number}", conclusion="failure")
        factories.step(one, 1, conclusion="failure")
        factories.annotation(one)
    after = [_queries(person, address) for address in addresses]
    # One more in the list: the jobs of what waits, asked for only when something waits.
    assert after[0] <= before[0] + 1
    assert after[1:] == before[1:]
    assert after[0] <= 12
    assert max(after) <= 32, after


def test_the_job_page_opens_the_failing_step(person: Client, failed: Run) -> None:
    job = failed.jobs.get(name="test")
    page = _text(person.get(f"/rosa/widget/actions/runs/{failed.pk}/job/{job.pk}"))
    assert 'id="s2" data-step="2" data-status="completed" open' in page
    assert 'id="s1" data-step="1" data-status="completed">' in page
    assert 'id="s2-L3" data-n="3"' in page
    assert HOSTILE not in page


def test_the_log_of_a_step_beside_others_is_held_until_it_has_a_place(person: Client, widget: Repository) -> None:
    run = factories.run(factories.workflow(widget), status="in_progress")
    job = factories.job(run.latest_attempt, "test", status="in_progress", epoch=1)
    factories.log(job, ("Set up job", ["ready"]))
    factories.step(job, 2, "Serve", status="in_progress")
    factories.step(job, 3, "Skipped", conclusion="skipped", started_at=None)
    factories.step(job, 4, "Test", status="in_progress", log_start=35)
    address = f"/rosa/widget/actions/runs/{run.pk}/job/{job.pk}"
    page = _text(person.get(address))
    assert 'data-step="2" data-status="in_progress" data-held' in page
    assert 'data-step="3" data-status="completed">' in page
    assert 'data-step="4" data-status="in_progress" open' in page
    assert "In progress; its log comes when it and the steps beside it are done writing." in page
    assert "This step runs beside others" in _text(person.get(f"{address}?step=2"))
    held = {
        number: person.get(f"{address}/log/lines?step={number}&page=last").json().get("held") for number in (2, 3, 4)
    }
    assert held == {2: True, 3: False, 4: None}
    Job.objects.filter(pk=job.pk).update(status="completed", conclusion="cancelled")
    assert "data-held" not in _text(person.get(address))


def test_the_log_in_pages(person: Client, widget: Repository) -> None:
    run = factories.run(factories.workflow(widget))
    job = factories.job(run.latest_attempt, "loud")
    lines = ["\x1b[32mgreen from here", "##[group]Many", *(f"line {number}" for number in range(2, 2500))]
    whole = factories.log(job, ("Shout", lines))
    address = f"/rosa/widget/actions/runs/{run.pk}/job/{job.pk}"
    page = _text(person.get(f"{address}?step=1&page=3"))
    assert "Page 3 of 3 · 2500 lines" in page
    assert 'data-n="2001"><span class="x2">line 2000' in page
    assert 'data-n="2000"' not in page
    data = person.get(f"{address}/log/lines?step=1&page=2").json()
    assert (data["from"], data["total"], data["sgr"], data["groups"]) == (2000, 2500, "38;5;2", ["Many"])
    assert len(data["lines"]) == 500
    assert data["lines"][0][1] == "line 2000"
    assert "immutable" in person.get(f"{address}/log/lines?step=1&page=0")["Cache-Control"]
    assert person.get(f"{address}/log/lines?step=9&page=0").status_code == 404
    raw = person.get(f"{address}/log")
    assert raw["Content-Type"] == "text/plain; charset=utf-8"
    assert b"".join(raw.streaming_content) == whole
    assert b"\x1b" not in b"".join(person.get(f"{address}/log?ansi=0").streaming_content)


def test_a_job_of_another_run_is_not_found(person: Client, failed: Run) -> None:
    other = factories.run(failed.workflow)
    job = failed.jobs.first()
    assert job is not None
    assert person.get(f"/rosa/widget/actions/runs/{other.pk}/job/{job.pk}").status_code == 404


def test_log_in_and_out(anyone: Client, rosa: Account) -> None:
    wrong = anyone.post("/login", {"login": "Rosa", "password": "wrong"})
    assert wrong.status_code == 422
    right = anyone.post("/login", {"login": "Rosa", "password": PASSWORD, "next": "/new"})
    assert (right.status_code, right["Location"]) == (303, "/new")
    assert anyone.get("/new").status_code == 200
    assert anyone.post("/logout").status_code == 303
    assert anyone.get("/new")["Location"] == "/login?next=/new"


def test_log_in_leads_nowhere_else(anyone: Client, rosa: Account) -> None:
    answer = anyone.post("/login", {"login": "rosa", "password": PASSWORD, "next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_log_in_pauses_after_many_tries(anyone: Client, rosa: Account) -> None:
    for _ in range(10):
        assert anyone.post("/login", {"login": "rosa", "password": "x"}).status_code == 422
    assert anyone.post("/login", {"login": "rosa", "password": PASSWORD}).status_code == 429


def test_a_token_is_shown_once(person: Client, rosa: Account) -> None:
    answer = person.post("/settings/tokens", {"name": "laptop", "scopes": ["repo"], "days": "30"})
    text = answer.context["text"]
    assert text in _text(answer)
    assert answer["Cache-Control"] == "no-store"
    page = _text(person.get("/settings/tokens"))
    assert text not in page
    assert "laptop" in page
    token = AccessToken.objects.get()
    assert person.post(f"/settings/tokens/{token.pk}/revoke").status_code == 303
    assert "laptop" not in _text(person.get("/settings/tokens"))
    assert person.post("/settings/tokens", {"name": "x"}).status_code == 422


def test_nobody_revokes_the_tokens_of_others(stranger: Client, rosa: Account) -> None:
    factories.token(rosa)
    token = AccessToken.objects.get()
    assert stranger.post(f"/settings/tokens/{token.pk}/revoke").status_code == 404


def test_a_repository_is_made_and_deleted(person: Client, rosa: Account) -> None:
    answer = person.post("/new", {"owner": "rosa", "name": "fresh", "visibility": "private"})
    assert (answer.status_code, answer["Location"]) == (303, "/rosa/fresh")
    assert "This repository is empty" in _text(person.get("/rosa/fresh"))
    assert person.post("/new", {"owner": "rosa", "name": "fresh"}).status_code == 422
    assert person.post("/rosa/fresh/settings", {"confirm": "fresh"}).status_code == 422
    assert person.post("/rosa/fresh/settings", {"confirm": "rosa/fresh"}).status_code == 303
    assert person.get("/rosa/fresh").status_code == 404


def test_settings_are_for_admins(stranger: Client, widget: Repository) -> None:
    assert stranger.get("/rosa/widget/settings").status_code == 403
    assert stranger.post("/rosa/widget/settings", {"confirm": "rosa/widget"}).status_code == 403


def test_a_form_never_leads_to_another_site(person: Client) -> None:
    answer = person.post("/-/preferences", {"theme": "light"}, headers={"Referer": "https://evil.example/x"})
    assert answer["Location"] == "/"
