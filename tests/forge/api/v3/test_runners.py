"""Runners of a repository and of an organisation, over the API."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from forge.accounts import users
from forge.accounts.actor import Actor
from forge.accounts.models import Account, AuditEntry
from forge.actions.models import Claim
from forge.actions.queries import runs as queries
from forge.repos.models import Repository
from forge.runners import groups, registration
from forge.runners.group_settings import Settings
from forge.runners.models import Runner
from tests import factories
from tests.forge.api import official
from workflows.messages import Register

R = "/api/v3/repos/octo/hello/actions/runners"
ORG = "/api/v3/orgs/acme/actions/runners"
O = "/repos/{owner}/{repo}/actions/runners"  # noqa: E741 - as R, in the official description


@pytest.fixture
def acme(owner: Account) -> Account:
    return users.create_organization("acme", owner)


def test_shapes(client: Client, repository: Repository) -> None:
    runner = factories.runner("box", repository=repository, labels=["gpu", "linux"], last_seen_at=timezone.now())
    factories.runner("gone", repository=repository, removed_at=timezone.now())
    factories.runner("elsewhere")
    one = client.get(f"{R}/{runner.pk}").json()
    official.check(one, f"{O}/{{runner_id}}")
    assert (one["name"], one["status"], one["busy"], one["ephemeral"]) == ("box", "online", False, False)
    assert [(label["name"], label["type"]) for label in one["labels"]] == [
        ("self-hosted", "read-only"),
        ("Linux", "read-only"),
        ("X64", "read-only"),
        ("gpu", "custom"),
    ]
    listed = client.get(R).json()
    official.check(listed, O)
    assert listed == {"total_count": 1, "runners": [one]}
    assert client.get(f"{R}?name=other").json()["total_count"] == 0


def test_offline_and_busy(client: Client, repository: Repository) -> None:
    runner = factories.runner("box", repository=repository)
    assert client.get(f"{R}/{runner.pk}").json()["status"] == "offline"
    run = factories.run(factories.workflow(repository), status="in_progress")
    job = factories.job(queries.latest(run), status="in_progress", runner=runner)
    held = Claim.objects.create(job=job, runner=runner, epoch=1, request_key="k", lease_expires_at=timezone.now())
    assert client.get(f"{R}/{runner.pk}").json()["busy"] is True
    refused = client.delete(f"{R}/{runner.pk}")
    message = 'Runner "box" is currently running a job and cannot be deleted.'
    assert (refused.status_code, refused.json()["message"]) == (422, message)
    Claim.objects.filter(pk=held.pk).update(ended_at=timezone.now())
    assert client.delete(f"{R}/{runner.pk}").status_code == 204


def test_gone_is_offline_at_once(client: Client, repository: Repository) -> None:
    now = timezone.now()
    runner = factories.runner("box", repository=repository, last_seen_at=now, left_at=now)
    assert client.get(f"{R}/{runner.pk}").json()["status"] == "offline"


def test_removing(client: Client, repository: Repository) -> None:
    runner = factories.runner("box", repository=repository)
    assert client.delete(f"{R}/{runner.pk}").status_code == 204
    assert client.get(f"{R}/{runner.pk}").status_code == 404
    assert client.delete(f"{R}/{runner.pk}").status_code == 404
    assert Runner.objects.get(pk=runner.pk).removed_at is not None


@pytest.mark.parametrize(
    ("word", "path"), [("registration-token", R), ("remove-token", R), ("registration-token", ORG)]
)
def test_tokens(client: Client, as_: Any, repository: Repository, acme: Account, word: str, path: str) -> None:
    asking = as_(None, "admin:org") if path == ORG else client
    answer = asking.post(f"{path}/{word}")
    assert answer.status_code == 201
    official.check(answer.json(), f"{O}/{word}", "post", 201)
    if word == "registration-token":
        message = Register(name="new", labels=("gpu",), credential_hash="a" * 64)
        made = registration.register(answer.json()["token"], message)
        assert (made.owner, made.repository) == ((acme, None) if path == ORG else (None, repository))


def test_who_may(as_: Any, owner: Account, repository: Repository, acme: Account) -> None:
    runner = factories.runner("box", owner=acme)
    stranger = factories.account()
    assert as_(owner, "admin:org").get(f"{ORG}/{runner.pk}").status_code == 200
    refused = as_(owner, "repo").get(ORG)
    assert (refused.status_code, refused["X-Accepted-OAuth-Scopes"]) == (403, "admin:org")
    assert as_(stranger, "admin:org").get(ORG).status_code == 403
    assert as_(owner, "admin:org").get("/api/v3/orgs/octo/actions/runners").status_code == 404
    assert as_(owner, "admin:org").get("/api/v3/orgs/nobody/actions/runners").status_code == 404
    assert as_(stranger).get(R).status_code == 403
    assert Client().get(R).status_code == 401
    assert as_(owner).get(f"{R}/{runner.pk}").status_code == 404  # the organisation's, not the repository's


def send(client: Client, method: str, path: str, body: Any = None) -> Any:
    """An answer to JSON."""
    return client.generic(method, path, "" if body is None else json.dumps(body), content_type="application/json")


def test_labels(client: Client, repository: Repository) -> None:
    runner = factories.runner("box", repository=repository, labels=["gpu"])
    path, described = f"{R}/{runner.pk}/labels", f"{O}/{{runner_id}}/labels"

    def names(answer: Any, method: str = "get") -> list[str]:
        assert answer.status_code == 200, answer.json()
        official.check(answer.json(), described, method)
        return [label["name"] for label in answer.json()["labels"] if label["type"] == "custom"]

    assert names(client.get(path)) == ["gpu"]
    assert names(send(client, "POST", path, {"labels": ["big", "GPU", "self-hosted"]}), "post") == ["gpu", "big"]
    assert names(send(client, "PUT", path, {"labels": [" a b ", "c/d"]}), "put") == ["a b", "c/d"]
    assert names(client.delete(f"{path}/C%2FD")) == ["a b"]
    assert client.delete(f"{path}/c").status_code == 404
    assert client.delete(f"{path}/LINUX").status_code == 422
    assert names(client.delete(path), "delete") == []
    row = Runner.objects.get(pk=runner.pk)
    assert (row.labels, row.changed_at is not None) == ([], True)
    done = AuditEntry.objects.filter(action="runner.labeled", repository_id=repository.pk).order_by("id")
    assert [entry.details["labels"] for entry in done] == [["gpu", "big"], ["a b", "c/d"], ["a b"], []]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("labels", [None, "gpu", [1], [""], ["x" * 256], [str(number) for number in range(101)]])
def test_what_is_no_label(client: Client, repository: Repository, method: str, labels: Any) -> None:
    runner = factories.runner("box", repository=repository)
    answer = send(client, method, f"{R}/{runner.pk}/labels", {} if labels is None else {"labels": labels})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["labels"]


def test_adding_no_label_is_refused(client: Client, repository: Repository) -> None:
    runner = factories.runner("box", repository=repository)
    assert send(client, "POST", f"{R}/{runner.pk}/labels", {"labels": []}).status_code == 422
    assert send(client, "PUT", f"{R}/{runner.pk}/labels", {"labels": []}).status_code == 200


def test_just_in_time(client: Client, as_: Any, repository: Repository, acme: Account) -> None:
    body = {"name": "once", "runner_group_id": 1, "labels": ["self-hosted", "linux", "ARM64", "gpu"]}
    answer = send(client, "POST", f"{R}/generate-jitconfig", body)
    assert answer.status_code == 201, answer.json()
    official.check(answer.json(), f"{O}/generate-jitconfig", "post", 201)
    shown = answer.json()["runner"]
    assert (shown["status"], shown["ephemeral"], shown["os"], shown["busy"]) == ("offline", True, "linux", False)
    assert [(label["name"], label["type"]) for label in shown["labels"]] == [
        ("self-hosted", "read-only"),
        ("Linux", "read-only"),
        ("ARM64", "read-only"),
        ("gpu", "custom"),
    ]
    said = json.loads(base64.b64decode(answer.json()["encoded_jit_config"]))
    assert registration.by_credential(said["credential"]).pk == shown["id"]
    assert said["work_folder"] == "_work"
    assert send(client, "POST", f"{R}/generate-jitconfig", body).status_code == 409
    assert not AuditEntry.objects.filter(details__icontains=said["credential"]).exists()
    of_organization = as_(None, "admin:org")
    group = groups.create(Actor.for_session(acme), acme, Settings("big"))
    body["runner_group_id"] = group.number
    made = send(of_organization, "POST", f"{ORG}/generate-jitconfig", body).json()["runner"]
    assert (made["runner_group_id"], made["runner_group_name"]) == (2, "big")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": ""}, 422),
        ({"name": "a\nb"}, 422),
        ({"labels": []}, 422),
        ({"labels": None}, 422),
        ({"runner_group_id": None}, 422),
        ({"runner_group_id": "1"}, 422),
        ({"runner_group_id": 2}, 404),
        ({"work_folder": "../x"}, 422),
        ({"work_folder": "/x"}, 422),
    ],
)
def test_what_is_no_just_in_time_runner(
    client: Client, repository: Repository, change: dict[str, Any], status: int
) -> None:
    body = {"name": "once", "runner_group_id": 1, "labels": ["gpu"], **change}
    assert send(client, "POST", f"{R}/generate-jitconfig", body).status_code == status
    assert not Runner.objects.exists()


def test_downloads(client: Client, repository: Repository) -> None:
    answer = client.get(f"{R}/downloads").json()
    official.check(answer, f"{O}/downloads")
    assert {(one["os"], one["architecture"]) for one in answer} >= {("linux", "x64"), ("linux", "arm64")}
    path = urlsplit(answer[0]["download_url"]).path
    assert path.endswith(answer[0]["filename"])
    served = Client().get(path)  # pip shows no credential
    assert hashlib.sha256(served.content).hexdigest() == answer[0]["sha256_checksum"]
    assert Client().get(path, headers={"If-None-Match": served["ETag"]}).status_code == 304
    assert Client().get("/-/downloads/other.whl").status_code == 404
