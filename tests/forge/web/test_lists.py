"""The run list's deeds, the pages of a workflow, and the dispatch form."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forge.accounts.models import Account
from forge.actions.models import Run, Schedule, Workflow
from forge.environments import environments
from forge.repos import git
from forge.repos.models import Collaborator, Repository, Right
from forge.web import triggers
from tests import factories
from workflows import parser
from workflows.model import Schedule as Line

HOSTILE = "<script>alert(1)</script>"
LIST = "/rosa/widget/actions"
PAGE = f"{LIST}/workflows/ci.yml"
FILE = """\
name: CI
on:
  push:
    branches: [main]
  schedule:
    - cron: '30 4 * * 1-5'
  workflow_dispatch:
    inputs:
      level: {type: choice, options: [low, high]}
      place: {type: environment}
      count: {type: number, default: 3}
      fast: {type: boolean, default: true}
jobs:
  test:
    runs-on: ubuntu-latest
    steps: [{run: make}]
"""


def _text(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


@pytest.fixture
def ci(widget: Repository) -> Iterator[Workflow]:
    """A workflow whose file is on the default branch."""
    factories.push(widget, {".github/workflows/ci.yml": FILE}, "refs/heads/main")
    yield factories.workflow(widget)
    git.remove(widget.pk)  # the next test's repository has the same number


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ("push", "push"),
        ("push: {branches: [main, 'v/**']}", "push to main and v/**"),
        ("push: {branches-ignore: [wip]}", "push to branches other than wip"),
        ("push: {tags: ['v*']}", "push of tags v*"),
        ("push: {branches: [main], tags-ignore: [x]}", "push to main or of tags other than x"),
        ("push: {paths: [a, b, c, d, e, f]}", "push, if a, b, c, d and 2 more changed"),
        ("push: {paths-ignore: [docs/**]}", "push, unless only docs/** changed"),
        ("pull_request: {branches: [main], types: [opened]}", "pull requests to main (opened)"),
        ("workflow_run: {workflows: [Lint, Build], types: [completed]}", "runs of Lint and Build (completed)"),
        ("workflow_dispatch", "by hand"),
        ("repository_dispatch: {types: [ship]}", "repository dispatch (ship)"),
    ],
)
def test_triggers_in_words(on: str, said: str) -> None:
    text = f"on: {{{on}}}\n" if ":" in on else f"on: {on}\n"
    found, problems = parser.read(f"{text}jobs:\n  a:\n    runs-on: x\n    steps: [{{run: y}}]\n".encode(), "a.yml")
    assert found is not None, problems
    assert [triggers.words(one) for one in found.on] == [said]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 2 * * *", "daily at 02:00 UTC"),
        ("30 4 * * 1-5", "on weekdays at 04:30 UTC"),
        ("0 9,17 * * MON,THU", "on Mondays and Thursdays at 09:00 and 17:00 UTC"),
        ("0 0 1 * *", "on day 1 of each month at 00:00 UTC"),
        ("*/15 * * * *", "every 15 minutes UTC"),
        ("5 * * * SAT,SUN", "hourly at minute 05 on weekends UTC"),
        ("0 */6 * * *", "every 6 hours at minute 00 UTC"),
        ("7 1-9 * 2 *", "at “7 1-9 * 2 *” UTC"),
        ("nonsense", "at “nonsense” UTC"),
    ],
)
def test_schedules_in_words(line: str, said: str) -> None:
    assert triggers.schedule(line, Line(line).timezone or "UTC") == said


def test_the_page_of_a_workflow(person: Client, ci: Workflow) -> None:
    due = timezone.now() + timedelta(hours=5, minutes=1)
    Schedule.objects.create(repository=ci.repository, workflow=ci, cron="30 4 * * 1-5", zone="UTC", next_due=due)
    page = _text(person.get(PAGE))
    assert "push to main; by hand; on weekdays at 04:30 UTC (next <time" in page
    assert ">in 5 h</time>" in page
    assert 'href="/rosa/widget/blob/main/.github/workflows/ci.yml"' in page
    assert "half within" not in page  # no run yet: nothing to compare
    assert "It starts on push to main" in page
    for number in range(40):
        factories.run(ci, conclusion="failure" if number == 39 else "success")
    factories.run(ci, status="queued")
    answer = person.get(PAGE)
    assert len(answer.context["about"].chart.bars) == 30
    assert "<title>#40: Failed, 1m 30s</title>" in _text(answer)
    assert "<td>#40</td><td>Failed</td><td>1m 30s</td>" in _text(answer)
    assert "Last 30 runs: half within 1m 30s, longest 1m 30s" in _text(answer)


def test_the_page_of_a_workflow_costs_the_same_however_much_ran(person: Client, ci: Workflow) -> None:
    counts = []
    for _ in range(2):
        for number in range(3):
            factories.run(ci, status="queued" if number else "completed")
            factories.workflow(ci.repository, f"w{Run.objects.count()}.yml")
        with CaptureQueriesContext(connection) as found:
            assert person.get(PAGE).status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1] <= 14


def test_a_file_that_starts_nothing_says_why(person: Client, ci: Workflow) -> None:
    repository = ci.repository
    factories.push(repository, {".github/workflows/ci.yml": "on: push\njobz: {}\n"}, "refs/heads/main")
    page = _text(person.get(PAGE))
    assert "This file is not valid on main" in page
    assert ".github/workflows/ci.yml:2:1" in page
    assert 'href="/rosa/widget/blob/main/.github/workflows/ci.yml#L2"' in page
    assert "It can start once its file is valid." in page
    factories.push(repository, {"README": ""}, "refs/heads/main")
    assert "This file is not on main" in _text(person.get(PAGE))
    assert "Run workflow" in _text(person.get(PAGE))  # another branch may have it
    Workflow.objects.update(state="deleted")
    page = _text(person.get(PAGE))
    assert "The file of this workflow is gone" in page
    assert "This file is not on main" not in page  # said once
    assert "Nothing starts it any more." in page


def test_only_what_takes_a_dispatch_has_the_button(person: Client, ci: Workflow) -> None:
    assert f'href="{PAGE}/dispatch"' in _text(person.get(PAGE))
    text = "on: push\njobs: {a: {runs-on: x, steps: [{run: y}]}}\n"
    factories.push(ci.repository, {".github/workflows/ci.yml": text}, "refs/heads/main")
    assert f'href="{PAGE}/dispatch"' not in _text(person.get(PAGE))


def test_the_switch(person: Client, stranger: Client, anyone: Client, ci: Workflow) -> None:
    Schedule.objects.create(
        repository=ci.repository, workflow=ci, cron="30 4 * * 1-5", zone="UTC", next_due=timezone.now()
    )
    for client in (stranger, anyone):
        assert client.post(f"{PAGE}/disable").status_code == 403
        assert "Disable workflow" not in _text(client.get(PAGE))
    assert person.get(f"{PAGE}/disable").status_code == 405
    answer = person.post(f"{PAGE}/disable", headers={"Referer": f"http://testserver{PAGE}?query=is:failure"})
    assert (answer.status_code, answer["Location"]) == (303, f"http://testserver{PAGE}?query=is:failure")
    page = _text(person.get(PAGE))
    assert "This workflow is disabled" in page
    assert "(next" not in page
    assert "Run workflow" not in page
    assert "Enable workflow" not in _text(stranger.get(PAGE))
    assert person.post(f"{PAGE}/enable").status_code == 303
    assert Workflow.objects.get().state == "active"
    Workflow.objects.update(state="deleted")
    assert person.post(f"{PAGE}/enable").status_code == 403


def test_a_pinned_workflow_stands_first(person: Client, stranger: Client, anyone: Client, ci: Workflow) -> None:
    for name, state in (("Alpha", "active"), ("Zeta", "active"), ("Off", "disabled_manually"), ("Idle", "active")):
        factories.workflow(ci.repository, f"{name.lower()}.yml", name=name, state=state)

    def side(client: Client) -> list[str]:
        return [one.workflow.name for one in client.get(LIST).context["side"]]

    usual = ["Alpha", "CI", "Idle", "Zeta", "Off"]
    assert side(person) == usual
    for file in ("zeta.yml", "off.yml"):
        answer = person.post(f"{LIST}/workflows/{file}/pin", headers={"Referer": f"http://testserver{LIST}?query=x"})
        assert (answer.status_code, answer["Location"]) == (303, f"http://testserver{LIST}?query=x")
    assert side(person) == ["Zeta", "Off", "Alpha", "CI", "Idle"]
    assert side(stranger) == side(anyone) == usual
    page = _text(person.get(f"{LIST}/workflows/zeta.yml"))
    assert "Unpin workflow" in page
    assert 'aria-label="Unpin Zeta"' in page
    assert 'aria-label="Pin CI"' in page
    assert "Pin workflow" in _text(stranger.get(PAGE))
    assert "pin" not in _text(anyone.get(PAGE)).split('id="side"')[1].split("</ul>")[0]
    assert person.post(f"{LIST}/workflows/zeta.yml/unpin")["Location"] == f"{LIST}/workflows/zeta.yml"
    assert side(person) == ["Off", "Alpha", "CI", "Idle", "Zeta"]


def test_pins_are_for_those_who_are_logged_in(person: Client, anyone: Client, ci: Workflow) -> None:
    assert anyone.post(f"{PAGE}/pin").status_code == 403
    assert person.get(f"{PAGE}/pin").status_code == 405
    assert person.post(f"{LIST}/workflows/nope.yml/pin").status_code == 404


def test_the_badge_as_text(anyone: Client, ci: Workflow) -> None:
    Workflow.objects.update(name=f"C|I [x] {HOSTILE}")
    answer = anyone.get(f"{PAGE}/badge", {"branch": "a b&c", "event": "push"})
    picture = f"http://127.0.0.1:8000{PAGE}/badge.svg?branch=a+b%26c&event=push"
    markdown, html, rst = (text for _, _, text in answer.context["texts"])
    assert f"]({picture})](http://127.0.0.1:8000{PAGE})" in markdown
    assert markdown.startswith("[![C\\|I \\[x\\] \\<script\\>")
    assert html.count("<img") == 1
    assert "&amp;event=push" in html
    assert "<script>" not in html
    assert f".. image:: {picture}\n   :alt: C|I [x]" in rst
    assert HOSTILE not in _text(answer)
    assert anyone.get(f"{LIST}/workflows/nope.yml/badge").status_code == 404


def test_words_are_looked_for_in_commit_messages_too(person: Client, ci: Workflow) -> None:
    named = factories.run(ci, title="Nightly", head_commit=factories.commit("Repair the Gearbox\n\nIt rattled."))
    factories.run(ci, title="Other")
    for words in ("gearbox", "nightly rattled"):
        assert person.get(LIST, {"query": words}).context["found"].rows == (named,)


def test_the_total_is_exact_up_to_a_thousand(person: Client, ci: Workflow) -> None:
    factories.run(ci)
    Repository.objects.update(run_count=12345)
    assert "12,345 runs" in _text(person.get(LIST))


def test_the_feed_is_that_of_the_page(person: Client, ci: Workflow) -> None:
    factories.run(ci)
    page = _text(person.get(PAGE, {"query": "is:failure branch:main actor:rosa"}))
    assert 'href="/rosa/widget/actions.atom?workflow=ci.yml&amp;branch=main&amp;status=failure"' in page


def test_a_row_offers_what_can_be_done(person: Client, stranger: Client, ci: Workflow) -> None:
    over = factories.run(ci, conclusion="failure", event_name="workflow_dispatch")
    factories.attempt(over)
    going = factories.run(ci, status="in_progress", ref="refs/tags/v1", head_branch="v1")
    rows = _text(person.get(LIST)).split('<li id="run-')[1:]
    for part in ("Cancel run", "Copy link", '<span class="vh">tag </span>'):
        assert part in rows[0], part
    assert "Delete run" not in rows[0]
    assert "Run again with changes" not in rows[0]
    for part in (f"delete?run={over.pk}", f"dispatch?like={over.pk}", "×2", "Re-run all jobs"):
        assert part in rows[1], part
    assert str(going.pk) in rows[0]
    seen = _text(stranger.get(LIST))
    for part in ("Cancel run", "Delete run", "Re-run", "Select</a>", "Run again with changes"):
        assert part not in seen, part


def test_runs_are_deleted_after_a_question(person: Client, stranger: Client, ci: Workflow) -> None:
    runs = [factories.run(ci, title=f"Number {number} {HOSTILE}") for number in range(3)]
    going = factories.run(ci, status="in_progress")
    came_from = f"http://testserver{LIST}?query=branch:main"
    named = {"run": [str(run.pk) for run in (*runs[:2], going)]}
    assert stranger.post(f"{LIST}/delete", named).status_code == 403
    assert stranger.get(f"{LIST}/delete", named).status_code == 403
    asked = person.post(f"{LIST}/delete", {**named, "ask": "1"}, headers={"Referer": came_from})
    assert asked.status_code == 303
    page = person.get(asked["Location"])
    assert Run.objects.count() == 4
    assert "Delete 2 runs?" in _text(page)
    assert "1 of those chosen is not over and stays" in _text(page)
    assert HOSTILE not in _text(page)
    done = person.post(f"{LIST}/delete", {**named, "next": page.context["home"]})
    assert (done.status_code, done["Location"]) == (303, came_from)
    assert set(Run.objects.all()) == {runs[2], going}
    assert Repository.objects.get().run_count == 2


def test_choosing_runs_has_its_limits(person: Client, ci: Workflow) -> None:
    elsewhere = factories.run(factories.workflow(factories.repository()))
    assert person.post(f"{LIST}/delete", {}).status_code == 422
    assert person.post(f"{LIST}/cancel", {"run": ["1"] * 101}).status_code == 422
    answer = person.post(f"{LIST}/delete", {"run": [str(elsewhere.pk), "x", "9" * 30], "next": "https://evil.example/"})
    assert (answer.status_code, answer["Location"]) == (303, LIST)
    assert Run.objects.filter(pk=elsewhere.pk).exists()


def test_runs_are_cancelled_together(person: Client, stranger: Client, ci: Workflow) -> None:
    over = factories.run(ci)
    waiting = [factories.run(ci, status="queued", source=factories.source(FILE)) for _ in range(2)]
    for run in waiting:
        factories.job(run.latest_attempt, "test", status="queued")
    named = {"run": [str(run.pk) for run in (over, *waiting)]}
    assert stranger.post(f"{LIST}/cancel", named).status_code == 403
    assert person.get(f"{LIST}/cancel").status_code == 405
    assert person.post(f"{LIST}/cancel", named).status_code == 303
    found = {run.pk: run.latest_attempt.conclusion for run in Run.objects.select_related("latest_attempt")}
    assert found == {over.pk: "success"} | {run.pk: "cancelled" for run in waiting}


def test_pages_keep_the_boxes(person: Client, ci: Workflow) -> None:
    for _ in range(26):
        factories.run(ci)
    page = person.get(LIST, {"select": "1", "query": "branch:main"})
    assert _text(page).count('type="checkbox" name="run"') == 25
    assert "select=1" in page.context["older"]
    assert page.context["pick"] == f"{LIST}?query=branch%3Amain"


def test_a_form_like_that_of_a_run(person: Client, stranger: Client, rosa: Account, ci: Workflow) -> None:
    given = {"level": "high", "place": "staging", "count": 7, "fast": False}
    environments.get_or_create(ci.repository, "staging")
    run = factories.run(ci, event_name="workflow_dispatch", actor=rosa, contexts={"inputs": given})
    push = factories.run(ci)
    plain = person.get(f"{PAGE}/dispatch")
    assert plain.context["last"] == run
    assert [field.value for field in plain.context["form"].fields] == ["low", "", "3", "true"]
    again = person.get(f"{PAGE}/dispatch", {"like": run.pk})
    assert [field.value for field in again.context["form"].fields] == ["high", "staging", "7", "false"]
    assert again.context["last"] is None
    assert person.get(f"{PAGE}/dispatch", {"like": push.pk}).status_code == 404
    Collaborator.objects.create(repository=ci.repository, user=Account.objects.get(login="bea"), right=Right.WRITE)
    assert stranger.get(f"{PAGE}/dispatch").context["last"] is None


def test_commands_to_copy(person: Client, ci: Workflow) -> None:
    page = person.get(f"{PAGE}/dispatch", {"input.level": "high", "input.count": "it's 4"})
    curl, gh = page.context["commands"]
    assert "http://127.0.0.1:8000/api/v3/repos/rosa/widget/actions/workflows/ci.yml/dispatches" in curl.text
    said = '{"ref":"main","inputs":{"level":"high","count":"it\'"\'"\'s 4","fast":"true"}}'
    assert curl.text.endswith(f"-d '{said}'")
    assert gh.text == (
        "GH_HOST=127.0.0.1:8000 gh workflow run ci.yml -R rosa/widget --ref main"
        " -f level=high -f 'count=it'\"'\"'s 4' -f fast=true"
    )


@pytest.mark.parametrize(
    ("values", "blamed"),
    [
        ({"input.level": "other"}, {"level": "Choose one of low, high."}),
        ({"input.place": "moon", "input.count": "many"}, {"place": "“moon”", "count": "Give a number"}),
    ],
)
def test_a_wrong_value_is_said_beside_its_field(
    person: Client, ci: Workflow, values: dict[str, str], blamed: dict[str, str]
) -> None:
    answer = person.post(f"{PAGE}/dispatch", {"ref": "main", "sent": "1", **values})
    assert answer.status_code == 422
    found = {field.input.name: field.error for field in answer.context["form"].errors}
    assert found.keys() == blamed.keys()
    assert all(said in found[name] for name, said in blamed.items())
    assert 'id="errors"' in _text(answer)


def test_a_broken_file_shows_the_place(person: Client, ci: Workflow) -> None:
    text = f"on:\n  workflow_dispatch:\n# {HOSTILE}\njobz: {{}}\n"
    factories.push(ci.repository, {".github/workflows/ci.yml": text}, "refs/heads/broken")
    page = _text(person.get(f"{PAGE}/dispatch", {"ref": "broken"}))
    assert "is not valid on “broken”" in page
    assert 'href="/rosa/widget/blob/broken/.github/workflows/ci.yml#L4">.github/workflows/ci.yml:4:1</a>' in page
    assert 'hit" data-n="4">jobz: {}' in page
    assert HOSTILE not in page
    assert "There is no branch or tag “nope”" in _text(person.get(f"{PAGE}/dispatch", {"ref": "nope"}))
