"""Values at rest: nothing of them in the database, and no row opens what was written for another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core import serializers

from forge.repos.models import Repository
from forge.vault import keys, sealing
from forge.vault.keys import Unreadable
from forge.vault.models import Secret
from forge.vault.scopes import Scope
from tests import factories
from tests.forge.vault import sender

Scopes = dict[str, Scope]
VALUE = "correct horse battery staple"


@pytest.mark.parametrize("kind", ["organization", "repository", "environment"])
def test_a_value_comes_back_and_is_nowhere_in_the_row(scopes: Scopes, kind: str) -> None:
    sender.secret(scopes[kind], "TOKEN", VALUE)
    row = Secret.objects.get()
    assert sealing.unseal(row) == VALUE
    whole = serializers.serialize("json", [row]).encode() + bytes(row.sealed)
    assert VALUE.encode() not in whole
    assert keys.ring().current.material not in whole


def test_the_same_value_twice_is_not_the_same_bytes(scopes: Scopes) -> None:
    for name in ("A", "B"):
        sender.secret(scopes["repository"], name, VALUE)
    first, second = Secret.objects.order_by("name")
    assert bytes(first.sealed)[24:] != bytes(second.sealed)[24:]


def moved_to_another_name(row: Secret, other: Secret) -> None:
    Secret.objects.filter(pk=row.pk).update(name="OTHER")


def moved_to_another_repository(row: Secret, other: Secret) -> None:
    Secret.objects.filter(pk=row.pk).update(repository=factories.repository())


def moved_to_the_owner(row: Secret, other: Secret) -> None:
    assert row.repository is not None
    Secret.objects.filter(pk=row.pk).update(repository=None, organization=row.repository.owner, visibility="all")


def swapped_with_another(row: Secret, other: Secret) -> None:
    Secret.objects.filter(pk=row.pk).update(sealed=other.sealed, key_id=other.key_id)


def one_bit_changed(row: Secret, other: Secret) -> None:
    changed = bytearray(row.sealed)
    changed[-1] ^= 1
    Secret.objects.filter(pk=row.pk).update(sealed=bytes(changed))


def nonce_changed(row: Secret, other: Secret) -> None:
    changed = bytearray(row.sealed)
    changed[0] ^= 1
    Secret.objects.filter(pk=row.pk).update(sealed=bytes(changed))


def emptied(row: Secret, other: Secret) -> None:
    Secret.objects.filter(pk=row.pk).update(sealed=b"")


def told_to_be_under_another_key(row: Secret, other: Secret) -> None:
    Secret.objects.filter(pk=row.pk).update(key_id=keys.add().id)


@pytest.mark.parametrize(
    "change",
    [
        moved_to_another_name,
        moved_to_another_repository,
        moved_to_the_owner,
        swapped_with_another,
        one_bit_changed,
        nonce_changed,
        emptied,
        told_to_be_under_another_key,
    ],
)
def test_a_row_that_was_changed_does_not_open(scopes: Scopes, repository: Repository, change: object) -> None:
    for name in ("TOKEN", "SPARE"):
        sender.secret(scopes["repository"], name, VALUE)
    row, other = Secret.objects.get(name="TOKEN"), Secret.objects.get(name="SPARE")
    change(row, other)  # type: ignore[operator]
    row.refresh_from_db()
    with pytest.raises(Unreadable, match=rf"The secret {row.name} of the .* cannot be read"):
        sealing.unseal(row)
    assert sealing.unseal(other) == VALUE


def test_a_lost_key_is_named_and_comes_back(scopes: Scopes, keys_file: Path) -> None:
    sender.secret(scopes["repository"], "TOKEN", VALUE)
    row, kept = Secret.objects.get(), keys_file.read_text()
    keys_file.unlink()
    with pytest.raises(Unreadable, match=f"The secret TOKEN of the repository acme/hello .* {row.key_id} is not"):
        sealing.unseal(row)
    assert sender.secret(scopes["repository"], "NEW", "works on")
    keys_file.write_text(kept)
    assert sealing.unseal(row) == VALUE


@pytest.mark.parametrize("text", ["", "{", "[]", '{"keys": []}', '{"keys": [{"id": "x"}]}', "\0"])
def test_a_damaged_key_file_is_refused_and_left_alone(scopes: Scopes, keys_file: Path, text: str) -> None:
    keys_file.write_text(text)
    with pytest.raises(Unreadable, match="The vault's keys cannot be read"):
        sender.secret(scopes["repository"], "TOKEN", VALUE)
    with pytest.raises(Unreadable):
        keys.add()
    assert keys_file.read_text() == text


def test_the_key_file_is_private_and_its_keys_have_ids(keys_file: Path) -> None:
    first = keys.ring().current
    second = keys.add()
    assert keys_file.stat().st_mode & 0o777 == 0o600
    assert [one["id"] for one in json.loads(keys_file.read_text())["keys"]] == [first.id, second.id]
    assert keys.ring().current == second
    assert repr(first.material) not in repr(keys.ring())
