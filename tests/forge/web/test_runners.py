"""The page of the runners: what it shows, to whom, and that it stays right."""

from __future__ import annotations

import re
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
from forge.runners.models import RegistrationToken, Runner
from forge.web.runners import RunnersSource, Scope
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
    assert text.count("group Default ·") == 2
    assert "never heard from" in text
    assert "/-/organizations/acme/runners" in _text(person.get("/acme"))
    labels.replace(Actor.for_session(acme), Runner.objects.get(pk=idle.pk), ["other"])
    assert "gpu" not in _text(person.get("/-/organizations/acme/runners"))


def test_of_a_repository(person: Client, widget: Repository) -> None:
    factories.runner("mine", repository=widget)
    factories.runner("of-the-site")
    text = _text(person.get("/rosa/widget/settings/runners"))
    assert text.index("mine") < text.index("of-the-site")  # its own first
    assert "of the site" in text
    assert text.count("Remove for good") == 1


def test_those_of_wider_scopes_that_serve_it(person: Client, rosa: Account, acme: Account) -> None:
    repository = factories.repository(acme, "tool")
    factories.runner("open-one", owner=acme)
    closed = groups.create(Actor.for_session(rosa), acme, Settings("closed", visibility="selected"))
    factories.runner("closed-one", owner=acme, group=closed)
    factories.runner("of-another", repository=factories.repository(acme, "other"))
    busy = factories.runner("busy-site", last_seen_at=timezone.now())
    secret = factories.repository(factories.account("zoe"), "hidden-name", private=True)
    for number, (where, word) in enumerate(((secret, "their-job"), (repository, "our-job"))):
        attempt = factories.run(factories.workflow(where), status="in_progress").latest_attempt
        job = factories.job(attempt, word, status="in_progress", runner=busy)  # type: ignore[arg-type]
        Claim.objects.create(job=job, runner=busy, epoch=1, request_key=f"k{number}", lease_expires_at=timezone.now())
    text = _text(person.get("/acme/tool/settings/runners"))
    assert "open-one" in text
    for hidden in ("closed-one", "of-another", "their-job", "hidden-name"):
        assert hidden not in text
    assert ">our-job</a>" in text
    assert "1 job of other repositories" in text


def test_one_comes_in_is_drained_and_goes(person: Client, widget: Repository, rosa: Account) -> None:
    base = "/rosa/widget/settings/runners"
    answer = person.post(f"{base}/new")
    token = answer.context["token"]
    assert answer["Cache-Control"] == "no-store"
    assert f"--token {token}" in _text(answer)
    wheel = re.search(r"pip install http[^/]*//[^/]+(/-/downloads/\S+\.whl)", _text(answer))
    assert wheel is not None
    assert Client().get(wheel[1]).status_code == 200
    assert token not in _text(person.get(base))
    assert RegistrationToken.objects.get().repository == widget
    runner = factories.runner("box", repository=widget, last_seen_at=timezone.now())
    assert person.post(f"{base}/{runner.pk}/drain", {"draining": "1"}).status_code == 303
    assert ">draining<" in _text(person.get(base))
    assert person.post(f"{base}/{runner.pk}/drain", {"draining": "0"}).status_code == 303
    assert ">idle<" in _text(person.get(base))
    job = factories.job(factories.run(factories.workflow(widget), status="in_progress").latest_attempt, runner=runner)  # type: ignore[arg-type]
    claim = Claim.objects.create(job=job, runner=runner, epoch=1, request_key="k", lease_expires_at=timezone.now())
    refused = person.post(f"{base}/{runner.pk}/remove")
    assert refused.status_code == 422
    assert "currently running a job" in refused.content.decode()
    claim.delete()
    assert person.post(f"{base}/{runner.pk}/remove").status_code == 303
    assert "No runner yet" in _text(person.get(base))
    assert person.post(f"{base}/{runner.pk}/remove").status_code == 404
    site = factories.runner("of-the-site")
    assert person.post(f"{base}/{site.pk}/remove").status_code == 404
    assert person.get("/-/admin/runners").status_code == 404
    Account.objects.filter(pk=rosa.pk).update(is_site_admin=True)
    assert "of-the-site" in _text(person.get("/-/admin/runners"))
    assert person.post(f"/-/admin/runners/{site.pk}/drain").status_code == 303


def test_who_may_see_them(person: Client, stranger: Client, widget: Repository, acme: Account) -> None:
    for address in ("/rosa/widget/settings/runners", "/-/organizations/acme/runners"):
        assert stranger.get(address).status_code == 403
        assert stranger.post(f"{address}/new").status_code == 403
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
    source = RunnersSource(Scope("", repository=widget))
    assert source.look().messages == ()
    assert source.look().messages == ()
    for change in ({"last_seen_at": timezone.now()}, {"labels": ["new"]}, {"left_at": timezone.now()}):
        Runner.objects.filter(pk=runner.pk).update(**change)
        assert [message.name for message in source.look().messages] == ["state"]
        assert source.look().messages == ()
