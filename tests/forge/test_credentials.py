"""Every credential at every door: what each opens, and that it opens nothing else.

A row is a credential, a column a door; all that belong to the private repository where a job runs.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.cache import cache
from django.test import AsyncClient
from django.utils import timezone

from forge.accounts import tokens
from forge.accounts.models import AccessToken
from forge.actions import cancel
from forge.api.agent import polls
from forge.repos import feed_tokens
from forge.runners import registration
from tests import factories
from tests.engine import FakeRunner, Project, Work

pytestmark = pytest.mark.django_db(transaction=True)

_TEXT = "on: {push: {}, workflow_dispatch: {}}\njobs: {build: {runs-on: x, steps: [{run: 'true'}]}}\n"
_DOORS = [
    "read",
    "write",
    "admin",
    "clone",
    "push",
    "feed",
    "page",
    "rerun",
    "register",
    "beat",
    "lease",
    "leave",
    "remove",
]
#: By credential, the status of each door in the order above.
_TABLE = """
none                404 404 404 401 401 404 404 404 401 401 401 401 401
garbage             401 401 401 401 401 401 404 401 403 401 401 401 403
owner, repo         200 204 201 200 200 200 404 409 403 401 401 401 403
owner, repo:write   200 204 403 200 200 200 404 409 403 401 401 401 403
owner, repo:read    200 403 403 200 403 200 404 403 403 401 401 401 403
owner, public_repo  404 404 404 404 404 404 404 404 403 401 401 401 403
owner, workflow     404 404 404 404 404 404 404 404 403 401 401 401 403
owner, this one     200 204 201 200 200 200 404 409 403 401 401 401 403
owner, another      404 404 404 404 404 404 404 404 403 401 401 401 403
owner, expired      401 401 401 401 401 401 404 401 403 401 401 401 403
owner, revoked      401 401 401 401 401 401 404 401 403 401 401 401 403
stranger, repo      404 404 404 404 404 404 404 404 403 401 401 401 403
feed token          401 401 401 401 401 200 404 401 403 401 401 401 403
registration        401 401 401 401 401 401 404 401 422 401 401 401 403
remove              401 401 401 401 401 401 404 401 403 401 401 401 404
lease               401 401 401 401 401 401 404 401 403 401 200 401 403
job                 403 403 403 200 403 404 404 403 403 401 401 401 403
job that reads      200 403 403 200 403 200 404 403 403 401 401 401 403
job that writes     200 204 403 200 200 200 404 409 403 401 401 401 403
job with nothing    403 403 403 404 403 404 404 403 403 401 401 401 403
other job           404 404 404 404 404 404 404 404 403 401 401 401 403
other runner        401 401 401 401 401 401 404 401 403 200 401 204 403
runner              401 401 401 401 401 401 404 401 403 200 401 204 403
"""
#: Doors that take the credential in any scheme; the agent's take Bearer alone.
_ANY_SCHEME = ("read", "write", "admin", "clone", "push", "feed", "rerun")


class Place:
    """A private repository, the job that runs in it, and everybody's credentials."""

    def __init__(self) -> None:
        self.project = Project.new(private=True)
        self.run = self.project.run(_TEXT)
        self.runner = FakeRunner.new("x")
        self.work: Work = self.runner.take()
        self.other = Project.new(private=True)
        account, repository = self.project.account, self.project.repository
        self.credentials = {
            "none": "",
            "garbage": "shp_garbage",
            "owner, repo": factories.token(account, "repo"),
            "owner, repo:write": factories.token(account, "repo:write"),
            "owner, repo:read": factories.token(account, "repo:read"),
            "owner, public_repo": factories.token(account, "public_repo"),
            "owner, workflow": factories.token(account, "workflow", "user", "admin:org", "delete_repo"),
            "owner, this one": factories.token(account, "repo", repository_id=repository.pk),
            "owner, another": factories.token(account, "repo", repository_id=self.other.repository.pk),
            "owner, expired": factories.token(account, "repo", expires_at=timezone.now() - timedelta(seconds=1)),
            "owner, revoked": self._revoked(),
            "stranger, repo": factories.token(self.other.account, "repo"),
            "feed token": feed_tokens.renew(account, repository),
            "registration": registration.create_token(repository=repository),
            "remove": registration.create_token(repository=repository, purpose="remove"),
            "lease": self.work.assignment.lease_token,
            "job": self.work.assignment.github_token,
            "job that reads": self._job("read-all"),
            "job that writes": self._job("write-all"),
            "job with nothing": self._job("{}"),
            "other job": self._other_job(),
            # The last ones: they take themselves away.
            "other runner": FakeRunner.new("y").credential,
            "runner": self.runner.credential,
        }

    def _revoked(self) -> str:
        text = factories.token(self.project.account, "repo")
        tokens.revoke(AccessToken.objects.latest("id"))
        return text

    def _job(self, permissions: str) -> str:
        """The token of a job of this repository, with these permissions."""
        label = f"z{len(permissions)}"
        self.project.run(f"permissions: {permissions}\n" + _TEXT.replace("runs-on: x", f"runs-on: {label}"))
        return FakeRunner.new(label).take().assignment.github_token

    def _other_job(self) -> str:
        self.other.run(_TEXT.replace("runs-on: x", "runs-on: z"))
        return FakeRunner.new("z").take().assignment.github_token

    def ask(self, door: str, text: str, scheme: str = "Bearer") -> int:
        """The status of one door's answer to this credential."""
        shown = base64.b64encode(f"x:{text}".encode()).decode() if scheme == "Basic" else text
        return async_to_sync(self._ask)(door, {"Authorization": f"{scheme} {shown}"} if text else {})

    async def _ask(self, door: str, headers: dict[str, str]) -> int:
        name = self.project.repository.full_name
        api = f"/api/v3/repos/{name}/actions"
        method, path, body = {
            "read": ("GET", f"{api}/runs", None),
            "write": ("PUT", f"{api}/workflows/ci.yml/enable", None),
            "admin": ("POST", f"{api}/runners/registration-token", None),
            "clone": ("GET", f"/{name}.git/info/refs?service=git-upload-pack", None),
            "push": ("GET", f"/{name}.git/info/refs?service=git-receive-pack", None),
            "feed": ("GET", f"/{name}/actions.atom", None),
            "page": ("GET", f"/{name}/actions", None),
            "rerun": ("POST", f"/api/v1/runs/{self.run.pk}/rerun", None),
            "register": ("POST", "/api/v1/runners/register", {"name": "n", "labels": [], "credential_hash": "0"}),
            "beat": ("POST", "/api/v1/runners/heartbeat", {"instance": "i", "active": []}),
            "leave": ("POST", "/api/v1/runners/remove", None),
            "remove": ("POST", "/api/v1/runners/remove?name=nobody", None),
            "lease": ("POST", f"/api/v1/jobs/{self.work.claim.job_id}/cancel-check", None),
        }[door]
        answer: Any = await AsyncClient().generic(
            method, path, json.dumps(body) if body else "", content_type="application/json", headers=headers
        )
        if answer.streaming:
            async for _ in answer:
                pass
        return int(answer.status_code)


