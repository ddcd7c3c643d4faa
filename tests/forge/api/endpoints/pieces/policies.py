"""What a repository and its organisation allow, other than at first."""

from __future__ import annotations

from typing import Any

from forge.accounts.actor import Actor
from forge.repos import policies
from forge.repos.policies import Scope
from tests.forge.api.endpoints.world import World, piece


@piece("acme selection")
def _acme_selection(world: World) -> None:
    """The organisation lets selected repositories run workflows, of which its own is none."""
    world.need("acme repository")
    _change(world, world.account("acme"), enabled_repositories="selected", runner_repositories="selected")


@piece("acme choice")
def _acme_choice(world: World) -> None:
    """The organisation's repository is selected."""
    world.need("acme selection")
    row = policies.of(world.account("acme"))
    row.selected_repositories.add(world.rows["tools"])
    row.selected_runner_repositories.add(world.rows["tools"])


@piece("acme without selection")
def _acme_without(world: World) -> None:
    """The organisation lets all of its repositories, selected or not."""
    world.need("acme repository")
    _change(world, world.account("acme"), enabled_repositories="all", runner_repositories="all")


@piece("strict acme")
def _strict(world: World) -> None:
    """The organisation lets no workflow run, and nobody's pull request from a fork."""
    world.need("acme repository")
    _change(world, world.account("acme"), enabled_repositories="none", fork_approval="all_external_contributors")


@piece("switched off")
def _switched_off(world: World) -> None:
    """The repository runs no workflows."""
    _change(world, world.hello, enabled=False)


@piece("claims")
def _claims(world: World) -> None:
    """The repository has claims of its own in its OIDC subjects."""
    _change(world, world.hello, oidc_default=False, oidc_claim_keys=["repo", "context"])


@piece("acme claims")
def _acme_claims(world: World) -> None:
    """The organisation proposes claims for OIDC subjects."""
    _change(world, world.account("acme"), oidc_default=False, oidc_claim_keys=["repo"])


@piece("selected actions")
def _selected_actions(world: World) -> None:
    """Repository and organisation let in selected actions."""
    for scope in (world.hello, world.account("acme")):
        _change(world, scope, allowed_actions="selected")


@piece("all actions")
def _all_actions(world: World) -> None:
    """Repository and organisation let in every action."""
    for scope in (world.hello, world.account("acme")):
        _change(world, scope, allowed_actions="all")


def _change(world: World, scope: Scope, **values: Any) -> None:
    policies.change(Actor.for_session(world.account("octo")), scope, values)
