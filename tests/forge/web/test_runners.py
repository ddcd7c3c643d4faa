"""The page of the runners: what it shows, to whom, and that it stays right."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forge.accounts import users
from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.actions.models import Claim
from forge.repos.models import Repository
from forge.runners import groups, labels
from forge.runners.group_settings import Settings
from forge.runners.models import Runner
from forge.web.runners import RunnersSource
from tests import factories


@pytest.fixture
def acme(rosa: Account) -> Account:
    return users.create_organization("acme", rosa)


def _text(answer: Any) -> str:
    assert answer.status_code == 200
    text: str = answer.content.decode()
    return text


def test_what_they_are_and_do(person: Client, acme: Account) -> None:
    big = groups.create(Actor.for_session(acme), acme, Settings("big <b>"))
    now = timezone.now()
    idle = factories.runner("idle-one", owner=acme, group=big, labels=["gpu<i>"], last_seen_at=now, version="1.2")
    factories.runner("gone-one", owner=acme)
    busy = factories.runner("busy-one", owner=acme, last_seen_at=now, ephemeral=True)
    of_run = factories.run(factories.workflow(factories.repository(acme)), status="in_progress").latest_attempt
    job = factories.job(of_run, status="in_progress", runner=busy)  # type: ignore[arg-type]
    Claim.objects.create(job=job, runner=busy, epoch=1, request_key="k", lease_expires_at=now)
    text = _text(person.get("/-/organizations/acme/runners"))
    for shown in (
        "idle-one",
        ">idle<",
        ">busy<",
        ">offline<",
        "group big &lt;b&gt;",
        "gpu&lt;i&gt;",
        "version 1.2",
        "X64",
    ):
        assert shown in text, shown
    assert text.count("group Default</div>") == 2
    assert "never heard from" in text
    assert "/-/organizations/acme/runners" in _text(person.get("/acme"))
    labels.replace(Actor.for_session(acme), Runner.objects.get(pk=idle.pk), ["other"])
    assert "gpu" not in _text(person.get("/-/organizations/acme/runners"))


def test_of_a_repository(person: Client, widget: Repository) -> None:
    factories.runner("mine", repository=widget)
    factories.runner("of-the-site")
    text = _text(person.get("/rosa/widget/settings/runners"))
    assert "mine" in text
    assert "of-the-site" not in text


def test_who_may_see_them(person: Client, stranger: Client, widget: Repository, acme: Account) -> None:
    for address in ("/rosa/widget/settings/runners", "/-/organizations/acme/runners"):
        assert stranger.get(address).status_code == 403
        assert Client().get(address).status_code == 403
        assert stranger.get(f"{address}/events").status_code == 404
    assert person.get("/-/organizations/rosa/runners").status_code == 404
    assert person.get("/-/organizations/nobody/runners").status_code == 404
    assert "/-/organizations" not in _text(stranger.get("/acme"))


def test_as_many_queries_for_many(person: Client, widget: Repository) -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            factories.runner(repository=widget)
        with CaptureQueriesContext(connection) as seen:
            _text(person.get("/rosa/widget/settings/runners"))
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_the_stream_tells_what_changed(widget: Repository) -> None:
    runner = factories.runner("box", repository=widget)
    source = RunnersSource({"repository": widget})
    assert source.look().messages == ()
    assert source.look().messages == ()
    for change in ({"last_seen_at": timezone.now()}, {"labels": ["new"]}, {"left_at": timezone.now()}):
        Runner.objects.filter(pk=runner.pk).update(**change)
        assert [message.name for message in source.look().messages] == ["state"]
        assert source.look().messages == ()
