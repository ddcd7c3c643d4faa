"""A new key for the vault, and every secret under it, while the server runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from forge.accounts import audit
from forge.vault import keys, sealing
from forge.vault.keys import Unreadable
from forge.vault.models import Secret

#: Rows that one transaction encrypts anew.
BATCH = 100
#: How long a replaced key stays at least: longer than any transaction that took it just before, and than
#: anybody takes to seal a value for a public key that was just fetched.
GRACE = timedelta(days=1)


@dataclass
class Rotation:
    """What a rotation did."""

    key_id: str
    encrypted: int = 0
    batches: int = 0
    #: In words, each with the name of a secret; these stay as they are.
    unreadable: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)


def rotate(batch: int = BATCH) -> Rotation:
    """Make a new current key, encrypt every row under it, and forget keys that no row has used for a day.

    Broken off at any place it leaves everything readable; the next one goes on. ``Unreadable`` when the key
    file itself cannot be read or written.
    """
    done = Rotation(keys.add().id)
    encrypt_rows(done, batch)
    used = set(Secret.objects.values_list("key_id", flat=True).distinct())
    done.retired = keys.retire(used, timezone.now() - GRACE)
    audit.write(
        "vault.rotated",
        details={
            "key": done.key_id,
            "encrypted": done.encrypted,
            "unreadable": len(done.unreadable),
            "retired": done.retired,
        },
    )
    return done


def encrypt_rows(done: Rotation, batch: int = BATCH) -> None:
    """Bring every row under the current key, a batch in a transaction; again until none is left, since a
    process may have committed a row under the key before."""
    while True:
        before, after, done.unreadable = done.encrypted, 0, []
        while (last := _batch(done, after, batch)) is not None:
            after = last
        if done.encrypted == before:
            return


def _batch(done: Rotation, after: int, batch: int) -> int | None:
    """One batch of rows with a higher id than ``after``; the last id, None when there is none."""
    key = keys.ring().current  # at each batch: where two rotate at once, both go on to the newer key
    with transaction.atomic():
        rows = list(
            Secret.objects.select_for_update(no_key=True)
            .filter(pk__gt=after)
            .exclude(key_id=key.id)
            .order_by("pk")[:batch]
        )
        for row in rows:
            try:
                sealed = sealing.reseal(row, key)
            except Unreadable as error:
                done.unreadable.append(error.message)
                continue
            Secret.objects.filter(pk=row.pk).update(key_id=key.id, sealed=sealed)
            done.encrypted += 1
    done.batches += bool(rows)
    return rows[-1].pk if rows else None
