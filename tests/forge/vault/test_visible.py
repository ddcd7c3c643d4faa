"""What a job may see: who wins, who shares with whom, what a fork gets; and what is written down of it."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from forge.accounts import audit
from forge.accounts.models import Account
from forge.environments.models import Environment
from forge.repos.models import Repository
from forge.vault import sealing, visible
from forge.vault.keys import Unreadable
from forge.vault.models import Secret, Variable
from forge.vault.scopes import Scope
from forge.vault.selection import Access
from forge.vault.visible import Visible
from tests import factories
from tests.forge.vault import sender

Scopes = dict[str, Scope]
#: The one that wins first.
ORDER = ("environment", "repository", "organization")


def see(repository: Repository, environment: str | None = None, *, trusted: bool = True, **more: Any) -> Visible:
    """What a job of the repository gets."""
    return visible.for_job(repository, environment, **{"job_id": 7, "run_id": 3, "epoch": 2, **more}, trusted=trusted)


@pytest.mark.parametrize("there", [[*chosen] for chosen in product((False, True), repeat=3)], ids=str)
@pytest.mark.parametrize("named", [None, "production", "PRODUCTION", "staging", ""])
def test_precedence(scopes: Scopes, repository: Repository, there: list[bool], named: str | None) -> None:
    kinds = [kind for kind, given in zip(ORDER, there, strict=True) if given]
    for kind in kinds:
        sender.secret(scopes[kind], "TOKEN", f"secret of the {kind}")
        sender.variable(scopes[kind], "TOKEN", f"variable of the {kind}")
    reachable = [kind for kind in kinds if kind != "environment" or (named or "").lower() == "production"]
    winner = reachable[0] if reachable else None

    seen = see(repository, named)

    assert seen.secrets == ({"TOKEN": f"secret of the {winner}"} if winner else {})
    assert seen.variables == ({"TOKEN": f"variable of the {winner}"} if winner else {})
    assert visible.variables(repository, named) == seen.variables


@pytest.mark.parametrize("model", [Secret, Variable])
@pytest.mark.parametrize(
    ("visibility", "private", "selected", "visible_there"),
    [
        ("all", False, False, True),
        ("all", True, False, True),
        ("private", False, False, False),
        ("private", True, False, True),
        ("selected", False, False, False),
        ("selected", True, False, False),
        ("selected", False, True, True),
        ("selected", True, True, True),
    ],
)
def test_what_an_organization_shares(
    acme: Account, model: type[Any], visibility: str, private: bool, selected: bool, visible_there: bool
) -> None:
    asked = factories.repository(acme, "asked", private=private)
    other = factories.repository(acme, "other")
    chosen = [asked.pk if selected else other.pk] if visibility == "selected" else None
    make = sender.secret if model is Secret else sender.variable
    make(Scope.of_organization(acme), "SHARED", "x", Access(visibility, chosen))

    seen = see(asked)

    found = seen.secrets if model is Secret else seen.variables
    assert found == ({"SHARED": "x"} if visible_there else {})


def test_nothing_of_anybody_else(scopes: Scopes, acme: Account, environment: Environment) -> None:
    for scope in scopes.values():
        sender.secret(scope, "TOKEN", "x")
        sender.variable(scope, "TOKEN", "x")
    stranger = factories.repository(None, "hello", private=True)
    assert see(stranger, "production") == Visible()
    sibling = factories.repository(acme, "sibling")
    assert see(sibling, "production").secrets.keys() == {"TOKEN"}  # the organisation's
    assert audit.queries(repository_id=sibling.pk).get().environment == ""


def test_a_fork_gets_no_secret(scopes: Scopes, repository: Repository) -> None:
    for kind, scope in scopes.items():
        sender.secret(scope, f"OF_{kind}", "x")
        sender.variable(scope, f"OF_{kind}", "y")
    seen = see(repository, "production", trusted=False)
    assert seen.secrets == {}
    assert seen.variables == {"OF_ENVIRONMENT": "y", "OF_ORGANIZATION": "y", "OF_REPOSITORY": "y"}
    assert not audit.queries(action="secrets.handed_over").exists()


def test_what_is_handed_over_is_written_down(scopes: Scopes, repository: Repository) -> None:
    sender.secret(scopes["repository"], "B", "the value of b")
    sender.secret(scopes["environment"], "A", "the value of a")
    see(repository, "production", job_id=70, run_id=30, epoch=4)
    (entry,) = audit.queries(run_id=30)
    assert (entry.action, entry.job_id, entry.run_id, entry.epoch) == ("secrets.handed_over", 70, 30, 4)
    assert (entry.names, entry.environment) == (["A", "B"], "Production")
    assert (entry.repository_id, entry.owner_id, entry.actor_id) == (repository.pk, repository.owner_id, None)
    assert entry.at is not None
    assert "the value" not in str(vars(entry))


def test_nothing_handed_over_is_nothing_written(scopes: Scopes, repository: Repository) -> None:
    sender.variable(scopes["repository"], "A", "x")
    see(repository)
    assert not audit.queries(action="secrets.handed_over").exists()


def test_one_that_cannot_be_read_is_named(scopes: Scopes, repository: Repository, acme: Account) -> None:
    for name in ("GOOD", "LOST"):
        sender.secret(scopes["organization"], name, "x")
    Secret.objects.filter(name="LOST").update(key_id="gone")
    with pytest.raises(Unreadable, match="The secret LOST of the organization acme cannot be read: its key gone"):
        see(repository)
    assert not audit.queries(action="secrets.handed_over").exists()
    sender.secret(scopes["repository"], "LOST", "one's own")  # nothing else is broken, and this mends it
    assert see(repository).secrets == {"GOOD": "x", "LOST": "one's own"}


def test_the_first_hundred_of_an_organization(acme: Account, repository: Repository) -> None:
    scope = Scope.of_organization(acme)
    rows = []
    for number in range(105):
        name = f"S{number:03}"
        key_id, sealed = sealing.seal("x", scope, name)
        rows.append(Secret(organization=acme, visibility="all", name=name, key_id=key_id, sealed=sealed))
    Secret.objects.bulk_create(reversed(rows))
    assert list(see(repository).secrets) == [f"S{number:03}" for number in range(100)]


def test_variables_fill_256_kb(scopes: Scopes, repository: Repository) -> None:
    block = "x" * (40 * 1024)
    for number in range(4):  # 160 KB
        sender.variable(scopes["repository"], f"R{number}", block)
    for number in range(4):
        sender.variable(scopes["organization"], f"O{number}", block)  # two of them fit
    sender.variable(scopes["organization"], "Z", "small, after what does not fit")
    sender.variable(scopes["environment"], "E", block)
    assert list(visible.variables(repository, "production")) == ["E", "O0", "O1", "R0", "R1", "R2", "R3"]
    for number in range(4, 8):
        sender.variable(scopes["repository"], f"R{number}", block)
    assert list(visible.variables(repository)) == ["R0", "R1", "R2", "R3", "R4", "R5"]


@pytest.mark.parametrize("count", [1, 30])
def test_queries_do_not_grow(scopes: Scopes, acme: Account, repository: Repository, count: int) -> None:
    for scope in scopes.values():
        access = Access("selected", [repository.pk]) if scope.kind == "organization" else None
        for number in range(count):
            sender.secret(scope, f"S{number}{scope.kind}", "x", access)
            sender.variable(scope, f"V{number}{scope.kind}", "x", access)
    asked = Repository.objects.select_related("owner").get(pk=repository.pk)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert len(see(asked, "production").secrets) == 3 * count
    assert len(seen) == 4  # the environment, its secrets, its variables, the audit entry
    with CaptureQueriesContext(connection) as seen:
        visible.variables(asked, "production")
    assert len(seen) == 2


def test_values_do_not_show(scopes: Scopes, repository: Repository) -> None:
    sender.secret(scopes["repository"], "TOKEN", "not to be shown")
    assert "not to be shown" not in repr(see(repository))
