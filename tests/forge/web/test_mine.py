"""The page of a person's runs over all repositories, and of the reviews that it is asked for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.actions import wakeup
from forge.actions.models import PendingDeployment, Run
from forge.actions.queries import mine
from forge.environments.models import Environment, Reviewer
from forge.repos.models import Repository
from tests import factories
from tests.plans import plan


def test_what_failed_comes_first(person: Client, stranger: Client, rosa: Account, widget: Repository) -> None:
    assert "No run yet" in person.get("/-/actions/mine").content.decode()
    other = factories.repository(factories.account("zoe"), "tool")
    hidden = factories.repository(factories.account("max"), "secret-one", private=True)
    for title, where, conclusion in (
        ("old-bad", other, "failure"),
        ("good", widget, "success"),
        ("unseen", hidden, "failure"),
    ):
        factories.run(factories.workflow(where), title=title, conclusion=conclusion, actor=rosa)
    factories.run(factories.workflow(widget, "b.yml"), title="under-way", status="in_progress", actor=rosa)
    factories.run(factories.workflow(widget, "c.yml"), title="of-somebody", actor=stranger.get("/").context["user"])
    text = person.get("/-/actions/mine").content.decode()
    places = [text.index(f">{title}<") for title in ("old-bad", "under-way", "good")]
    assert places == sorted(places)
    for title in ("unseen", "secret-one", "of-somebody"):
        assert title not in text
    assert "old-bad" not in stranger.get("/-/actions/mine").content.decode()
    assert Client().get("/-/actions/mine")["Location"] == "/login?next=/-/actions/mine"


def test_the_tab_says_how_the_newest_stands(person: Client, rosa: Account, widget: Repository) -> None:
    def title(address: str = "/-/actions/mine") -> str:
        text = person.get(address).content.decode()
        return text.split("<title>")[1].split("</title>")[0]

    assert title() == "My runs · Forge"
    ci = factories.workflow(widget)
    factories.run(ci, conclusion="failure", actor=rosa)
    page = person.get("/-/actions/mine").content.decode()
    assert '<span id="mark" class="st s-failure" data-live hidden>' in page
    assert title() == "Failed: My runs · Forge"
    assert title("/rosa/widget/actions/workflows/ci.yml") == "Failed: CI · Runs · rosa/widget"
    going = [factories.run(ci, status="in_progress", actor=rosa) for _ in range(2)]
    factories.run(ci, actor=rosa)
    assert title() == "2 running: My runs · Forge"
    assert title("/rosa/widget/actions") == "2 running: Runs · rosa/widget"
    assert title(f"/rosa/widget/actions?after={going[0].pk}") == "Runs · rosa/widget"


def test_reviews_that_may_be_given(person: Client, stranger: Client, rosa: Account, widget: Repository) -> None:
    environment = Environment.objects.create(repository=widget, name="prod", prevent_self_review=True)
    Reviewer.objects.create(environment=environment, user=rosa)

    def hold(title: str, starter: Account | None) -> None:
        run = factories.run(factories.workflow(widget, f"{title}.yml"), status="waiting", title=title, actor=starter)
        attempt = run.latest_attempt
        assert attempt is not None
        type(attempt).objects.filter(pk=attempt.pk).update(triggering_actor=starter)
        job = factories.job(attempt, "deploy", status="waiting")
        PendingDeployment.objects.create(job=job, run=run, environment=environment, environment_name="prod")

    def count() -> int:
        with CaptureQueriesContext(connection) as found:
            person.get("/-/actions/mine")
        return len(found)

    hold("theirs", None)
    hold("my-own", rosa)
    answer = person.get("/-/actions/mine")
    assert "Waiting for your review" in answer.content.decode()
    assert [row.run.title for row in answer.context["reviews"]] == ["theirs"]
    assert "Waiting for your review" not in stranger.get("/-/actions/mine").content.decode()
    before = count()
    hold("one-more", None)
    assert count() == before


def test_each_question_has_its_index(rosa: Account, widget: Repository) -> None:
    factories.run(factories.workflow(widget), actor=rosa)
    actor = Actor.for_session(rosa)
    started = plan(*mine._started(actor)[: mine.RUNS].query.sql_with_params())
    assert "run_of_actor" in started, started
    assert "B-TREE FOR ORDER BY" not in started, started
    asked = plan(*mine._asked(actor)[: mine.REVIEWS].query.sql_with_params())
    # By what the person reviews, or among the few that wait at all; never along all that ever waited.
    assert "deployment_of_environment" in asked or "deployment_waiting" in asked, asked
    assert "actions_pendingdeployment_pkey" not in asked, asked


async def _next(answer: Any) -> str:
    async for piece in answer.streaming_content:
        if b"event: state" in piece:
            return str(piece.decode())
    return ""


@pytest.mark.django_db(transaction=True)
async def test_a_person_s_runs_are_told_and_no_others(rosa: Account, other: Account, widget: Repository) -> None:
    def begin(actor: Account) -> Run:
        return factories.run(factories.workflow(widget, f"{actor.login}.yml"), status="in_progress", actor=actor)

    def happened(run: Run) -> None:
        wakeup.run_changed(run.pk, run.repository_id, run.actor_id)

    runs = [await sync_to_async(begin)(one) for one in (rosa, other)]
    client = AsyncClient()
    assert (await client.get("/-/actions/mine/events")).status_code == 404
    await client.aforce_login(rosa)
    waiting = asyncio.ensure_future(_next(await client.get("/-/actions/mine/events")))
    await asyncio.sleep(0.3)  # it has begun to listen
    await sync_to_async(happened)(runs[1])
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await sync_to_async(happened)(runs[0])
    assert '"kind":"runs"' in await asyncio.wait_for(waiting, 10)


@pytest.mark.django_db(transaction=True)
async def test_whoever_may_review_hears_of_the_repository(rosa: Account, other: Account, widget: Repository) -> None:
    def prepare() -> Run:
        environment = Environment.objects.create(repository=widget, name="prod")
        Reviewer.objects.create(environment=environment, user=rosa)
        run = factories.run(factories.workflow(widget), status="waiting", actor=other)
        assert run.latest_attempt is not None
        job = factories.job(run.latest_attempt, "deploy", status="waiting")
        before = mine.mark(Actor.for_session(rosa))
        PendingDeployment.objects.create(job=job, run=run, environment=environment, environment_name="prod")
        assert mine.mark(Actor.for_session(rosa)) != before
        return run

    run = await sync_to_async(prepare)()
    client = AsyncClient()
    await client.aforce_login(rosa)
    waiting = asyncio.ensure_future(_next(await client.get("/-/actions/mine/events")))
    await asyncio.sleep(0.3)
    await sync_to_async(wakeup.run_changed)(run.pk, run.repository_id, run.actor_id)
    assert await asyncio.wait_for(waiting, 10)
