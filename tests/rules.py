"""After a test that ran the engine, the reconciler finds nothing."""

from __future__ import annotations

from collections.abc import Iterable

from forge.actions import reconcile


def hold(runs: Iterable[int] | None = None) -> None:
    """Fail with every broken rule: of all rows, or of these runs only. Each is told as rule, object, rows."""
    found = reconcile.everywhere() if runs is None else reconcile.at_runs(runs)
    assert not found, "the rows break the rules:\n" + "\n".join(map(str, found))
