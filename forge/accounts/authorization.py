"""The token in an Authorization header, whichever scheme carries it."""

from __future__ import annotations

import base64
import binascii


def token_of(header: str) -> str | None:
    """The token of ``Bearer``, ``token`` or Basic; None when the header holds none.

    In a Basic credential it is the password; or the user name, where the password is empty or says
    ``x-oauth-basic``, as git's users write it.
    """
    scheme, _, rest = header.strip().partition(" ")
    text = rest.strip()
    if scheme.lower() == "basic":
        return _basic(text) or None
    return text or None if scheme.lower() in ("bearer", "token") else None


def _basic(text: str) -> str:
    try:
        name, _, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return name if password in ("", "x-oauth-basic") else password
