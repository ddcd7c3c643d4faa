"""The default of GITHUB_TOKEN: chosen by a repository as far as its organisation allows it."""

from __future__ import annotations

import pytest

from forge.accounts.actor import Actor
from forge.accounts.models import Account, Kind, Membership
from forge.errors import Conflict, Invalid
from forge.repos import repositories, workflow_permissions
from forge.repos.models import Repository
from forge.repos.workflow_permissions import Setting
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def of(repository: Repository) -> Setting:
    return workflow_permissions.of(Repository.objects.select_related("owner").get(pk=repository.pk))


def test_a_persons_repository_begins_restricted_and_chooses_freely() -> None:
    row = factories.repository()
    assert of(row) == Setting("read", can_approve=False)

    workflow_permissions.change(row, default="write", can_approve=None)
    assert of(row) == Setting("write", can_approve=False)

    row.refresh_from_db()
    workflow_permissions.change(row, default=None, can_approve=True)
    assert of(row) == Setting("write", can_approve=True)


def test_an_organisation_is_the_limit_of_its_repositories() -> None:
    organization = factories.account(kind=Kind.ORGANIZATION)
    row = factories.repository(organization)
    for asked in ({"default": "write", "can_approve": None}, {"default": None, "can_approve": True}):
        with pytest.raises(Conflict):
            workflow_permissions.change(row, **asked)  # type: ignore[arg-type]

    workflow_permissions.change_organization(organization, default="write", can_approve=True)
    row = Repository.objects.select_related("owner").get(pk=row.pk)
    workflow_permissions.change(row, default="write", can_approve=True)
    assert of(row) == Setting("write", can_approve=True)

    workflow_permissions.change_organization(Account.objects.get(pk=organization.pk), default="read", can_approve=False)
    assert of(row) == Setting("read", can_approve=False)


def test_a_new_repository_begins_with_what_its_organisation_allows() -> None:
    owner, organization = factories.account(), factories.account(kind=Kind.ORGANIZATION)
    Membership.objects.create(organization=organization, user=owner, role=Membership.Role.OWNER)
    workflow_permissions.change_organization(organization, default="write", can_approve=None)

    made = repositories.create(Actor.for_session(owner), organization.login, "new")

    assert of(made) == Setting("write", can_approve=False)


def test_other_words_are_refused() -> None:
    with pytest.raises(Invalid, match="must be read or write"):
        workflow_permissions.change(factories.repository(), default="admin", can_approve=None)
