"""Whatever a test of the engine did, the rows it leaves keep the rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import rules


@pytest.fixture(autouse=True)
def _rules_hold(request: pytest.FixtureRequest) -> Iterator[None]:
    """Looks after the test, with its database. A test that breaks rows by hand says so by its mark."""
    marks = {mark.name for mark in request.node.iter_markers()}
    if "django_db" in marks:
        request.getfixturevalue("transactional_db" if _transactional(request) else "db")
    yield
    if "django_db" in marks and "breaks_rules" not in marks:
        rules.hold()


def _transactional(request: pytest.FixtureRequest) -> bool:
    mark = request.node.get_closest_marker("django_db")
    return mark is not None and bool(mark.kwargs.get("transaction"))
