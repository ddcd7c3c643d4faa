"""Tokens open what they say, for as long as they say, and are never stored."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from forge.accounts import tokens
from forge.accounts.models import AccessToken
from forge.accounts.scopes import KNOWN, expand
from forge.errors import Invalid
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_token_stands_for_its_account_and_its_scopes() -> None:
    alice = factories.account("Alice")
    token, text = tokens.create(alice, "laptop", ["repo", "read:org"], repository_id=7)

    actor = tokens.resolve(text)

    assert actor is not None
    assert (actor.kind, actor.account, actor.only_repository_id) == ("token", alice, 7)
    assert actor.scopes == {"repo", "read:org"}
    assert text.startswith("shp_")
    assert text.endswith(token.last_eight)


def test_only_the_hash_is_stored() -> None:
    token, text = tokens.create(factories.account(), "laptop", ["repo"])

    row = AccessToken.objects.filter(pk=token.pk).values().get()

    assert not any(text in str(value) for value in row.values())


def test_unknown_expired_and_revoked_tokens_open_nothing() -> None:
    alice = factories.account()
    _, expired = tokens.create(alice, "old", ["repo"], expires_at=timezone.now() - timedelta(seconds=1))
    revoked, text = tokens.create(alice, "lost", ["repo"])
    tokens.revoke(revoked)

    assert tokens.resolve(expired) is None
    assert tokens.resolve(text) is None
    assert tokens.resolve("shp_nobodys") is None
    assert tokens.resolve("") is None


def test_a_closed_account_has_no_tokens() -> None:
    alice = factories.account()
    text = factories.token(alice)
    alice.is_active = False
    alice.save()

    assert tokens.resolve(text) is None


def test_use_is_noted_at_most_once_a_minute(django_assert_num_queries: object) -> None:
    alice = factories.account()
    token, text = tokens.create(alice, "laptop", ["repo"])

    tokens.resolve(text)
    first = AccessToken.objects.get(pk=token.pk).last_used_at
    with django_assert_num_queries(1):  # type: ignore[operator]  # a fixture of pytest-django
        tokens.resolve(text)

    assert first is not None
    assert AccessToken.objects.get(pk=token.pk).last_used_at == first


@pytest.mark.parametrize(("name", "scopes"), [("x", ["everything"]), (" ", ["repo"])])
def test_a_token_needs_a_name_and_known_scopes(name: str, scopes: list[str]) -> None:
    with pytest.raises(Invalid):
        tokens.create(factories.account(), name, scopes)


@pytest.mark.parametrize(
    ("given", "implied", "not_implied"),
    [
        ("repo", "repo:read", "admin:org"),
        ("repo", "public_repo", "workflow"),
        ("repo:write", "repo:read", "delete_repo"),
        ("repo:read", "repo:read", "repo:write"),
        ("public_repo", "public_repo", "repo:read"),
        ("admin:org", "read:org", "repo"),
        ("read:user", "user:read", "user:write"),
    ],
)
def test_scopes_imply_what_they_should(given: str, implied: str, not_implied: str) -> None:
    assert implied in expand([given])
    assert not_implied not in expand([given])
    assert expand([given]) <= KNOWN
