"""Requests made from our own description by Schemathesis, asked by people of every kind: no fault of ours, no status
and no body that is not described. Nothing is random: the same requests come each time.
"""

from __future__ import annotations

import contextlib
import copy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.conf import settings
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.test import override_settings
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure

from forge.api import description
from forge.api.described.operations import operations
from tests import factories
from tests.forge.api.endpoints.askers import ALL
from tests.forge.api.endpoints.world import World

#: Login of who asks, none for nobody; ``stranger`` may see nothing of the world.
_PEOPLE = ("", "reader", "writer", "admin", "octo", "stranger")
_PIECES = ("run", "second attempt", "runner", "environment", "secret", "variable", "environment secret")
#: A request that fits the description can still be refused: for who asks, for what there is, for a rule that no schema
#: has words for. And one that does not fit can be answered: GitHub passes over a parameter of a query that makes no
#: sense, and whatever else a body says. So every status of the description will do; which of them, is told elsewhere.
_DESCRIBED = ["2xx", "302", "304", "4xx"]
_CONFIG = {
    "checks": {
        "positive_data_acceptance": {"expected-statuses": _DESCRIBED},
        "negative_data_rejection": {"expected-statuses": _DESCRIBED},
    }
}
#: How many requests of a kind; and in the sample, of how many operations of a person one is asked for.
_SAMPLE, _SOAK, _EACH = 1, 8, 4


def _operations() -> list[Any]:
    """Every operation that is described, but for those by a repository's id: they are the same views. Who asks is told
    by the test, so the document that it is made from has no credentials."""
    document = copy.deepcopy(description.document())
    document["components"].pop("securitySchemes", None)
    for path, item in document["paths"].items():
        for method in list(item):
            item[method].pop("security", None)
            if f"{method.upper()} {path}" not in operations():
                del item[method]  # it has no description yet
    document["paths"] = {path: item for path, item in document["paths"].items() if item}
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(_CONFIG))
    schema.app = get_wsgi_application()
    return [found.ok() for found in schema.get_all_operations()]


@pytest.fixture
def world(db: None) -> Iterator[World]:
    """A repository with something of everything."""
    cache.clear()
    made = World.new()
    for name in _PIECES:
        made.need(name)
    # As Django's own client does: a request ends, and the test's connection stays.
    signals = (request_started, request_finished)
    connected = [signal for signal in signals if signal.disconnect(close_old_connections)]
    with override_settings(RATE_LIMIT=10**7, RATE_LIMIT_ANONYMOUS=10**7, ALLOWED_HOSTS=["*"]):
        yield made
    for signal in connected:
        signal.connect(close_old_connections)
    cache.clear()
    shutil.rmtree(Path(settings.REPOSITORIES), ignore_errors=True)


@pytest.mark.parametrize("login", _PEOPLE, ids=[login or "nobody" for login in _PEOPLE])
def test_a_sample(world: World, login: str) -> None:
    """Some operations are asked by one of them each."""
    wrong = _wrong(world, login, _SAMPLE, _operations()[_PEOPLE.index(login) :: len(_PEOPLE) * _EACH])
    assert not wrong, "\n".join(wrong)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("login", _PEOPLE, ids=[login or "nobody" for login in _PEOPLE])
def test_many(world: World, login: str) -> None:
    """Every operation is asked by all of them."""
    wrong = _wrong(world, login, _SOAK, _operations(), made_up=True)
    assert not wrong, "\n".join(wrong)


def _wrong(world: World, login: str, count: int, chosen: list[Any], *, made_up: bool = False) -> list[str]:
    """What is found, of all these operations; ``made_up`` asks for ids that there are not as well."""
    found = []
    for operation in chosen:
        try:
            _asked(world, login, operation, count, made_up=made_up)
        except* Failure as group:
            found += [f"{operation.label}: {one.title}: {one.message}" for one in _leaves(group)]
    return found


def _leaves(group: BaseExceptionGroup[Any]) -> Iterator[Failure]:
    for one in group.exceptions:
        if isinstance(one, BaseExceptionGroup):
            yield from _leaves(one)
        else:
            yield one


def _asked(world: World, login: str, operation: Any, count: int, *, made_up: bool) -> None:
    """Requests for one operation, with and without sense."""
    token = factories.token(world.account(login), *ALL) if login else ""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    parts = {one.name for one in operation.path_parameters}
    known = {name: str(world.value(name)) for name in parts if _has(world, name)}
    kinds = [
        operation.as_strategy(generation_mode=mode, path_parameters=given_parts)
        for given_parts in [known, {}][: 2 if parts and made_up else 1]
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    ]
    for kind in kinds:

        @hypothesis_settings(
            max_examples=count,
            database=None,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(kind)
        def ask(case: Any) -> None:
            with transaction.atomic():
                case.call_and_validate(headers=headers)
                transaction.set_rollback(True)

        with contextlib.suppress(Unsatisfiable):  # nothing of it can be without sense
            ask()


def _has(world: World, name: str) -> bool:
    try:
        world.value(name)
    except KeyError:
        return False
    return True
