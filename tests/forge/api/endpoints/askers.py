"""Everybody who may ask, by every scheme, and what each must be told. Worked out here from the right that a call needs,
apart from the code that decides it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from forge.accounts import tokens
from forge.accounts.models import Account
from forge.accounts.needs import Need
from forge.actions import assignment
from forge.runners import credentials
from tests import factories
from tests.forge.api.endpoints.cases import Operation
from tests.forge.api.endpoints.pieces.runs import claimed
from tests.forge.api.endpoints.world import World

#: Where a call does what it is for; every other expectation is the status of a refusal.
DONE = 0
#: Everything that a person's token can be given.
ALL = ("repo", "admin:org", "workflow", "user")
_LEVELS = {"read": 1, "write": 2, "admin": 3}
_OF_REPOSITORY = tuple(_LEVELS)
#: Who opens which door of agents; everybody else is a 401 there, or a 403 at that of registration.
_CREDENTIALS = {"runner": "credential", "lease": "lease", "registration": "registration_token"}


@dataclass(frozen=True)
class Asker:
    """Somebody with a credential of some kind. ``makes`` prepares the client within the test's world; ``gets`` is
    DONE or the status of the refusal."""

    name: str
    makes: Callable[[World], Client]
    gets: int


def bearer(text: str, scheme: str = "Bearer") -> Client:
    """A client that shows this text."""
    if scheme == "Basic":
        text = base64.b64encode(f"x-access-token:{text}".encode()).decode()
    return Client(headers={"authorization": f"{scheme} {text}"})


def session(account: Account, *, csrf: bool = True) -> Client:
    """A browser that has logged in; with ``csrf`` it shows the token of its pages."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(account)
    if csrf:
        secret = "a" * 32
        client.cookies["csrftoken"] = secret
        client.defaults["HTTP_X_CSRFTOKEN"] = secret
    return client


def entitled(operation: Operation) -> Callable[[World], Client]:
    """Who makes the cases: whoever just has the right."""
    door = _CREDENTIALS.get(operation.right)
    if door:
        return lambda world: bearer(str(world.value(door)))
    if operation.right in ("anyone", "address"):
        return lambda world: Client()
    login = {"read": "reader", "write": "writer", "admin": "admin"}.get(operation.right, "octo")
    return lambda world: bearer(factories.token(world.account(login), *ALL))


def everybody(operation: Operation, need: Need | None, *, private: bool) -> Iterator[Asker]:
    """All who ask for this operation; ``need`` is what its view declares of a job's token, None where it takes none."""
    if operation.right in _CREDENTIALS:
        yield from _at_a_door(operation)
    elif operation.right != "address":
        yield from _people(operation, private=private)
        if private or operation.right not in _OF_REPOSITORY:
            yield from _schemes(operation)
        yield from _scopes(operation, private=private)
        if need is not None:
            yield from _jobs(operation, need, private=private)


def _people(operation: Operation, *, private: bool) -> Iterator[Asker]:
    """One of each kind, all with tokens that may do everything."""
    gets = _gets(operation, private=private)
    yield Asker("anonymous", lambda world: Client(), gets("", 0))
    for login, level in (("stranger", 0), ("reader", 1), ("writer", 2), ("admin", 3), ("octo", 4), ("root", 4)):
        yield Asker(login, _token(login, *ALL), gets(login, level))
    if operation.right == "owner":
        yield Asker("member", _token("member", *ALL), 403)


def _gets(operation: Operation, *, private: bool) -> Callable[[str, int], int]:
    """What a person with this level in the repository (0: none, 4: its owner) must be told."""

    def told(login: str, level: int) -> int:
        if operation.right == "anyone":
            return DONE
        if operation.right == "person":
            return DONE if login else 401
        if operation.right == "owner":
            return DONE if level == 4 else 403 if login else 401
        if level == 0 and private:
            return 404
        if max(level, 1) >= _LEVELS[operation.right]:
            return DONE
        return 403 if login else 401

    return told


def _schemes(operation: Operation) -> Iterator[Asker]:
    """The owner by every scheme, and credentials that are worth nothing."""
    for scheme in ("token", "Basic"):
        yield Asker(f"octo by {scheme}", _token("octo", *ALL, scheme=scheme), DONE)
    yield Asker("octo by session", lambda world: session(world.account("octo")), DONE)
    if not operation.looks:
        yield Asker("octo by session, forged", lambda world: session(world.account("octo"), csrf=False), 403)
    yield Asker("expired token", _token("octo", *ALL, expires_at=timezone.now() - timedelta(seconds=1)), 401)
    yield Asker("revoked token", _revoked, 401)
    yield Asker("token of a closed account", _closed, 401)
    yield Asker("wrong token", lambda world: bearer("shp_wrong"), 401)
    yield Asker("token by no scheme", lambda world: bearer(factories.token(world.account("octo")), "Digest"), 401)
    yield Asker("runner", lambda world: bearer(str(world.value("credential"))), 401)


