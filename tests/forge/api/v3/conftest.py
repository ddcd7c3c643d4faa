"""A repository, its owner's token, and a client that asks as the owner."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from forge.accounts import users
from forge.accounts.models import Account
from forge.environments import environments
from forge.repos.models import Repository
from tests import factories
from tests.forge.api.v3 import vault

As = Callable[..., Client]


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    """Each test has the whole hour's requests before it."""
    cache.clear()


@pytest.fixture
def owner(db: None) -> Account:
    return factories.account("octo")


@pytest.fixture
def repository(owner: Account) -> Repository:
    return factories.repository(owner, "hello")


@pytest.fixture
def as_(owner: Account) -> As:
    """A client with a fresh token of an account (the owner) and these scopes (``repo``)."""

    def make(account: Account | None = None, *scopes: str) -> Client:
        token = factories.token(account or owner, *scopes)
        return Client(headers={"Authorization": f"Bearer {token}"})

    return make


@pytest.fixture
def client(as_: As) -> Client:
    return as_()


@pytest.fixture
def acme(owner: Account) -> Account:
    """An organisation of the owner's."""
    return users.create_organization("acme", owner)


@pytest.fixture
def shared(acme: Account) -> Repository:
    """A repository of the organisation, with an environment."""
    made = factories.repository(acme, "hello")
    environments.get_or_create(made, "Prod/eu")
    return made


@pytest.fixture
def admin(as_: As, shared: Repository) -> Client:
    """The owner, who may also administer the organisation."""
    return as_(None, "repo", "admin:org")


@pytest.fixture(params=vault.PLACES)
def place(request: pytest.FixtureRequest, shared: Repository) -> vault.Place:
    """Each place that has secrets and variables."""
    found = vault.PLACES[request.param]
    return found._replace(api=found.api.format(id=shared.pk))
