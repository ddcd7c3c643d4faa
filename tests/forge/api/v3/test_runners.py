"""Runners of a repository and of an organisation, over the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from forge.accounts import users
from forge.accounts.models import Account
from forge.actions.models import Claim
from forge.actions.queries import runs as queries
from forge.repos.models import Repository
from forge.runners import registration
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
    Claim.objects.create(job=job, runner=runner, epoch=1, request_key="k", lease_expires_at=timezone.now())
    assert client.get(f"{R}/{runner.pk}").json()["busy"] is True


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
