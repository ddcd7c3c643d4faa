"""A person, a repository and its runs, and a browser's client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from forge.accounts import users
from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.repos import repositories
from forge.repos.models import Repository

PASSWORD = "a-long-enough-word"


@pytest.fixture(autouse=True)
def _no_counted_tries() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def rosa(db: None) -> Account:
    """A user."""
    return users.create_user("rosa", PASSWORD)


@pytest.fixture
def other(db: None) -> Account:
    """Somebody else."""
    return users.create_user("bea", PASSWORD)


@pytest.fixture
def widget(rosa: Account) -> Repository:
    """A public repository of rosa's, with its git folder."""
    return repositories.create(Actor.for_session(rosa), "rosa", "widget")


@pytest.fixture
def anyone() -> Client:
    """A browser that nobody is logged in with."""
    return Client()


@pytest.fixture
def person(rosa: Account) -> Client:
    """Rosa's browser."""
    client = Client()
    client.force_login(rosa)
    return client


@pytest.fixture
def stranger(other: Account) -> Client:
    """Bea's browser."""
    client = Client()
    client.force_login(other)
    return client
