"""Artifacts, caches, rules of environments, and runs that wait for them."""

from __future__ import annotations

from datetime import timedelta

from django.core import signing
from django.utils import timezone

from forge.accounts.actor import Actor
from forge.actions import approve
from forge.actions.models import PendingDeployment
from forge.artifacts.models import Artifact
from forge.environments import environments, rules
from forge.environments.models import Environment, ProtectionRule
from tests import factories
from tests.forge.api.endpoints.world import World, piece


@piece("artifact", "artifact_id", "archive_format")
def _artifact(world: World) -> None:
    """An artifact ``dist`` of the run's job."""
    world.need("run")
    world.rows["artifact"] = row = factories.artifact(world.rows["job"])
    world.values |= {"artifact_id": row.pk, "archive_format": "zip"}


@piece("expired artifact")
def _expired(world: World) -> None:
    """The artifact past its time."""
    row = world.need("artifact")
    Artifact.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


@piece("signed artifact", "token")
def _signed(world: World) -> None:
    """An address that opens the artifact for a minute."""
    row = world.need("artifact")
    world.values["token"] = signing.dumps({"artifact": row.pk}, salt="forge.api.signed.artifacts")


@piece("cache", "cache_id")
def _cache(world: World) -> None:
    """A cache ``deps`` of the main branch."""
    world.rows["cache"] = row = factories.cache(world.hello)
    world.values["cache_id"] = row.pk


@piece("acme cache")
def _acme_cache(world: World) -> None:
    """A cache of the organisation's repository."""
    world.need("acme repository")
    factories.cache(world.rows["tools"])


@piece("branch policy", "branch_policy_id")
def _branch_policy(world: World) -> None:
    """The environment takes deployments from ``main`` only."""
    row = _patterned(world)
    world.values["branch_policy_id"] = rules.add_branch_policy(_owner(world), row, "main", "branch").pk


@piece("patterns")
def _patterns(world: World) -> None:
    """The environment takes deployments from the branches that it names, which are none so far."""
    _patterned(world)


@piece("integration")
def _integration(world: World) -> None:
    """An account of a program."""
    world.rows["integration"] = row = factories.account("deployer", kind="Bot")
    world.values["integration_id"] = row.pk


@piece("protection rule", "protection_rule_id")
def _protection_rule(world: World) -> None:
    """A program that must agree to deployments to the environment."""
    rule = ProtectionRule.objects.create(environment=world.need("environment"), integration=world.need("integration"))
    world.values["protection_rule_id"] = rule.pk


@piece("waiting run")
def _waiting(world: World) -> None:
    """A run whose job waits for the environment, of which everybody who may read is a reviewer."""
    world.need("queued run")
    environment = environments.get_or_create(world.hello, "Prod/eu")
    people = [world.account(login).pk for login in ("octo", "admin", "writer", "reader", "root")]
    rules.change(_owner(world), environment, {}, people)
    job, run = world.rows["job"], world.rows["run"]
    for row in (job, run.latest_attempt):
        row.status = "waiting"
        row.save()
    PendingDeployment.objects.create(job=job, run=run, environment=environment, environment_name=environment.name)
    world.values["environment_id"] = environment.pk


@piece("ruled run")
def _ruled(world: World) -> None:
    """The waiting run, where everybody who may read is a rule that must agree."""
    world.need("waiting run")
    environment = environments.get_or_create(world.hello, "Prod/eu")
    for login in ("octo", "admin", "writer", "reader", "root"):
        ProtectionRule.objects.create(environment=environment, integration=world.account(login))


@piece("held run")
def _held(world: World) -> None:
    """A run that waits as a whole for an approval."""
    world.need("queued run")
    attempt = world.rows["run"].latest_attempt
    attempt.hold, attempt.status = "approval", "waiting"
    attempt.save()
    world.rows["job"].delete()


@piece("second branch policy")
def _second_branch_policy(world: World) -> None:
    """The environment takes deployments from ``next`` as well."""
    world.need("branch policy")
    rules.add_branch_policy(_owner(world), world.rows["environment"], "next", "branch")


@piece("reviewer", "reviewer_id")
def _reviewer(world: World) -> None:
    """Somebody who may read the repository, for whom environments can ask."""
    world.values["reviewer_id"] = world.account("reader").pk


@piece("reviewed run")
def _reviewed(world: World) -> None:
    """The waiting run, which a reviewer has rejected."""
    world.need("waiting run")
    actor = Actor.for_session(world.account("reader"))
    approve.review(actor, world.rows["run"], [world.values["environment_id"]], "rejected", "not today")


def _owner(world: World) -> Actor:
    return Actor.for_session(world.account("octo"))


def _patterned(world: World) -> Environment:
    row: Environment = world.need("environment")
    rules.change(_owner(world), row, {"custom_branch_policies": True}, [])
    return row
