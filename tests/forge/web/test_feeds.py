"""The feed of runs as readers fetch it: what it holds, who may read it, and when it has not changed."""

from __future__ import annotations

import base64
import re
from calendar import timegm
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree

import feedparser
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from forge.accounts.models import Account
from forge.actions.models import RunAttempt, Workflow
from forge.actions.queries import runs as queries
from forge.repos import feed_tokens
from forge.repos.models import Collaborator, FeedToken, Repository, Right
from tests import factories

URL = "/octo/hello/actions.atom"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def owner(db: None) -> Account:
    return factories.account("octo")


@pytest.fixture
def repository(owner: Account) -> Repository:
    return factories.repository(owner, "hello")


@pytest.fixture
def private(repository: Repository) -> Repository:
    repository.private = True
    repository.save()
    return repository


@pytest.fixture
def workflow(repository: Repository) -> Workflow:
    return factories.workflow(repository)


def read(answer: Any) -> Any:
    """The feed as a reader understands it; it must find nothing wrong."""
    assert answer.status_code == 200, answer.content
    found = feedparser.parse(answer.content, response_headers={"content-type": answer["Content-Type"]})
    assert found.bozo == 0, found.get("bozo_exception")
    return found


def basic(password: str, name: str = "octo") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def test_a_reader_sees_the_run(client: Client, workflow: Workflow) -> None:
    run = factories.run(workflow, conclusion="failure", title="Add <b> & more", head_branch="topic/x")
    answer = client.get(URL)
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    found = read(answer)
    assert found.version == "atom10"
    assert found.feed.id == "tag:127.0.0.1,2026:octo/hello/actions"
    assert {(link.rel, link.type, link.href) for link in found.feed.links} == {
        ("self", "application/atom+xml", f"{settings.PUBLIC_URL}{URL}"),
        ("alternate", "text/html", f"{settings.PUBLIC_URL}/octo/hello/actions"),
    }
    assert found.feed.author == "octo"
    (entry,) = found.entries
    assert entry.id == f"tag:127.0.0.1,2026:octo/hello/actions/runs/{run.pk}/attempts/1"
    assert entry.link == f"{settings.PUBLIC_URL}/octo/hello/actions/runs/{run.pk}"
    assert entry.title == "CI #1: Add <b> & more (failure)"
    assert entry.author == "octo"
    for word in ("CI", "push", "topic/x", run.head_sha, "completed", "failure"):
        assert word in entry.summary
    assert {tag.term for tag in entry.tags} == {"completed", "failure"}
    attempt = queries.latest(run)
    assert timegm(entry.published_parsed) == int(attempt.started_at.timestamp())
    assert timegm(entry.updated_parsed) == int(attempt.updated_at.timestamp())
    assert found.feed.updated == entry.updated


def test_a_run_that_goes_on_keeps_its_id_and_an_attempt_has_its_own(client: Client, workflow: Workflow) -> None:
    run = factories.run(workflow, status="in_progress")
    (before,) = read(client.get(URL)).entries
    RunAttempt.objects.update(status="completed", conclusion="success", updated_at=factories.START + timedelta(hours=1))
    (after,) = read(client.get(URL)).entries
    assert (before.id == after.id, before.updated < after.updated) == (True, True)
    factories.attempt(run)
    (again,) = read(client.get(URL)).entries
    assert again.id.endswith(f"/runs/{run.pk}/attempts/2")
    assert "attempt 2" in again.title


def test_the_last_fifty_newest_first_and_no_two_of_one_instant(client: Client, workflow: Workflow) -> None:
    same = factories.START
    made = [factories.run(workflow, attempt={"updated_at": same}).pk for _ in range(52)]
    found = read(client.get(URL))
    assert [int(entry.id.split("/")[-3]) for entry in found.entries] == made[:1:-1]
    assert len({entry.updated for entry in found.entries}) == 50


def test_an_empty_feed_is_one_too(client: Client, repository: Repository) -> None:
    found = read(client.get(URL))
    assert found.entries == []
    assert timegm(found.feed.updated_parsed) == int(repository.created_at.timestamp())
    assert client.get(URL).content == client.get(URL).content


HOSTILE = "a\x00b\x08c\x1b[31m\x0bd\ufffe\ud800 ]]> <script>alert(1)</script> &amp; \u202e\U0001f600"


def test_texts_of_every_kind(client: Client, workflow: Workflow) -> None:
    text = HOSTILE.replace("\x00", "").replace("\ud800", "")  # neither can be stored
    run = factories.run(workflow, title=text, head_branch=text, head_commit=factories.commit(text))
    (entry,) = read(client.get(URL)).entries
    assert "alert(1)" in entry.title
    assert "[U+202E]" in entry.title
    assert re.search("[\u202e\x1b]|\\[31m", client.get(URL).content.decode()) is None
    assert "<script" not in entry.summary
    root = ElementTree.fromstring(client.get(URL).content)
    summary = root.findtext(f"{ATOM}entry/{ATOM}summary", "")
    assert "&lt;script&gt;" in summary
    assert run.pk


