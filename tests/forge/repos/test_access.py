"""Who may do what: the table of accounts and credentials against the rights of a repository."""

from __future__ import annotations

import pytest

from forge.accounts.actor import ANONYMOUS, Actor
from forge.accounts.models import Kind, Membership
from forge.accounts.needs import UNDECLARED, Need
from forge.errors import Forbidden, NotFound
from forge.repos import access
from forge.repos.models import Collaborator, Repository, Right
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> dict[str, Actor]:
    """Everybody of the table, in an organisation that owns a repository."""
    organization = factories.account("acme", kind=Kind.ORGANIZATION)
    accounts = {name: factories.account(name) for name in ("owner", "member", "writer", "stranger", "root")}
    Membership.objects.create(organization=organization, user=accounts["owner"], role="owner")
    Membership.objects.create(organization=organization, user=accounts["member"])
    accounts["root"].is_site_admin = True
    accounts["root"].save()
    for private in (False, True):
        made = factories.repository(organization, "secret" if private else "open", private=private)
        Collaborator.objects.create(repository=made, user=accounts["writer"], right=Right.WRITE)
    return {"anonymous": ANONYMOUS, **{name: Actor.for_session(one) for name, one in accounts.items()}}


@pytest.mark.parametrize(
    ("who", "public", "private"),
    [
        ("anonymous", Right.READ, Right.NONE),
        ("stranger", Right.READ, Right.NONE),
        ("member", Right.READ, Right.READ),
        ("writer", Right.WRITE, Right.WRITE),
        ("owner", Right.ADMIN, Right.ADMIN),
        ("root", Right.ADMIN, Right.ADMIN),
    ],
)
def test_rights_of_people(people: dict[str, Actor], who: str, public: Right, private: Right) -> None:
    for name, has in (("open", public), ("secret", private)):
        repository = Repository.objects.get(name=name)
        assert access.right_of(people[who], repository) == has
        assert (repository in access.visible(people[who])) == (has >= Right.READ)
        for wanted in (Right.READ, Right.WRITE, Right.ADMIN):
            if has >= wanted:
                assert access.repository(people[who], "ACME", name.upper(), wanted) == repository
            else:
                with pytest.raises(NotFound if has == Right.NONE else Forbidden):
                    access.repository(people[who], "acme", name, wanted)


@pytest.mark.parametrize(
    ("scopes", "public", "private"),
    [
        ((), Right.READ, Right.NONE),
        (("workflow",), Right.READ, Right.NONE),
        (("repo:read",), Right.READ, Right.READ),
        (("repo:write",), Right.WRITE, Right.WRITE),
        (("public_repo",), Right.ADMIN, Right.NONE),
        (("repo",), Right.ADMIN, Right.ADMIN),
    ],
)
def test_scopes_limit_an_owners_token(
    people: dict[str, Actor], scopes: tuple[str, ...], public: Right, private: Right
) -> None:
    actor = Actor(kind="token", account=people["owner"].account, scopes=frozenset(scopes))

    assert access.right_of(actor, Repository.objects.get(name="open")) == public
    secret = Repository.objects.get(name="secret")
    assert access.right_of(actor, secret) == private
    assert (secret in access.visible(actor)) == (private >= Right.READ)


def test_a_token_of_one_repository_sees_no_other_private_one(people: dict[str, Actor]) -> None:
    secret, public = Repository.objects.get(name="secret"), Repository.objects.get(name="open")
    actor = Actor("token", people["owner"].account, frozenset({"repo"}), only_repository_id=secret.pk)

    assert access.right_of(actor, secret) == Right.ADMIN
    assert access.right_of(actor, public) == Right.READ
    with pytest.raises(Forbidden, match="bound to another"):
        access.repository(actor, "acme", "open", Right.WRITE)


def test_a_job_has_what_its_permissions_give(people: dict[str, Actor]) -> None:
    secret, public = Repository.objects.get(name="secret"), Repository.objects.get(name="open")
    reader, writer = Actor.for_job(secret.pk, {}), Actor.for_job(secret.pk, {"contents": "write"})

    assert access.right_of(reader, secret) == Right.READ
    assert access.right_of(writer, secret) == Right.WRITE
    assert access.right_of(writer, public) == Right.READ
    assert access.right_of(Actor.for_job(public.pk, {"contents": "write"}), secret) == Right.NONE
    assert set(access.visible(reader)) == {secret, public}


@pytest.mark.parametrize(
    ("held", "need", "right", "public", "secret"),
    [
        ({}, Need("contents", "read"), Right.READ, True, False),
        ({"contents": "read"}, Need("contents", "read"), Right.READ, True, True),
        ({"contents": "read"}, Need("contents", "read"), Right.WRITE, False, False),  # the right raises the level
        ({"contents": "read"}, Need("contents", "write"), Right.READ, False, False),
        ({"contents": "write"}, Need("contents", "write"), Right.READ, True, True),
        ({"contents": "write"}, Need("issues", "read"), Right.READ, True, False),
        ({"contents": "write"}, Need("contents", "write"), Right.ADMIN, False, False),
        ({"administration": "write"}, Need("administration", "read"), Right.READ, False, False),
        ({"contents": "write"}, UNDECLARED, Right.READ, False, False),
        ({"contents": "write"}, Need("user", "read"), Right.READ, False, False),
        ({}, Need("any", "read"), Right.READ, True, True),
    ],
)
def test_a_job_is_let_in_by_what_the_call_needs(
    people: dict[str, Actor], held: dict[str, str], need: Need, right: Right, public: bool, secret: bool
) -> None:
    for name, may in (("open", public), ("secret", secret)):
        row = Repository.objects.get(name=name)
        actor, other = Actor.for_job(row.pk, held), Actor.for_job(row.pk + 100, held)
        if may:
            assert access.repository(actor, "acme", name, right, need) == row
        else:
            with pytest.raises(Forbidden, match="Resource not accessible by integration"):
                access.repository_by_id(actor, row.pk, right, need)
        if name == "secret":
            with pytest.raises(NotFound):
                access.repository(other, "acme", name, right, need)


def test_a_token_without_the_scope_is_told_which(people: dict[str, Actor]) -> None:
    actor = Actor("token", people["owner"].account, frozenset({"repo:read"}))

    with pytest.raises(Forbidden) as refused:
        access.repository(actor, "acme", "secret", Right.WRITE)

    assert refused.value.accepted_scopes == ("repo", "repo:write")


def test_a_deleted_repository_exists_for_nobody(people: dict[str, Actor]) -> None:
    secret = Repository.objects.get(name="secret")
    Repository.objects.filter(pk=secret.pk).update(deleted_at="2026-01-01T00:00:00Z")

    with pytest.raises(NotFound):
        access.repository_by_id(people["root"], secret.pk, Right.READ)
    assert secret not in access.visible(people["root"])


def test_own_repositories_are_those_one_belongs_to(people: dict[str, Actor]) -> None:
    assert {one.name for one in access.own(people["writer"])} == {"open", "secret"}
    assert not access.own(people["stranger"]).exists()
    assert not access.own(ANONYMOUS).exists()