@pytest.fixture
def place() -> Iterator[Place]:
    cache.clear()
    polls.presence.__init__()  # type: ignore[misc]
    yield Place()
    cache.clear()
    shutil.rmtree(Path(settings.REPOSITORIES), ignore_errors=True)


def test_each_opens_what_it_should_and_nothing_else(place: Place) -> None:
    wanted = {line[:20].strip(): [int(code) for code in line[20:].split()] for line in _TABLE.strip().splitlines()}
    assert list(wanted) == list(place.credentials)
    for name, text in place.credentials.items():
        cache.clear()
        assert dict(zip(_DOORS, wanted[name], strict=True)) == {door: place.ask(door, text) for door in _DOORS}, name


@pytest.mark.parametrize("scheme", ["token", "Basic"])
def test_every_scheme_is_the_same(place: Place, scheme: str) -> None:
    for name in (
        "owner, repo",
        "owner, repo:read",
        "owner, another",
        "owner, expired",
        "stranger, repo",
        "lease",
        "job that writes",
    ):
        cache.clear()
        for door in _ANY_SCHEME:
            text = place.credentials[name]
            assert place.ask(door, text, scheme) == place.ask(door, text), (name, door)


def test_a_jobs_tokens_die_with_it(place: Place) -> None:
    job, lease = place.credentials["job"], place.credentials["lease"]
    assert (place.ask("read", job), place.ask("clone", job), place.ask("lease", lease)) == (403, 200, 200)

    place.work.step("completed", "success")
    place.work.finish()

    assert [place.ask(door, job) for door in _ANY_SCHEME] == [401] * len(_ANY_SCHEME)
    assert [place.ask(door, lease) for door in _ANY_SCHEME] == [401] * len(_ANY_SCHEME)
    assert place.ask("lease", lease) == 409


def test_a_forced_cancel_ends_them_too(place: Place) -> None:
    job, lease = place.credentials["job"], place.credentials["lease"]
    assert place.ask("clone", job) == 200

    cancel.force(place.project.account, place.run)

    assert (place.ask("read", job), place.ask("clone", job)) == (401, 401)
    assert place.ask("lease", lease) == 409


def test_a_closed_account_has_no_credentials(place: Place) -> None:
    place.project.account.is_active = False
    place.project.account.save()

    for name in ("owner, repo", "owner, this one", "feed token"):
        assert place.ask("feed", place.credentials[name]) == 401, name
    assert place.ask("read", place.credentials["owner, repo"]) == 401
