"""Fixtures that any test may ask for: real services, started once a session, on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.db.models.signals import post_migrate

from tests.services import docker, postgresql, redis

#: What random worlds are made of, here and in the soak; `--state-seed N` (as often as wanted) takes others.
SEEDS, SOAK_SEEDS = (1, 2), (11, 12, 13)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of these tests."""
    parser.addoption("--state-seed", type=int, action="append", help="a seed for the random worlds of the engine")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every seed is a case of its own, so that its number stands in the name."""
    if "state_seed" in metafunc.fixturenames:
        soaks = any(mark.name == "soak" for mark in metafunc.definition.iter_markers())
        given = metafunc.config.getoption("--state-seed")
        metafunc.parametrize("state_seed", given or (SOAK_SEEDS if soaks else SEEDS))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """pytest-django's database, let go of by everybody before it is dropped.

    Asynchronous tests reach it through asgiref's one thread, which no request ever tells to close its connection.

    After each test that commits, Django empties all tables and then sends ``post_migrate``, at which its apps write
    hundreds of rows that Forge does not use: its rights are its own.
    """
    receivers, post_migrate.receivers = post_migrate.receivers, []
    yield
    post_migrate.receivers = receivers
    asyncio.run(sync_to_async(connections.close_all)())


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The address of an empty PostgreSQL database that belongs to this session."""
    try:
        with postgresql.postgresql() as address:
            yield address
    except postgresql.NotInstalled as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of an empty Redis that belongs to this session."""
    try:
        with redis.redis() as address:
            yield address
    except redis.NotInstalled as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def job_image() -> str:
    """The name of the job image, on an engine that runs."""
    if not docker.is_running():
        pytest.skip("no Docker engine answers")
    docker.build_image()
    return docker.IMAGE
