"""Long answers, sent piece by piece by either kind of server."""

from __future__ import annotations

from collections.abc import Iterator

from django.test import AsyncRequestFactory, RequestFactory

from forge import threads


class Pieces:
    """Counts what was asked for, and that it was closed."""

    def __init__(self, count: int) -> None:
        self.left, self.closed = count, 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self.left:
            raise StopIteration
        self.left -= 1
        return b"piece"

    def close(self) -> None:
        self.closed += 1


def test_a_synchronous_server_gets_the_pieces_themselves() -> None:
    pieces = Pieces(3)
    assert threads.sent(RequestFactory().get("/"), pieces) is pieces


async def test_an_asynchronous_one_asks_for_each_when_it_sends_it() -> None:
    pieces = Pieces(3)
    sent = threads.sent(AsyncRequestFactory().get("/"), pieces)
    assert isinstance(sent, threads.Pulled)
    assert await anext(sent) == b"piece"
    assert pieces.left == 2
    assert [piece async for piece in sent] == [b"piece", b"piece"]


async def test_what_nobody_asked_for_is_closed_too() -> None:
    pieces = Pieces(3)
    sent = threads.sent(AsyncRequestFactory().get("/"), pieces)
    assert isinstance(sent, threads.Pulled)
    sent.close()
    assert (pieces.left, pieces.closed) == (3, 1)
    threads.Pulled(iter([b"plain"])).close()  # which has nothing to close
