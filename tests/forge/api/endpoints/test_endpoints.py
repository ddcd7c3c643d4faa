"""Every endpoint, by the cases of the data files; README.md says how they are written and what is held of each."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache

from tests.forge.api import official
from tests.forge.api.endpoints import checks, page, routes
from tests.forge.api.endpoints.cases import Operation, operations, titles
from tests.forge.api.endpoints.conftest import Kept

_ALL = operations()


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()
    shutil.rmtree(Path(settings.REPOSITORIES), ignore_errors=True)


@pytest.mark.sqlite
@pytest.mark.django_db
@pytest.mark.parametrize("operation", [one for one in _ALL if not one.committed], ids=str)
def test_endpoint(operation: Operation, kept: Kept) -> None:
    kept.keep(checks.whole(operation))


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("operation", [one for one in _ALL if one.committed], ids=str)
def test_endpoint_of_several_threads(operation: Operation, kept: Kept) -> None:
    kept.keep(checks.whole(operation))


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.parametrize("operation", [one for one in _ALL if not one.committed], ids=str)
def test_endpoint_on_postgresql(operation: Operation) -> None:
    """The cases alone: who may is decided before any database is asked differently."""
    checks.whole(operation, everybody=False)


def test_every_route_has_cases_and_every_case_a_route() -> None:
    wanted = {f"{method} {path}" for path, known in routes.table().items() for method in known.methods}
    had = [f"{one.method} {one.address.rstrip('/')}" for one in _ALL]
    assert sorted(wanted - set(had)) == [], "these have no cases"
    assert sorted(set(had) - wanted) == [], "these have cases and are no routes"
    assert len(had) == len(set(had)), "two files have the same"


def test_the_page_has_a_row_for_each_and_no_other() -> None:
    text = page.PAGE.read_text()
    rows = re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \|", text, re.MULTILINE)
    assert sorted(rows) == sorted((one.method, one.address) for one in _ALL)
    assert all(f"## {title}\n" in text for title in titles().values())
    assert set(page.known_examples()) == {str(one) for one in _ALL}


@pytest.mark.parametrize("operation", _ALL, ids=str)
def test_what_is_official_says_so(operation: Operation) -> None:
    known = official.has(operation.official_path, operation.method)
    assert known != bool(operation.own), f"own: says {operation.own!r}, the official description {known}"
