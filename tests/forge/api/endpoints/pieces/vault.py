"""Secrets, variables and environments."""

from __future__ import annotations

from forge.environments import environments
from forge.vault import intake, sealing
from forge.vault.models import Secret, Variable
from forge.vault.scopes import Scope
from tests.forge.api.endpoints.world import World, piece
from tests.forge.vault import sender


@piece("environment", "environment_name")
def _environment(world: World) -> None:
    """The environment ``Prod/eu``."""
    world.rows["environment"] = environments.get_or_create(world.hello, "Prod/eu")
    world.values["environment_name"] = "Prod/eu"


def _scope(world: World, place: str) -> Scope:
    if place == "environment":
        return Scope.of_environment(world.need("environment"))
    if place == "organization":
        world.need("acme repository")
        return Scope.of_organization(world.account("acme"))
    return Scope.of_repository(world.hello)


def _vault_pieces(place: str) -> None:
    before = "" if place == "repository" else f"{place} "

    def secret(world: World) -> None:
        scope = _scope(world, place)
        key_id, text = sealing.seal("a value", scope, "TOKEN")
        columns = {**scope.columns, "visibility": "selected" if place == "organization" else ""}
        row = Secret.objects.create(**columns, name="TOKEN", key_id=key_id, sealed=text)
        world.values["secret_name"] = row.name
        world.rows[f"{before}secret"] = row

    def variable(world: World) -> None:
        columns = {**_scope(world, place).columns, "visibility": "selected" if place == "organization" else ""}
        row = Variable.objects.create(**columns, name="COLOUR", value="blue")
        world.values["name"] = row.name
        world.rows[f"{before}variable"] = row

    def sealed(world: World) -> None:
        key_id, key = intake.public_key(_scope(world, place))
        world.values |= {"key_id": key_id, "sealed": sender.sealed("a value", key)}

    piece(f"{before}secret", "secret_name")(secret)
    piece(f"{before}variable")(variable)
    piece(f"{before}box", "key_id", "sealed")(sealed)


for _place in ("repository", "environment", "organization"):
    _vault_pieces(_place)


@piece("selected tools")
def _selected(world: World) -> None:
    """``acme/tools`` may use the organisation's secret and variable, as far as they are there."""
    tools = world.need("acme repository") or world.rows["tools"]
    for name in ("organization secret", "organization variable"):
        if row := world.rows.get(name):
            row.selected_repositories.add(tools)


@piece("secret for all")
def _secret_for_all(world: World) -> None:
    """The organisation's secret, that all its repositories may use."""
    world.need("organization secret")
    Secret.objects.filter(pk=world.rows["organization secret"].pk).update(visibility="all")


@piece("variable for all")
def _variable_for_all(world: World) -> None:
    """The organisation's variable, that all its repositories may use."""
    world.need("organization variable")
    Variable.objects.filter(pk=world.rows["organization variable"].pk).update(visibility="all")
