"""Sealed boxes: what opens, where, and how everything else is refused."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from forge.errors import Invalid
from forge.vault import intake, keys, names
from forge.vault.intake import Box
from forge.vault.scopes import Scope
from tests.forge.vault.sender import box, sealed

Scopes = dict[str, Scope]
KINDS = ("organization", "repository", "environment")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", ["", "s3cret", "zwei\nZeilen\r\n", "ключ 🔑", "x" * names.VALUE_BYTES])
def test_what_is_sealed_for_a_scope_opens_there(scopes: Scopes, kind: str, value: str) -> None:
    assert intake.open_box(scopes[kind], box(scopes[kind], value)) == value


def test_each_scope_has_its_own_pair(scopes: Scopes) -> None:
    pairs = {intake.public_key(scope) for scope in scopes.values()}
    assert len({key_id for key_id, _ in pairs}) == len({key for _, key in pairs}) == 3
    assert all(key_id.isdigit() and len(base64.b64decode(key)) == 32 for key_id, key in pairs)
    assert {intake.public_key(scope) for scope in scopes.values()} == pairs


def test_a_box_for_one_scope_opens_at_no_other(scopes: Scopes) -> None:
    with pytest.raises(Invalid, match="key_id is not that of the public key"):
        intake.open_box(scopes["organization"], box(scopes["repository"], "x"))
    known = intake.public_key(scopes["organization"])[0]
    with pytest.raises(Invalid, match="cannot be opened"):
        intake.open_box(scopes["organization"], Box(known, box(scopes["repository"], "x").encrypted_value))


def test_a_box_for_the_key_before_still_opens(scopes: Scopes) -> None:
    made = box(scopes["repository"], "sent late")
    keys.add()
    assert intake.public_key(scopes["repository"])[0] != made.key_id
    assert intake.open_box(scopes["repository"], made) == "sent late"


def cut(text: str) -> str:
    return base64.b64encode(base64.b64decode(text)[:-1]).decode()


@pytest.mark.parametrize(
    ("value", "change", "field", "words"),
    [
        ("x", lambda text: text[:-2] + "!!", "encrypted_value", "is not Base64"),
        ("x", lambda text: "ä" + text, "encrypted_value", "is not Base64"),
        ("x", lambda text: text + "\n", "encrypted_value", "is not Base64"),
        ("x", lambda text: "", "encrypted_value", "cannot be opened"),
        ("x", lambda text: "AAAA", "encrypted_value", "cannot be opened"),
        ("x", cut, "encrypted_value", "cannot be opened"),
        ("x" * (names.VALUE_BYTES + 1), str, "encrypted_value", "48 KB"),
        ("x" * (1 << 20), str, "encrypted_value", "48 KB"),
        (b"\xff\xfe", str, "encrypted_value", "UTF-8"),
        ("a\0b", str, "encrypted_value", "NUL"),
    ],
)
def test_what_is_no_box_is_said(
    scopes: Scopes, value: str | bytes, change: Callable[[str], str], field: str, words: str
) -> None:
    made = box(scopes["repository"], value)
    with pytest.raises(Invalid, match=words) as refused:
        intake.open_box(scopes["repository"], Box(made.key_id, change(made.encrypted_value)))
    assert refused.value.errors[0].field == field
    assert "x" * 20 not in refused.value.message


@pytest.mark.parametrize("key_id", ["", "1", "nonsense", "9" * 5000])
def test_an_unknown_key_is_said(scopes: Scopes, key_id: str) -> None:
    scope = scopes["repository"]
    with pytest.raises(Invalid, match="get the public key again") as refused:
        intake.open_box(scope, Box(key_id, sealed("x", intake.public_key(scope)[1])))
    assert refused.value.errors[0].field == "key_id"
