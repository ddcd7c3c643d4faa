"""How values come in: sealed by the sender for a public key of the scope (libsodium's sealed boxes).

Each scope has a key pair of its own, derived from the vault's keys: a box made for one repository opens at no
other, and nothing more has to be kept. While an older key is in the ring, boxes for it are taken too.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from nacl.encoding import RawEncoder
from nacl.exceptions import CryptoError
from nacl.hash import blake2b
from nacl.public import PrivateKey, SealedBox

from forge.errors import FieldError, Invalid
from forge.vault import keys, names
from forge.vault.keys import Key
from forge.vault.scopes import Scope

#: Bytes that a sealed box is longer than what is in it.
_OVERHEAD = 48


@dataclass(frozen=True)
class Box:
    """What a sender gives: Base64 of a sealed box, and for which key it was made."""

    key_id: str
    encrypted_value: str


def public_key(scope: Scope) -> tuple[str, str]:
    """The id and the public key (Base64 of 32 bytes, Curve25519) to seal values of this scope for."""
    private = _private(keys.ring().current, scope)
    return _id(private), base64.b64encode(bytes(private.public_key)).decode()


def open_box(scope: Scope, box: Box) -> str:
    """The value in the box. ``Invalid``, with the field, for a box that is none or is for another key."""
    try:
        sealed = base64.b64decode(box.encrypted_value, validate=True)
    except (binascii.Error, ValueError):  # ValueError: letters beyond ASCII
        raise _refused("encrypted_value", "is not Base64") from None
    if len(sealed) > names.VALUE_BYTES + _OVERHEAD:
        most = f"{names.VALUE_BYTES} (48 KB) are the most"
        raise _refused("encrypted_value", f"holds {len(sealed) - _OVERHEAD} bytes; {most}")
    private = _known(scope, box.key_id)
    if private is None:
        raise _refused("key_id", f"is not that of the public key of {scope.title}; get the public key again")
    try:
        value = SealedBox(private).decrypt(sealed)
    except (CryptoError, ValueError, TypeError):
        raise _refused(
            "encrypted_value", "cannot be opened: seal the value with libsodium's crypto_box_seal for this public key"
        ) from None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise _refused("encrypted_value", "holds no UTF-8 text; encode other data as Base64") from None
    return names.check_value("Secret", "encrypted_value", text)


def _known(scope: Scope, key_id: str) -> PrivateKey | None:
    pairs = (_private(key, scope) for key in reversed(keys.ring().keys))
    return next((private for private in pairs if _id(private) == key_id), None)


def _private(key: Key, scope: Scope) -> PrivateKey:
    return PrivateKey(key.derive(f"forge.vault.intake\0{scope.bound}"))


def _id(private: PrivateKey) -> str:
    """A number, as GitHub's are: of 63 bits, so that every client can hold it."""
    digest = blake2b(bytes(private.public_key), digest_size=16, encoder=RawEncoder)
    return str(int.from_bytes(digest[:8], "big") >> 1)


def _refused(field: str, reason: str) -> Invalid:
    return Invalid(f"{field} {reason}", [FieldError("Secret", field, "invalid", f"{field} {reason}")])
