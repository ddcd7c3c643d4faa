"""Artifacts over the API: lists, one, its bytes behind a signed address, its end."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forge.accounts.models import Account
from forge.actions.models import Job
from forge.artifacts import keeping
from forge.artifacts.models import Artifact
from forge.artifacts.storage import storage
from forge.repos.models import Collaborator, Repository, Right
from tests import factories
from tests.forge.api import official

R = "/api/v3/repos/octo/hello/actions"
O = "/repos/{owner}/{repo}/actions"  # noqa: E741 - as R, in the official description
ZIP = b"PK\x05\x06" + bytes(18)


@pytest.fixture
def job(repository: Repository) -> Job:
    return factories.job(factories.run(factories.workflow(repository)).latest_attempt)


def names(client: Client, path: str) -> list[str]:
    return [one["name"] for one in client.get(f"{R}/{path}").json()["artifacts"]]


def test_lists_and_one(client: Client, job: Job) -> None:
    for name in ("first", "second", "third"):
        factories.artifact(job, name)
    shown = client.get(f"{R}/artifacts")
    official.check(shown.json(), f"{O}/artifacts")
    assert names(client, "artifacts") == ["third", "second", "first"]
    assert names(client, "artifacts?name=second") == ["second"]
    assert names(client, "artifacts?name=sec") == []
    cut = client.get(f"{R}/artifacts?per_page=1&page=2")
    assert (cut.json()["total_count"], [one["name"] for one in cut.json()["artifacts"]]) == (3, ["second"])
    assert 'rel="next"' in cut["Link"]
    of_run = f"runs/{job.run_id}/artifacts"
    official.check(client.get(f"{R}/{of_run}").json(), f"{O}/runs/{{run_id}}/artifacts")
    assert names(client, of_run) == ["third", "second", "first"]
    assert names(client, f"{of_run}?direction=asc") == ["first", "second", "third"]
    assert names(client, f"{of_run}?name=first") == ["first"]
    assert client.get(f"{R}/{of_run}?direction=up").status_code == 422
    one = shown.json()["artifacts"][0]
    alone = client.get(urlsplit(one["url"]).path).json()
    official.check(alone, f"{O}/artifacts/{{artifact_id}}")
    assert alone == one
    assert alone["digest"] == f"sha256:{hashlib.sha256(ZIP).hexdigest()}"
    assert alone["workflow_run"]["id"] == job.run_id
    assert (alone["size_in_bytes"], alone["expired"]) == (len(ZIP), False)


def test_a_list_asks_the_database_as_often_for_many_as_for_few(client: Client, job: Job) -> None:
    client.get(f"{R}/artifacts")  # a token's first use is written down
    counts = []
    for number in range(6):
        factories.artifact(job, f"a{number}")
        if number in (0, 5):
            with CaptureQueriesContext(connection) as asked:
                client.get(f"{R}/artifacts")
            counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_bytes(client: Client, job: Job) -> None:
    made = factories.artifact(job, "my files/…")
    answer = client.get(f"{R}/artifacts/{made.pk}/zip")
    assert answer.status_code == 302
    path = urlsplit(answer["Location"]).path
    found = Client().get(path)
    assert (found.status_code, found["Content-Type"]) == (200, "application/zip")
    assert b"".join(found.streaming_content) == ZIP
    assert found["Content-Length"] == str(len(ZIP))
    digest = hashlib.sha256(ZIP).digest()
    assert found["ETag"] == f'"{digest.hex()}"'
    assert found["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
    assert found["Content-Disposition"] == 'attachment; filename="my-files.zip"'
    assert Client().post(path).status_code == 405
    assert Client().get(path + "x").status_code == 403
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert Client().get(path).status_code == 403
    other = client.get(f"{R}/artifacts/{made.pk}/tar")
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "archive_format")


def test_expired(client: Client, job: Job) -> None:
    made = factories.artifact(job)
    path = urlsplit(client.get(f"{R}/artifacts/{made.pk}/zip")["Location"]).path
    Artifact.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for _ in range(2):
        assert client.get(f"{R}/artifacts/{made.pk}/zip").status_code == 410
        assert client.get(f"{R}/artifacts/{made.pk}").json()["expired"] is True
        assert Client().get(path).status_code == 410
        keeping.expire()
    assert not storage().exists(made.storage_key)


def test_delete(client: Client, job: Job, django_capture_on_commit_callbacks: Any) -> None:
    made = factories.artifact(job)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(f"{R}/artifacts/{made.pk}").status_code == 204
    assert not storage().exists(made.storage_key)
    for path in (f"artifacts/{made.pk}", f"artifacts/{made.pk}/zip", f"artifacts/{'9' * 30}"):
        assert client.get(f"{R}/{path}").status_code == 404
    assert client.delete(f"{R}/artifacts/{made.pk}").status_code == 404


def test_missing_bytes_are_not_found(client: Client, job: Job) -> None:
    made = factories.artifact(job)
    storage().delete(made.storage_key)
    assert client.get(f"{R}/artifacts/{made.pk}/zip").status_code == 404


def test_a_new_attempt_shows_what_it_carries_over(client: Client, job: Job) -> None:
    other = factories.job(job.attempt, "test")
    factories.artifact(job, "kept")
    factories.artifact(other, "made again")
    again = factories.attempt(job.run)
    factories.job(again, "build", carries=job)
    repeated = factories.job(again, "test")
    of_run = f"runs/{job.run_id}/artifacts"
    assert names(client, of_run) == ["kept"]
    factories.artifact(repeated, "made again")
    assert names(client, of_run) == ["made again", "kept"]
    assert names(client, "artifacts") == ["made again", "made again", "kept"]


@pytest.mark.parametrize(
    ("right", "scopes", "codes"),
    [
        (Right.WRITE, "repo", (200, 302, 204)),
        (Right.WRITE, "repo:read", (200, 302, 403)),
        (Right.READ, "repo", (200, 302, 403)),
        (Right.NONE, "repo", (404, 404, 404)),
    ],
)
def test_rights(as_: Any, owner: Account, right: Right, scopes: str, codes: tuple[int, ...]) -> None:
    private = factories.repository(owner, "hello", private=True)
    made = factories.artifact(factories.job(factories.run(factories.workflow(private)).latest_attempt))
    person = factories.account()
    Collaborator.objects.create(repository=private, user=person, right=right)
    client, path = as_(person, scopes), f"{R}/artifacts/{made.pk}"
    found = client.get(path), client.get(f"{path}/zip"), client.delete(path)
    assert tuple(one.status_code for one in found) == codes
    assert client.get(f"{R}/artifacts").status_code == codes[0]
    assert Client().get(path).status_code == 404


def test_what_belongs_to_no_run_any_more_goes_with_its_bytes(job: Job) -> None:
    made = factories.artifact(job)
    job.run.delete()
    assert Artifact.objects.filter(pk=made.pk).exists()
    keeping.clear()
    assert not Artifact.objects.exists()
    assert not storage().exists(made.storage_key)
