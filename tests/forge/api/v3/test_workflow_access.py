"""GET and PUT …/actions/permissions/access."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from forge.accounts.models import Kind
from forge.repos.models import Collaborator, Repository, Right
from tests import factories
from tests.forge.api import official

pytestmark = pytest.mark.django_db
PATH = "/api/v3/repos/octo/hello/actions/permissions/access"
OFFICIAL = "/repos/{owner}/{repo}/actions/permissions/access"


def _put(client: Client, level: Any, path: str = PATH) -> Any:
    return client.put(path, {"access_level": level}, "application/json")


def test_nobody_may_before_it_is_said(client: Client, repository: Repository) -> None:
    answer = client.get(PATH)
    official.check(answer.json(), OFFICIAL)
    assert answer.json() == {"access_level": "none"}
    assert client.get(f"/api/v3/repositories/{repository.pk}/actions/permissions/access").json() == answer.json()


def test_it_is_said_and_taken_back(client: Client, repository: Repository) -> None:
    Repository.objects.filter(pk=repository.pk).update(private=True)
    for level in ("user", "none"):
        answer = _put(client, level)
        assert (answer.status_code, answer.content) == (204, b"")
        assert client.get(PATH).json() == {"access_level": level}


@pytest.mark.parametrize("level", ["organization", "enterprise", "", None, 3, ["user"]])
def test_words_that_a_person_cannot_use(client: Client, repository: Repository, level: Any) -> None:
    Repository.objects.filter(pk=repository.pk).update(private=True)
    assert _put(client, level).status_code == 422


def test_an_organisation_has_another_word(as_: Any) -> None:
    owner = factories.account()
    acme = factories.account("acme", kind=Kind.ORGANIZATION)
    hello = factories.repository(acme, "hello", private=True)
    Collaborator.objects.create(repository=hello, user=owner, right=Right.ADMIN)
    path = "/api/v3/repos/acme/hello/actions/permissions/access"
    assert _put(as_(owner), "user", path).status_code == 422
    assert _put(as_(owner), "organization", path).status_code == 204


def test_a_public_repository_shares_with_everybody(client: Client, repository: Repository) -> None:
    answer = _put(client, "user")
    assert answer.status_code == 422
    assert "public" in answer.json()["message"]


def test_it_is_for_administrators(as_: Any, repository: Repository) -> None:
    writer = factories.account()
    Collaborator.objects.create(repository=repository, user=writer, right=Right.WRITE)
    assert as_(writer).get(PATH).status_code == _put(as_(writer), "none").status_code == 403
    assert Client().get(PATH).status_code == 401
