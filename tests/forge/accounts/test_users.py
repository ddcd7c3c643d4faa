"""Logins follow GitHub's rules and exist once, whatever their case."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate

from forge.accounts import users
from forge.accounts.models import Membership
from forge.errors import Conflict, Invalid, NotFound

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-password"


def test_a_user_is_found_and_logs_in_in_any_case() -> None:
    made = users.create_user("Alice", PASSWORD, email="alice@example.org")

    assert users.find("aLICE") == made
    assert authenticate(username="ALICE", password=PASSWORD) == made
    assert authenticate(username="alice", password="something else") is None


def test_a_login_is_taken_in_every_case() -> None:
    users.create_user("Alice", PASSWORD)

    with pytest.raises(Conflict):
        users.create_user("alice", PASSWORD)
    with pytest.raises(Conflict):
        users.create_organization("ALICE", users.find("alice"))


@pytest.mark.parametrize(
    "login", ["", "-a", "a-", "a--b", "a b", "a/b", "a.b", "ä", "a" * 40, "api", "API", "-", "login", "static"]
)
def test_a_bad_or_reserved_login_is_refused(login: str) -> None:
    with pytest.raises(Invalid):
        users.create_user(login, PASSWORD)


@pytest.mark.parametrize("password", ["short", "password1234", "1234567890123"])
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(Invalid):
        users.create_user("alice", password)


def test_a_bad_address_is_refused() -> None:
    with pytest.raises(Invalid):
        users.create_user("alice", PASSWORD, email="nowhere")


def test_an_organization_has_an_owner_and_no_login() -> None:
    alice = users.create_user("alice", PASSWORD)
    made = users.create_organization("Acme", alice)

    assert Membership.objects.get(organization=made, user=alice).role == "owner"
    assert authenticate(username="acme", password=PASSWORD) is None
    with pytest.raises(Invalid):
        users.create_organization("other", made)


def test_nobody_is_not_found() -> None:
    with pytest.raises(NotFound):
        users.find("nobody")
