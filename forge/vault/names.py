"""The rules that GitHub documents for names and sizes of secrets and variables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from forge.errors import FieldError, Invalid
from forge.vault.scopes import Kind, Scope

#: Bytes of one value.
VALUE_BYTES = 48 * 1024
#: How many there may be in a scope.
SECRETS: Mapping[Kind, int] = {"organization": 1000, "repository": 100, "environment": 100}
VARIABLES: Mapping[Kind, int] = {"organization": 1000, "repository": 500, "environment": 100}

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")


def check(resource: str, name: str) -> str:
    """The name as it is kept, in upper case; ``Invalid`` for what is none."""
    if not _NAME.fullmatch(name):
        reason = "may hold only letters, digits and underscores, may not begin with a digit, and has 255 at most"
        raise Invalid(f"{resource} names {reason}", [FieldError(resource, "name", "invalid", f"name {reason}")])
    if name.upper().startswith("GITHUB_"):
        reason = "may not begin with GITHUB_"
        raise Invalid(f"{resource} names {reason}", [FieldError(resource, "name", "invalid", f"name {reason}")])
    return name.upper()


def key(name: str) -> str:
    """The name by which a row is looked for; what could be no name is not found."""
    return name.upper() if _NAME.fullmatch(name) else ""


def check_value(resource: str, field: str, value: str) -> str:
    """The value, if it is text that databases and processes can carry, of at most 48 KB; ``Invalid`` otherwise."""
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        size = -1
    if size < 0 or "\0" in value:
        reason = "must be text without NUL and without halves of characters; encode other data as Base64"
    elif size > VALUE_BYTES:
        reason = f"has {size} bytes; {VALUE_BYTES} (48 KB) are the most"
    else:
        return value
    raise Invalid(f"The value of a {resource.lower()} {reason}", [FieldError(resource, field, "invalid", reason)])


def check_room(resource: str, scope: Scope, count: int, limits: Mapping[Kind, int]) -> None:
    """``Invalid`` when one more would be too many."""
    most = limits[scope.kind]
    if count >= most:
        raise Invalid(
            f"{scope.title[0].upper()}{scope.title[1:]} has {count} {resource.lower()}s already; {most} are the most",
            [FieldError(resource, "name", "custom", f"{most} are the most")],
        )
