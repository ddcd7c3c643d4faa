"""Repositories are made, changed and deleted by those who may."""

from __future__ import annotations

import pytest

from forge.accounts.actor import ANONYMOUS, Actor
from forge.accounts.models import Kind, Membership
from forge.errors import Forbidden, Invalid, NotFound
from forge.repos import access, git, repositories
from forge.repos.models import Repository, Right
from tests import factories
from tests.forge.repos.conftest import Commit

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> Actor:
    """A person in a browser."""
    return Actor.for_session(factories.account("Alice"))


def test_a_new_repository_has_its_folder_and_its_name_in_any_case(alice: Actor) -> None:
    made = repositories.create(alice, "ALICE", "Hello.git", default_branch="trunk", description="d")

    assert made.full_name == "Alice/Hello"
    assert git.head(made) == "trunk"
    assert access.repository(alice, "alice", "hELLO", Right.ADMIN) == made
    with pytest.raises(Invalid) as refused:
        repositories.create(alice, "alice", "HELLO")
    assert refused.value.errors[0].message == "name already exists on this account"


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "a/b", "ä", "x" * 101, "x.atom", "a\0"])
def test_bad_names_are_refused(alice: Actor, name: str) -> None:
    with pytest.raises(Invalid):
        repositories.create(alice, "alice", name)


@pytest.mark.parametrize("branch", ["", "a b", "-x", "a..b", "x.lock", "/a", "a/", "@", "a@{b", "a~1", "x" * 256])
def test_bad_default_branches_are_refused(alice: Actor, branch: str) -> None:
    with pytest.raises(Invalid):
        repositories.create(alice, "alice", "hello", default_branch=branch)


def test_only_those_who_may_create(alice: Actor) -> None:
    organization = factories.account("acme", kind=Kind.ORGANIZATION)
    bob = factories.account("bob")
    Membership.objects.create(organization=organization, user=bob)
    assert alice.account is not None

    with pytest.raises(Forbidden):
        repositories.create(ANONYMOUS, "alice", "a")
    with pytest.raises(Forbidden):
        repositories.create(alice, "bob", "a")
    with pytest.raises(Forbidden):
        repositories.create(alice, "acme", "a")
    with pytest.raises(Forbidden):
        repositories.create(Actor.for_session(bob), "acme", "a")
    with pytest.raises(Forbidden):
        repositories.create(Actor("token", alice.account, frozenset({"public_repo"})), "alice", "a", private=True)
    with pytest.raises(Forbidden):
        repositories.create(Actor("token", alice.account, frozenset({"repo"}), 7), "alice", "a")
    Membership.objects.filter(user=bob).update(role="owner")
    assert repositories.create(Actor.for_session(bob), "acme", "a").full_name == "acme/a"


def test_a_change_leaves_alone_what_moved_meanwhile(alice: Actor, repository: Repository) -> None:
    owner = Actor.for_session(repository.owner)
    Repository.objects.filter(pk=repository.pk).update(last_run_index=7, run_count=6)  # a push, since it was read

    repositories.update(owner, repository, description="d")

    repository.refresh_from_db()
    assert (repository.description, repository.last_run_index, repository.run_count) == ("d", 7, 6)


def test_changes_are_kept(alice: Actor, repository: Repository, commit: Commit) -> None:
    commit({"a": b"1"}, branch="trunk")
    owner = Actor.for_session(repository.owner)

    changed = repositories.update(
        owner, repository, name="New", private=True, description="words", default_branch="trunk"
    )

    changed.refresh_from_db()
    assert (changed.name, changed.name_key, changed.private, changed.description) == ("New", "new", True, "words")
    assert git.head(changed) == "trunk"
    with pytest.raises(Invalid):
        repositories.update(owner, repository, default_branch="nowhere")
    with pytest.raises(Forbidden):
        repositories.update(alice, repository, private=False)


def test_a_change_leaves_alone_what_has_moved_meanwhile(repository: Repository) -> None:
    owner = Actor.for_session(repository.owner)
    Repository.objects.filter(pk=repository.pk).update(run_count=5, last_run_index=7)

    repositories.update(owner, repository, private=True)

    repository.refresh_from_db()
    assert (repository.private, repository.run_count, repository.last_run_index) == (True, 5, 7)


def test_a_deleted_name_is_free_again(alice: Actor) -> None:
    made = repositories.create(alice, "alice", "hello")
    assert alice.account is not None
    with pytest.raises(Forbidden):
        repositories.delete(Actor("token", alice.account, frozenset({"repo:write"})), made)

    repositories.delete(alice, made)
    repositories.delete(alice, made)

    with pytest.raises(NotFound):
        access.repository(alice, "alice", "hello", Right.READ)
    assert repositories.create(alice, "alice", "hello").pk != made.pk
