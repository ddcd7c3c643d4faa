"""Who may come in as a runner, and how it is known again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from forge.errors import Conflict, Forbidden, Invalid, NotFound
from forge.runners import credentials, registration
from forge.runners.models import RegistrationToken, Runner
from tests import factories
from workflows.messages import Register

pytestmark = pytest.mark.django_db
MESSAGE = Register("one", ("GPU", "big"), credentials.hashed("shc_1"), os="Linux", arch="X64")


def test_the_scope_is_that_of_the_token() -> None:
    repository = factories.repository()
    runner = registration.register(registration.create_token(repository=repository), MESSAGE)
    assert (runner.repository, runner.owner) == (repository, None)
    assert registration.by_credential("shc_1") == runner


def test_the_same_name_in_another_scope_is_fine() -> None:
    registration.register(registration.create_token(), MESSAGE)
    other = replace(MESSAGE, credential_hash=credentials.hashed("2"))
    with pytest.raises(Conflict):
        registration.register(registration.create_token(), replace(other, name="ONE"))
    registration.register(registration.create_token(owner=factories.account()), other)


def test_replace_takes_the_place() -> None:
    old = registration.register(registration.create_token(), MESSAGE)
    new = registration.register(
        registration.create_token(), replace(MESSAGE, credential_hash=credentials.hashed("2"), replace=True)
    )
    assert registration.replaced_by(new) == [old.pk]
    with pytest.raises(NotFound):
        registration.by_credential("shc_1")


def test_tokens_end_and_keep_to_their_purpose() -> None:
    token = registration.create_token()
    with pytest.raises(Forbidden):
        registration.remove_by_token(token, "one")
    RegistrationToken.objects.update(expires_at=timezone.now())
    with pytest.raises(Forbidden, match="ended at"):
        registration.register(token, MESSAGE)
    assert not RegistrationToken.objects.filter(token_hash=token).exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"credential_hash": "abc"}, "credential_hash"),
        ({"labels": (" ",)}, "labels"),
        ({"labels": tuple(map(str, range(101)))}, "labels"),
        ({"capacity": 0}, "capacity"),
        ({"container_url": "http://evil.example"}, "container_url"),
    ],
)
def test_wrong_messages_are_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        registration.register(registration.create_token(), replace(MESSAGE, **change))
    assert field in [error.field for error in caught.value.errors]
    assert Runner.objects.count() == 0


def test_labels_know_no_case_and_the_implicit_ones() -> None:
    runner = registration.register(registration.create_token(), MESSAGE)
    assert registration.matches(runner, ["gpu", "BIG", "Self-Hosted", "linux", "x64"])
    assert not registration.matches(runner, ["gpu", "windows"])


def test_online() -> None:
    runner = registration.register(registration.create_token(), MESSAGE)
    assert not registration.online(runner)
    runner.last_seen_at = timezone.now()
    assert registration.online(runner)
    assert registration.remove(runner)
    assert not registration.remove(runner)
