"""Values of secrets, encrypted at rest: XChaCha20-Poly1305 under a key named by its id.

Each ciphertext is bound to scope, name and key: put into another row, or under another name, it does not open.
"""

from __future__ import annotations

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt as _decrypt,
)
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_encrypt as _encrypt,
)
from nacl.exceptions import CryptoError
from nacl.utils import random

from forge.vault import keys, scopes
from forge.vault.keys import Key, Unreadable
from forge.vault.models import Secret
from forge.vault.scopes import Scope

_NONCE = 24
_PURPOSE = "forge.vault.values"


def seal(value: str, scope: Scope, name: str) -> tuple[str, bytes]:
    """The value under the current key: the key's id and the bytes to keep."""
    return _seal(keys.ring().current, value.encode(), scope.bound, name)


def reseal(row: Secret, key: Key) -> bytes:
    """The row's value once more, under another key. ``Unreadable`` as ``unseal``."""
    return _seal(key, unseal(row).encode(), _bound(row), row.name)[1]


def unseal(row: Secret) -> str:
    """The value of a row. ``Unreadable`` when its key is lost, or the row is not as it was written."""
    key = keys.ring().get(row.key_id)
    if key is None:
        raise Unreadable(
            f"The secret {row.name} of {_title(row)} cannot be read: its key {row.key_id} is not in the vault's key "
            "file. Bring that key back, or set the secret again."
        )
    sealed = bytes(row.sealed)
    try:
        opened = _decrypt(sealed[_NONCE:], _binding(_bound(row), row.name, key), sealed[:_NONCE], key.derive(_PURPOSE))
    except (CryptoError, ValueError):
        raise Unreadable(
            f"The secret {row.name} of {_title(row)} cannot be read: what is stored is not what was written. "
            "Set the secret again."
        ) from None
    return opened.decode()


def _seal(key: Key, value: bytes, bound: str, name: str) -> tuple[str, bytes]:
    nonce = random(_NONCE)
    return key.id, nonce + _encrypt(value, _binding(bound, name, key), nonce, key.derive(_PURPOSE))


def _binding(bound: str, name: str, key: Key) -> bytes:
    return "\0".join((_PURPOSE, bound, name, key.id)).encode()


def _bound(row: Secret) -> str:
    """As ``Scope.bound``, without fetching what the row belongs to."""
    for kind in ("organization", "repository", "environment"):
        if (number := getattr(row, f"{kind}_id")) is not None:
            return f"{kind}:{number}"
    raise AssertionError("a constraint of the database gives every row one scope")


def _title(row: Secret) -> str:
    return scopes.of_row(row).title
