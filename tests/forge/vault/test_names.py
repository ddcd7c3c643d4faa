"""Names and sizes, as GitHub documents them."""

from __future__ import annotations

import pytest

from forge.errors import Invalid
from forge.vault import names
from forge.vault.models import Secret, Variable
from forge.vault.scopes import Scope
from tests.forge.vault import sender


@pytest.mark.parametrize(
    ("given", "kept"),
    [("TOKEN", "TOKEN"), ("token", "TOKEN"), ("_a1", "_A1"), ("GITHUB", "GITHUB"), ("x" * 255, "X" * 255)],
)
def test_names_are_kept_in_upper_case(given: str, kept: str) -> None:
    assert names.check("Secret", given) == kept
    assert names.key(given) == kept


@pytest.mark.parametrize(
    "given", ["", "1A", "A-B", "A B", "A.B", "Ä", "ſecret", "A\n", "x" * 256, "GITHUB_TOKEN", "github_x", "a/b"]
)
def test_what_is_no_name(given: str) -> None:
    with pytest.raises(Invalid) as refused:
        names.check("Secret", given)
    assert refused.value.errors[0].field == "name"


def test_a_letter_that_becomes_ascii_in_upper_case_finds_nothing() -> None:
    assert names.key("ſECRET") == ""


@pytest.mark.parametrize(("kind", "most"), [("organization", 1000), ("repository", 100), ("environment", 100)])
def test_how_many_secrets(scopes: dict[str, Scope], kind: str, most: int) -> None:
    scope = scopes[kind]
    visibility = "all" if kind == "organization" else ""
    Secret.objects.bulk_create(
        Secret(**scope.columns, name=f"S{number}", visibility=visibility, sealed=b"", key_id="k")
        for number in range(most - 1)
    )
    assert sender.secret(scope, "last", "x")
    with pytest.raises(Invalid, match=f"{most} are the most"):
        sender.secret(scope, "one_more", "x")
    assert not sender.secret(scope, "last", "y")


@pytest.mark.parametrize(("kind", "most"), [("organization", 1000), ("repository", 500), ("environment", 100)])
def test_how_many_variables(scopes: dict[str, Scope], kind: str, most: int) -> None:
    scope = scopes[kind]
    visibility = "all" if kind == "organization" else ""
    Variable.objects.bulk_create(
        Variable(**scope.columns, name=f"S{number}", visibility=visibility, value="") for number in range(most - 1)
    )
    sender.variable(scope, "last", "x")
    with pytest.raises(Invalid, match=f"{most} are the most"):
        sender.variable(scope, "one_more", "x")


@pytest.mark.parametrize("value", ["x" * (names.VALUE_BYTES + 1), "ä" * (names.VALUE_BYTES // 2 + 1), "\0", "\ud800"])
def test_values_of_variables(scopes: dict[str, Scope], value: str) -> None:
    with pytest.raises(Invalid) as refused:
        sender.variable(scopes["repository"], "a", value)
    assert refused.value.errors[0].field == "value"
    sender.variable(scopes["repository"], "b", "ä" * (names.VALUE_BYTES // 2))