def _scopes(operation: Operation, *, private: bool) -> Iterator[Asker]:
    """The owner with tokens that may do little."""
    level = _LEVELS.get(operation.right)
    for scopes in (("read:org",), ("repo:read",), ("repo:write",), ("public_repo",), ("repo",)):
        if level is not None:
            covered = _covered(scopes[0], level, private=private)
            readable = not private or _covered(scopes[0], 1, private=True)
            gets = DONE if covered and _listed(operation, scopes[0]) else 403 if readable else 404
        elif operation.right == "owner":
            gets = DONE if "admin:org" in operation.scopes and scopes[0] == "admin:org" else 403
        else:
            gets = DONE if _listed(operation, scopes[0]) else 403
        yield Asker(f"octo with {scopes[0]}", _token("octo", *scopes), gets)
    if level is not None:
        elsewhere = 404 if private else DONE if level == 1 and not operation.scopes else 403
        yield Asker("octo's token of another repository", _bound_elsewhere, elsewhere)
        yield Asker("octo's token of this repository", _bound_here, DONE)
    if operation.right == "owner":
        yield Asker("octo with admin:org", _token("octo", "admin:org"), DONE)
        yield Asker("octo's token of this repository", _bound_here, 403)


def _covered(scope: str, level: int, *, private: bool) -> bool:
    """Whether a scope lets the owner of a repository do there what this level means."""
    if scope == "repo":
        return True
    if not private and (level == 1 or scope == "public_repo"):
        return True
    return (scope, level) in (("repo:read", 1), ("repo:write", 1), ("repo:write", 2))


def _listed(operation: Operation, scope: str) -> bool:
    """Whether a scope gives one that the operation asks for besides (any, where it asks for none)."""
    gives = {
        "repo": {"repo", "repo:write", "repo:read", "public_repo", "delete_repo"},
        "repo:write": {"repo:write", "repo:read"},
    }
    return not operation.scopes or bool(gives.get(scope, {scope}) & set(operation.scopes))


def _jobs(operation: Operation, need: Need, *, private: bool) -> Iterator[Asker]:
    """GITHUB_TOKENs: of a job with just the permission, of one without any, of one in another repository."""
    level = _LEVELS.get(operation.right)
    public_read = not private and level == 1 and need.level == "read"
    holdable = need.can_be_held and operation.right not in ("admin", "owner", "person")
    free = need.is_any or need.permission == "metadata"
    yield Asker("job with the permission", lambda world: _job(world, need), DONE if holdable else 403)
    without = DONE if holdable and (free or public_read or level is None) else 403
    yield Asker("job without", lambda world: _job(world, None), without)
    ended = lambda world: _job(world, need, ended=True)  # noqa: E731 - like the lambdas beside it
    yield Asker("job that is over", ended, 401)
    if level is not None:
        foreign = DONE if public_read and holdable else 404 if private else 403
        yield Asker("job of another repository", lambda world: _job(world, need, elsewhere=True), foreign)


def _job(world: World, need: Need | None, *, elsewhere: bool = False, ended: bool = False) -> Client:
    names = need is not None and need.can_be_held and not need.is_any and need.permission != "metadata"
    held = f"{{{need.permission}: {need.level}}}" if need is not None and names else "{}"
    source = factories.source(f"on: push\npermissions: {held}\njobs: {{a: {{runs-on: x, steps: [{{run: 'true'}}]}}}}\n")
    within = factories.repository(world.account("stranger")) if elsewhere else world.hello
    run = factories.run(factories.workflow(within, "of-a-job.yml"), status="in_progress", source=source)
    claim = claimed(run.latest_attempt, world.need("agent"), key="a", status="in_progress")[1]
    if ended:
        claim.ended_at = timezone.now()
        claim.save()
    return bearer(assignment.job_token(claim))


def _at_a_door(operation: Operation) -> Iterator[Asker]:
    refused = 403 if operation.right == "registration" else 401
    yield Asker("anonymous", lambda world: Client(), 401)
    yield Asker("octo", _token("octo", *ALL), refused)
    yield Asker("octo by session", lambda world: session(world.account("octo")), 401)
    yield Asker("wrong credential", lambda world: bearer(credentials.new("shc_")), refused)
    for right, value in _CREDENTIALS.items():
        gets = DONE if right == operation.right else refused
        yield Asker(f"{right}'s credential", lambda world, value=value: bearer(str(_of(world, value))), gets)


def _of(world: World, value: str) -> Any:
    return (
        assignment.lease_token(_lease(world)) if value == "lease" and "claim" not in world.rows else world.value(value)
    )


def _lease(world: World) -> Any:
    run = factories.run(factories.workflow(world.hello, "leased.yml"), status="in_progress")
    return claimed(run.latest_attempt, world.need("agent"), status="in_progress")[1]


def _token(login: str, *scopes: str, scheme: str = "Bearer", **options: Any) -> Callable[[World], Client]:
    return lambda world: bearer(factories.token(world.account(login), *scopes, **options), scheme)


def _revoked(world: World) -> Client:
    row, text = tokens.create(world.account("octo"), "revoked", ALL)
    tokens.revoke(row)
    return bearer(text)


def _closed(world: World) -> Client:
    closed = factories.account("closed", is_active=False)
    return bearer(factories.token(closed, *ALL))


def _bound_here(world: World) -> Client:
    return bearer(factories.token(world.account("octo"), *ALL, repository_id=world.hello.pk))


def _bound_elsewhere(world: World) -> Client:
    other = factories.repository(world.account("octo"))
    return bearer(factories.token(world.account("octo"), *ALL, repository_id=other.pk))
