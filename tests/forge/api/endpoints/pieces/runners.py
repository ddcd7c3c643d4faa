"""Runners and the tokens that let them in and out."""

from __future__ import annotations

from forge.runners import credentials, registration
from forge.runners.models import Runner
from tests import factories
from tests.forge.api.endpoints.world import World, piece


@piece("agent", "credential")
def _agent(world: World) -> None:
    """A runner of the whole site, whose credential is known."""
    text = credentials.new("shc_")
    world.rows["agent"] = row = factories.runner("agent-1")
    Runner.objects.filter(pk=row.pk).update(credential_hash=credentials.hashed(text))
    world.values |= {"credential": text}


@piece("runner", "runner_id")
def _runner(world: World) -> None:
    """A runner of the repository, never seen."""
    world.rows["runner"] = row = factories.runner("runner-1", repository=world.hello, labels=["gpu"])
    world.values["runner_id"] = row.pk


@piece("acme runner")
def _acme_runner(world: World) -> None:
    """A runner of the organisation, never seen."""
    world.rows["runner"] = row = factories.runner("runner-2", owner=world.account("acme"), labels=["gpu"])
    world.values["runner_id"] = row.pk


@piece("registration token", "registration_token")
def _registration(world: World) -> None:
    """One that lets an agent in."""
    world.values["registration_token"] = registration.create_token(repository=world.hello)


@piece("remove token", "remove_token")
def _removal(world: World) -> None:
    """One with which runners of the repository take themselves away."""
    world.values["remove_token"] = registration.create_token(repository=world.hello, purpose="remove")
