"""Who has a concurrency group, and who gives way."""

from __future__ import annotations

import pytest

from workflows.decide.groups import Asker, Line, settle

_ONE, _TWO, _THREE = Asker(1), Asker(2), Asker(3)


def _max(number: int) -> Asker:
    return Asker(number, queue="max")


def _push(number: int, sequence: int, *, cancels: bool = False, ref: str = "refs/heads/main") -> Asker:
    return Asker(number, cancel_in_progress=cancels, ref=ref, sequence=sequence)


@pytest.mark.parametrize(
    ("holder", "waiting", "line"),
    [
        (None, [], Line()),
        (_ONE, [], Line()),
        (None, [_ONE], Line(1)),
        (_ONE, [_TWO], Line()),
        (_ONE, [_TWO, _THREE], Line(None, {2: 3})),
        # a free group belongs to whoever asked first, however late it is decided
        (None, [_ONE, _TWO, _THREE], Line(1, {2: 3})),
        (None, [_ONE, Asker(2, True)], Line(1, {}, 2)),
        # cancel-in-progress stops who runs, and waits for its end
        (_ONE, [Asker(2, True)], Line(None, {}, 2)),
        (None, [Asker(2, True)], Line(2)),
        (_ONE, [Asker(2, True), _THREE], Line(None, {2: 3})),
        # queue: max
        (_ONE, [_max(2), _max(3), _max(4)], Line()),
        (None, [_max(2), _max(3)], Line(2)),
        (_ONE, [_max(2), _max(3), Asker(4)], Line(None, {2: 4, 3: 4})),
        (_ONE, [Asker(2), _max(3)], Line()),
        (_ONE, [_max(number) for number in range(2, 104)], Line(None, {102: None, 103: None})),
        # pushes of one ref that ask in another order than they were made
        (_ONE, [_push(2, 5), _push(3, 4)], Line(None, {3: 2})),
        (_ONE, [_push(2, 5), _push(3, 4, ref="refs/heads/x")], Line(None, {2: 3})),
        (_push(1, 5, cancels=True), [_push(2, 4, cancels=True)], Line(None, {2: 1})),
        (_push(1, 5), [_push(2, 4)], Line()),
        (_push(1, 4), [_push(2, 5, cancels=True)], Line(None, {}, 2)),
        (_push(1, 5), [_push(2, 0)], Line()),
    ],
)
def test_settle(holder: Asker | None, waiting: list[Asker], line: Line) -> None:
    assert settle(holder, waiting) == line