def test_the_self_link_is_the_address_fetched(client: Client, workflow: Workflow) -> None:
    address = f"{URL}?branch=a%20b&event=push"
    root = ElementTree.fromstring(client.get(address).content)
    found = [link.get("href") for link in root.findall(f"{ATOM}link") if link.get("rel") == "self"]
    assert found == [f"{settings.PUBLIC_URL}{address}"]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["rare", "usual"]),
        ("workflow=lint.yml", ["rare"]),
        ("workflow=LINT", ["rare"]),
        ("workflow=none.yml", []),
        ("branch=topic", ["rare"]),
        ("event=workflow_dispatch", ["rare"]),
        ("status=failure", ["rare"]),
        ("status=completed&branch=main", ["usual"]),
        ("status=nonsense", []),
    ],
)
def test_filters(client: Client, repository: Repository, workflow: Workflow, query: str, titles: list[str]) -> None:
    factories.run(workflow, title="usual")
    lint = factories.workflow(repository, "lint.yml", name="Lint")
    factories.run(lint, title="rare", head_branch="topic", event_name="workflow_dispatch", conclusion="failure")
    found = read(client.get(f"{URL}?{query}"))
    assert [entry.title.split(": ")[1].split(" ")[0] for entry in found.entries] == titles


def test_conditional_requests(client: Client, workflow: Workflow) -> None:
    factories.run(workflow)
    first = client.get(URL)
    etag, changed = first["ETag"], first["Last-Modified"]
    assert set(first["Vary"].split(", ")) >= {"Accept", "Authorization", "Cookie"}
    feed = feedparser.parse(first.content).feed
    assert parsedate_to_datetime(changed).timestamp() == timegm(feed.updated_parsed)
    for headers in ({"If-None-Match": etag}, {"If-None-Match": f'"x", W/{etag}'}, {"If-Modified-Since": changed}):
        again = client.get(URL, headers=headers)
        assert (again.status_code, again.content) == (304, b""), headers
        assert again["ETag"] == etag
    old = "Thu, 01 Jan 2026 00:00:00 GMT"
    assert client.get(URL, headers={"If-Modified-Since": old}).status_code == 200
    # The stronger condition wins.
    both = client.get(URL, headers={"If-None-Match": '"other"', "If-Modified-Since": changed})
    assert both.status_code == 200
    factories.run(workflow)
    assert client.get(URL, headers={"If-None-Match": etag}).status_code == 200


def test_only_reading(client: Client, repository: Repository) -> None:
    assert client.head(URL).status_code == 200
    assert client.post(URL).status_code == 405


def test_a_private_feed_is_for_those_who_may_read(client: Client, owner: Account, private: Repository) -> None:
    stranger, guest = factories.account("stranger"), factories.account("guest")
    Collaborator.objects.create(repository=private, user=guest, right=Right.READ)
    nothing = client.get("/octo/nothing/actions.atom")
    refused = client.get(URL)
    assert (refused.status_code, refused.content) == (nothing.status_code, nothing.content) == (404, b"Not Found\n")
    assert client.get(URL, headers=basic(factories.token(stranger))).status_code == 404
    assert client.get(URL, headers=basic("shp_wrong")).status_code == 401
    assert client.get(URL, headers={"Authorization": "Basic ???"}).status_code == 401
    assert client.get(URL, headers=basic(factories.token(owner, "user:read"))).status_code == 404
    elsewhere = factories.token(owner, "repo", repository_id=factories.repository(owner).pk)
    assert client.get(URL, headers=basic(elsewhere)).status_code == 404
    text = factories.token(guest, "repo:read")
    for headers in (basic(text), {"Authorization": f"Bearer {text}"}, {"Authorization": f"token {text}"}):
        read(client.get(URL, headers=headers))
    client.force_login(guest)
    read(client.get(URL))


def test_a_feed_token_reads_this_feed_and_nothing_else(client: Client, owner: Account, private: Repository) -> None:
    text = feed_tokens.renew(owner, private)
    assert text not in str(FeedToken.objects.values().get())
    read(client.get(f"{URL}?token={text}"))
    read(client.get(URL, headers=basic(text)))
    other = factories.repository(owner, "other", private=True)
    assert client.get(f"/octo/other/actions.atom?token={text}").status_code == 404
    for path in ("/octo/hello/actions", f"/api/v3/repos/{private.full_name}/actions/runs", "/octo/hello"):
        assert client.get(f"{path}?token={text}").status_code == 404, path
        assert client.get(path, headers={"Authorization": f"token {text}"}).status_code in (401, 404), path
    assert other.pk


def test_a_feed_token_ends(client: Client, owner: Account, private: Repository) -> None:
    guest = factories.account("guest")
    place = Collaborator.objects.create(repository=private, user=guest, right=Right.READ)
    old = feed_tokens.renew(guest, private)
    new = feed_tokens.renew(guest, private)
    assert client.get(f"{URL}?token={old}").status_code == 401
    read(client.get(f"{URL}?token={new}"))
    place.delete()  # the right is asked for again at every use
    assert client.get(f"{URL}?token={new}").status_code == 404
    assert feed_tokens.revoke(guest, private) is True
    assert client.get(f"{URL}?token={new}").status_code == 401
    last = feed_tokens.renew(owner, private)
    private.deleted_at = timezone.now()
    private.save()
    assert client.get(f"{URL}?token={last}").status_code == 404


def test_the_api_gives_a_feed_address_and_takes_it_back(client: Client, owner: Account, private: Repository) -> None:
    api, headers = "/api/v3/repos/octo/hello/actions/feed-token", {"Authorization": f"token {factories.token(owner)}"}
    given = client.post(api, headers=headers, content_type="application/json")
    assert given.status_code == 201
    address = given.json()["url"].removeprefix(settings.PUBLIC_URL)
    read(client.get(address))
    assert client.delete(api, headers=headers).status_code == 204
    assert client.get(address).status_code == 401


@pytest.mark.parametrize("size", [2, 20])
def test_a_feed_costs_the_same_however_long(
    client: Client, repository: Repository, size: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    for number in range(size):
        factories.run(factories.workflow(repository, f"{number}.yml"), actor=factories.account())
    with django_assert_num_queries(2):  # the repository and the runs
        assert len(read(client.get(URL)).entries) == size
