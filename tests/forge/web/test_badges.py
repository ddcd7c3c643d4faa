"""Badges: which word, for whom, and as the programs that read them expect."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from django.test import Client

from forge.accounts.models import Account
from forge.actions.models import Workflow
from forge.repos.models import Repository
from tests import factories

URL = "/octo/hello/actions/workflows/ci.yml/badge.svg"


@pytest.fixture
def repository(db: None) -> Repository:
    return factories.repository(factories.account("octo"), "hello")


@pytest.fixture
def workflow(repository: Repository) -> Workflow:
    return factories.workflow(repository)


def title(answer: Any) -> str:
    """The title of a well-formed picture of the height that every badge has."""
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml; charset=utf-8")
    root = ElementTree.fromstring(answer.content)
    assert root.get("height") == "20"
    found = root.findtext("{http://www.w3.org/2000/svg}title")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("runs", "query", "word"),
    [
        ([], "", "no status"),
        ([("main", "push", "success")], "", "passing"),
        ([("main", "push", "neutral")], "", "passing"),
        ([("main", "push", "success"), ("main", "push", "failure")], "", "failing"),
        ([("main", "push", "failure"), ("main", "push", "success")], "", "passing"),
        ([("main", "push", "timed_out")], "", "failing"),
        ([("main", "push", "startup_failure")], "", "failing"),
        ([("main", "push", "failure"), ("main", "push", "cancelled"), ("main", "push", "skipped")], "", "failing"),
        ([("main", "push", "success"), ("main", "push", None)], "", "passing"),
        ([("main", "push", None)], "", "no status"),
        ([("main", "push", "success"), ("topic", "push", "failure")], "", "passing"),
        ([("topic", "push", "failure")], "", "failing"),
        ([("main", "push", "cancelled"), ("topic", "push", "failure")], "", "no status"),
        ([("main", "push", "success"), ("topic", "push", "failure")], "branch=topic", "failing"),
        ([("main", "push", "success")], "branch=other", "no status"),
        ([("main", "schedule", "success"), ("main", "push", "failure")], "event=schedule", "passing"),
        ([("main", "schedule", "success"), ("topic", "push", "failure")], "event=push", "failing"),
        ([("main", "push", "failure")], "event=schedule&branch=main", "no status"),
    ],
)
def test_the_word(workflow: Workflow, runs: list[tuple[str, str, str | None]], query: str, word: str) -> None:
    for branch, event, conclusion in runs:
        status = "completed" if conclusion else "in_progress"
        factories.run(workflow, head_branch=branch, event_name=event, status=status, conclusion=conclusion)
    assert title(Client().get(f"{URL}?{query}")) == f"CI - {word}"


def test_other_workflows_say_nothing(workflow: Workflow) -> None:
    factories.run(factories.workflow(workflow.repository, "other.yml", name="Other"), conclusion="failure")
    assert title(Client().get(URL)) == "CI - no status"


@pytest.mark.parametrize("name", ["CI", "build / test & <deploy>", "größe 漢字", "100%", "-", "x" * 300])
def test_the_address_that_the_api_gives(workflow: Workflow, name: str) -> None:
    workflow.name = name[:255]
    workflow.save()
    factories.run(workflow)
    api = Client().get("/api/v3/repos/octo/hello/actions/workflows/ci.yml").json()
    found = title(Client().get(urlsplit(api["badge_url"]).path))
    assert found == title(Client().get(URL))
    assert found.rsplit(" - ", 1)[1] == "passing"


def test_the_last_text_before_the_icon_is_the_word(workflow: Workflow) -> None:
    body = Client().get(URL).content.decode()
    assert re.findall(r">([^<>]+)</tspan></text></g><path", body) == ["no status"]


def test_a_name_of_every_kind(workflow: Workflow) -> None:
    Workflow.objects.update(name="<b>\u202egnp\x1b[31m\x1b]8;;https://evil.example\x07&")
    body = Client().get(URL).content.decode()
    assert body.count("&lt;b&gt;[U+202E]gnp&amp;") == 3
    assert re.search("[\u202e\x1b]|evil", body) is None


def test_it_is_asked_for_again_and_not_sent_again(workflow: Workflow) -> None:
    first = Client().get(URL)
    assert first["Cache-Control"] == "no-cache"
    again = Client().get(URL, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    factories.run(workflow)
    assert Client().get(URL, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_who_sees_it(workflow: Workflow) -> None:
    repository = workflow.repository
    repository.private = True
    repository.save()
    owner, stranger = Client(), Client()
    owner.force_login(Account.objects.get(login="octo"))
    stranger.force_login(factories.account("bea"))
    for path in (URL, "/octo/hello/workflows/CI/badge.svg"):
        assert Client().get(path).status_code == stranger.get(path).status_code == 404
        seen = owner.get(path)
        assert (title(seen), seen["Cache-Control"]) == ("CI - no status", "private, no-cache")


@pytest.mark.parametrize(
    "path",
    [
        "/octo/hello/actions/workflows/none.yml/badge.svg",
        "/octo/hello/workflows/None/badge.svg",
        "/octo/none/actions/workflows/ci.yml/badge.svg",
        "/none/hello/workflows/CI/badge.svg",
    ],
)
def test_what_there_is_not(workflow: Workflow, path: str) -> None:
    assert Client().get(path).status_code == 404


def test_it_is_only_read(workflow: Workflow) -> None:
    assert Client().head(URL).status_code == 200
    assert Client().post(URL).status_code == 405
