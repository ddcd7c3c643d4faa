"""The rows of a log's open tail: bytes as they came, or as the runner packed them.

What a runner sent as a zstd frame is kept as that frame, so that the database carries a tenth of the bytes.
"""

from __future__ import annotations

import zstandard
from django.db.models import F
from django.db.models.functions import Coalesce, Length

from forge.actions.models import LogChunk
from forge.errors import Invalid
from workflows.errors import InvalidMessage

#: Decoded bytes of one append, and so of one row.
LIMIT = 4 << 20
#: Bytes of the log that a row stands for, in a query.
SIZE = Coalesce("unpacked", Length("data"))
#: Where they end.
END = F("offset") + SIZE

_WINDOW = 8 << 20
_TOO_MUCH = f"More than {LIMIT} bytes in one append"


def unpack(frame: bytes) -> bytes:
    """The bytes of a zstd frame; InvalidMessage when it is none, or not whole, Invalid when it holds more than
    ``LIMIT``."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    try:
        size = zstandard.frame_content_size(frame)
        if size > LIMIT:
            raise Invalid(_TOO_MUCH)
        if size >= 0:  # told at its head, and held to: in one go it takes a third of the time
            return unpacker.decompress(frame)
        with unpacker.stream_reader(frame) as reader:
            data = reader.read(LIMIT + 1)
    except zstandard.ZstdError as error:
        raise InvalidMessage(f"The body is no zstd frame: {error}") from None
    if len(data) > LIMIT:
        raise Invalid(_TOO_MUCH)
    return data


def content(row: LogChunk) -> bytes:
    """The bytes of the log that this row stands for."""
    return bytes(row.data) if row.unpacked is None else unpack(bytes(row.data))
