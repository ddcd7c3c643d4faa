"""Secrets and variables as people keep them: set, changed, selected, deleted, and every time written down."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from forge.accounts import audit
from forge.accounts.models import Account, AuditEntry
from forge.environments.models import Environment
from forge.errors import Conflict, Invalid, NotFound
from forge.repos.models import Repository
from forge.vault import queries, removal, sealing, secrets, selection, variables
from forge.vault.models import Secret, Variable
from forge.vault.scopes import Scope
from forge.vault.selection import Access
from tests import factories
from tests.forge.vault import sender

Scopes = dict[str, Scope]
KINDS = ("organization", "repository", "environment")


def actions() -> list[str]:
    """What the audit log has, oldest first."""
    return [entry.action for entry in audit.queries().order_by("id")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_is_set_changed_and_deleted(scopes: Scopes, kind: str) -> None:
    scope = scopes[kind]
    assert sender.secret(scope, "token", "first") is True
    assert sender.secret(scope, "TOKEN", "second") is False
    assert sealing.unseal(Secret.objects.get()) == "second"
    secrets.delete(sender.somebody(), scope, "Token")
    with pytest.raises(NotFound):
        secrets.delete(sender.somebody(), scope, "Token")
    assert actions() == ["secret.created", "secret.updated", "secret.deleted"]
    assert all(entry.names == ["TOKEN"] for entry in audit.queries())


@pytest.mark.parametrize("kind", KINDS)
def test_a_variable_is_created_changed_and_deleted(scopes: Scopes, kind: str) -> None:
    scope, who = scopes[kind], sender.somebody()
    sender.variable(scope, "one", "1")
    sender.variable(scope, "two", "2")
    with pytest.raises(Conflict, match="Variable already exists"):
        sender.variable(scope, "ONE", "other")
    variables.update(who, scope, "one", value="changed")
    variables.update(who, scope, "ONE", new_name="three")
    with pytest.raises(Conflict):
        variables.update(who, scope, "three", new_name="TWO")
    variables.update(who, scope, "three", new_name="Three")
    assert dict(Variable.objects.values_list("name", "value")) == {"TWO": "2", "THREE": "changed"}
    variables.delete(who, scope, "two")
    for verb in (variables.delete, variables.update):
        with pytest.raises(NotFound):
            verb(who, scope, "two")  # type: ignore[operator]
    assert actions() == ["variable.created"] * 2 + ["variable.updated"] * 3 + ["variable.deleted"]


def test_an_entry_says_who_and_where(scopes: Scopes, repository: Repository, environment: Environment) -> None:
    who = factories.account("ana")
    secrets.put(sender.somebody(who), scopes["environment"], "A", sender.box(scopes["environment"], "secret value"))
    (entry,) = audit.queries(owner=repository.owner)
    assert (entry.actor_id, entry.actor_login) == (who.pk, "ana")
    assert (entry.repository_id, entry.environment) == (repository.pk, "Production")
    assert entry.scope == "the environment Production of acme/hello"
    assert "secret value" not in str(vars(entry))


def test_the_log_is_only_added_to(scopes: Scopes) -> None:
    sender.secret(scopes["repository"], "A", "x")
    entry = audit.queries().get()
    entry.names = []
    changes: list[Any] = [
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.filter(pk=entry.pk).update(names=[]),
        lambda: AuditEntry.objects.bulk_update([entry], ["names"]),
    ]
    for change in changes:
        with pytest.raises(TypeError, match="only added to"):
            change()
    assert audit.queries().get().names == ["A"]


def test_access_alone_changes_the_access_alone(scopes: Scopes, acme: Account, repository: Repository) -> None:
    scope, who = scopes["organization"], sender.somebody()
    sender.secret(scope, "A", "kept", Access("selected", [repository.pk]))
    secrets.put(who, scope, "A", None, Access("private"))
    row = Secret.objects.get()
    assert (row.visibility, sealing.unseal(row)) == ("private", "kept")
    assert not row.selected_repositories.exists()
    with pytest.raises(Invalid, match="needs encrypted_value"):
        secrets.put(who, scope, "NEW", None, Access("all"))
    assert Secret.objects.count() == 1


@pytest.mark.parametrize("model", [Secret, Variable])
def test_the_selection(scopes: Scopes, acme: Account, repository: Repository, model: type[Any]) -> None:
    second, foreign = factories.repository(acme, "second"), factories.repository()
    scope, who = scopes["organization"], sender.somebody()
    (sender.secret if model is Secret else sender.variable)(scope, "A", "x", Access("selected"))
    row = queries.entry(model, scope, "a")

    def chosen() -> set[int]:
        return {one.pk for one in selection.repositories(row)}

    selection.replace(who, row, [repository.pk])
    selection.add(who, row, second.pk)
    selection.add(who, row, second.pk)
    assert chosen() == {repository.pk, second.pk}
    selection.remove(who, row, repository.pk)
    assert chosen() == {second.pk}
    for change in (selection.add, selection.remove):
        with pytest.raises(NotFound):
            change(who, row, foreign.pk)
    with pytest.raises(Invalid, match="no repository of the organization acme"):
        selection.replace(who, row, [second.pk, foreign.pk])
    assert chosen() == {second.pk}
    assert actions()[1:] == [f"{model.__name__.lower()}.updated"] * 4


@pytest.mark.parametrize("word", ["all", "private"])
def test_only_selected_has_a_selection(scopes: Scopes, repository: Repository, word: str) -> None:
    scope, who = scopes["organization"], sender.somebody()
    sender.variable(scope, "A", "x", Access(word, []))
    row = queries.entry(Variable, scope, "A")
    with pytest.raises(Conflict, match=f"is {word}, not selected"):
        selection.replace(who, row, [repository.pk])
    with pytest.raises(Conflict):
        selection.add(who, row, repository.pk)
    with pytest.raises(Invalid, match="only with the visibility selected"):
        variables.update(who, scope, "A", access=Access(word, [repository.pk]))
    with pytest.raises(Invalid, match="must be one of all, private, selected"):
        variables.update(who, scope, "A", access=Access("everyone"))


def test_an_environment_takes_its_entries_with_it(scopes: Scopes, environment: Environment) -> None:
    for kind in ("environment", "repository"):
        sender.secret(scopes[kind], f"S_{kind}", "x")
        sender.variable(scopes[kind], f"V_{kind}", "x")
    removal.environment(sender.somebody(), environment)
    assert [row.name for row in (*Secret.objects.all(), *Variable.objects.all())] == ["S_REPOSITORY", "V_REPOSITORY"]
    last = list(audit.queries()[:3])
    assert [(entry.action, entry.names) for entry in reversed(last)] == [
        ("secret.deleted", ["S_ENVIRONMENT"]),
        ("variable.deleted", ["V_ENVIRONMENT"]),
        ("environment.deleted", ["Production"]),
    ]


def test_a_row_has_one_scope(scopes: Scopes, acme: Account, repository: Repository) -> None:
    wrong: list[dict[str, Any]] = [
        {},
        {"repository": repository, "organization": acme},
        {"repository": repository, "visibility": "all"},
        {"organization": acme},
        {"organization": acme, "visibility": "some"},
    ]
    for columns in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            Variable.objects.create(name="A", value="", **columns)
