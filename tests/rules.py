"""After a test that ran the engine, the reconciler finds nothing.

A folder of such tests takes the fixture into its conftest: ``from tests.rules import rules_hold``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from forge.actions import concurrency, reconcile
from forge.actions.models import Place


def hold(runs: Iterable[int] | None = None) -> None:
    """Fail with every broken rule: of all rows, or of these runs only. Each is told as rule, object, rows.

    The groups are settled first: whatever gives one back only leaves word.
    """
    settle()
    found = reconcile.everywhere() if runs is None else reconcile.at_runs(runs)
    assert not found, "the rows break the rules:\n" + "\n".join(map(str, found))


def settle() -> None:
    """Let the sweep of the groups come by as often as there is something for it: whoever gets one may ask for more."""
    for _ in range(20):
        concurrency.sweep()
        if not reconcile.at_groups(Place.objects.values_list("group", flat=True)):
            return


@pytest.fixture(autouse=True)
def rules_hold(request: pytest.FixtureRequest) -> Iterator[None]:
    """Looks after each test that has a database; one that breaks rows by hand says so by its mark."""
    mark = request.node.get_closest_marker("django_db")
    if mark is not None:  # asked for first, it is there until the look is over
        request.getfixturevalue("transactional_db" if mark.kwargs.get("transaction") else "db")
    yield
    if mark is not None and request.node.get_closest_marker("breaks_rules") is None:
        hold()
