"""Frames as runners send them: whole, and no larger than an append may be."""

from __future__ import annotations

import pytest
import zstandard

from forge.actions.log_chunks import LIMIT, unpack
from forge.errors import Invalid
from workflows.errors import InvalidMessage


def framed(data: bytes, *, tells_size: bool = True) -> bytes:
    return zstandard.ZstdCompressor(write_content_size=tells_size).compress(data)


@pytest.mark.parametrize("tells_size", [True, False], ids=["size told", "size not told"])
@pytest.mark.parametrize("size", [0, 1, LIMIT])
def test_a_frame_gives_its_bytes(size: int, tells_size: bool) -> None:
    assert unpack(framed(b"x" * size, tells_size=tells_size)) == b"x" * size


@pytest.mark.parametrize("tells_size", [True, False], ids=["size told", "size not told"])
@pytest.mark.parametrize("size", [LIMIT + 1, LIMIT * 100])
def test_more_than_an_append_may_have(size: int, tells_size: bool) -> None:
    with pytest.raises(Invalid, match=f"More than {LIMIT} bytes"):
        unpack(framed(bytes(size), tells_size=tells_size))


@pytest.mark.parametrize(
    "frame",
    [b"", b"no zstd", framed(b"whole" * 1000)[:-3], framed(b"whole" * 1000)[:5]],
    ids=["nothing", "something else", "without its end", "its head alone"],
)
def test_what_is_no_whole_frame(frame: bytes) -> None:
    with pytest.raises(InvalidMessage, match="no zstd frame"):
        unpack(frame)
