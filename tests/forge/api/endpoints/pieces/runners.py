"""Runners and the tokens that let them in and out."""

from __future__ import annotations

from django.utils import timezone

from forge.accounts.actor import Actor
from forge.actions.models import Claim
from forge.runners import credentials, groups, registration
from forge.runners.group_settings import Settings
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


@piece("busy runner")
def _busy(world: World) -> None:
    """That runner with a job in hand."""
    _hold(world, world.need("runner"))


@piece("busy acme runner")
def _busy_of_acme(world: World) -> None:
    """The same of the organisation's."""
    world.need("acme runner")
    _hold(world, world.rows["runner"])


@piece("runner group", "runner_group_id")
def _group(world: World) -> None:
    """A group of the organisation with its runner, open to its one repository."""
    acme = world.account("acme")
    repository = factories.repository(acme, "grouped", private=True)
    world.need("acme runner")
    said = Settings(
        "big", visibility="selected", repository_ids=[repository.pk], runner_ids=[world.values["runner_id"]]
    )
    group = groups.create(Actor.for_session(world.account("octo")), acme, said)
    world.values |= {"runner_group_id": group.number, "grouped_id": repository.pk}


def _hold(world: World, runner: Runner) -> None:
    attempt = factories.run(factories.workflow(world.hello, "busy.yml"), status="in_progress").latest_attempt
    assert attempt is not None
    job = factories.job(attempt, status="in_progress", runner=runner)
    Claim.objects.create(job=job, runner=runner, epoch=1, request_key="k", lease_expires_at=timezone.now())


@piece("registration token", "registration_token")
def _registration(world: World) -> None:
    """One that lets an agent in."""
    world.values["registration_token"] = registration.create_token(repository=world.hello)


@piece("remove token", "remove_token")
def _removal(world: World) -> None:
    """One with which runners of the repository take themselves away."""
    world.values["remove_token"] = registration.create_token(repository=world.hello, purpose="remove")
