"""What a step of a run asks of the database does not grow with the legs of its matrix."""

from __future__ import annotations

import pytest

from tests.forge.actions import legs

pytestmark = pytest.mark.django_db(transaction=True)


def test_statements_do_not_grow_with_the_legs() -> None:
    few, many = legs.counts(4), legs.counts(20)
    assert many == few
    assert len(few) > 10
