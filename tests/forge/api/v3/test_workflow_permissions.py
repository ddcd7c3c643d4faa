"""GET and PUT …/actions/permissions/workflow, of a repository and of an organisation."""

from __future__ import annotations

import pytest
from django.test import Client

from forge.accounts.models import Account, Kind, Membership
from forge.repos.models import Collaborator, Repository, Right
from tests import factories
from tests.forge.api.v3.conftest import As

pytestmark = pytest.mark.django_db

_RESTRICTED = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False}


def put(client: Client, path: str, body: object) -> int:
    return client.put(path, body, content_type="application/json").status_code


def test_of_a_repository(client: Client, repository: Repository) -> None:
    path = "/api/v3/repos/octo/hello/actions/permissions/workflow"
    assert client.get(path).json() == _RESTRICTED

    assert put(client, path, {"default_workflow_permissions": "write"}) == 204
    assert client.get(path).json() == {**_RESTRICTED, "default_workflow_permissions": "write"}
    assert put(client, path, {"can_approve_pull_request_reviews": True}) == 204
    assert client.get(f"/api/v3/repositories/{repository.pk}/actions/permissions/workflow").json() == {
        "default_workflow_permissions": "write",
        "can_approve_pull_request_reviews": True,
    }


@pytest.mark.parametrize(
    "body",
    [
        {"default_workflow_permissions": "admin"},
        {"default_workflow_permissions": 5},
        {"can_approve_pull_request_reviews": "yes"},
    ],
)
def test_nonsense_is_refused(client: Client, repository: Repository, body: object) -> None:
    path = "/api/v3/repos/octo/hello/actions/permissions/workflow"
    assert put(client, path, body) == 422
    assert client.get(path).json() == _RESTRICTED


def test_of_an_organisation(as_: As, client: Client, owner: Account) -> None:
    organization = factories.account("acme", kind=Kind.ORGANIZATION)
    Membership.objects.create(organization=organization, user=owner, role=Membership.Role.OWNER)
    factories.repository(organization, "hello")
    limit, own = (
        "/api/v3/orgs/acme/actions/permissions/workflow",
        "/api/v3/repos/acme/hello/actions/permissions/workflow",
    )
    organizer = as_(owner, "admin:org")

    assert put(client, limit, {"default_workflow_permissions": "write"}) == 403  # its owner, without the scope
    assert organizer.get(limit).json() == _RESTRICTED
    administrator = factories.account("ada")
    Collaborator.objects.create(
        repository=Repository.objects.get(owner=organization), user=administrator, right=Right.ADMIN
    )
    ada = as_(administrator)
    assert put(ada, own, {"default_workflow_permissions": "write"}) == 409

    assert put(organizer, limit, {"default_workflow_permissions": "write"}) == 204
    assert put(ada, own, {"default_workflow_permissions": "write"}) == 204
    assert ada.get(own).json()["default_workflow_permissions"] == "write"

    assert put(organizer, limit, {"default_workflow_permissions": "read"}) == 204
    assert ada.get(own).json() == _RESTRICTED


def test_who_may_not(as_: As, repository: Repository) -> None:
    writer = factories.account("writer")
    Collaborator.objects.create(repository=repository, user=writer, right=Right.WRITE)
    factories.account("acme", kind=Kind.ORGANIZATION)
    for path in ("repos/octo/hello", "orgs/acme"):
        full = f"/api/v3/{path}/actions/permissions/workflow"
        assert as_(writer, "repo", "admin:org").get(full).status_code == 403
        assert put(as_(writer, "repo", "admin:org"), full, {}) == 403
    assert as_(writer).get("/api/v3/orgs/writer/actions/permissions/workflow").status_code == 404
