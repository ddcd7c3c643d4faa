"""The page of a person's runs over all repositories, and of the reviews that it is asked for."""

from __future__ import annotations

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from forge.accounts.models import Account
from forge.actions.models import PendingDeployment
from forge.environments.models import Environment, Reviewer
from forge.repos.models import Repository
from tests import factories


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
