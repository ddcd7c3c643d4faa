"""The few words of git's wire format that Forge reads itself: a push's commands and git's report on them.

Source: git's own gitprotocol-pack(5) and gitprotocol-common(5).
"""

from __future__ import annotations

import gzip
import io
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, cast

from forge.errors import Invalid

#: More refs than this in one push are refused before git sees them.
COMMANDS_LIMIT = 20_000
#: Characters of a ref's full name, as the database keeps it.
REF_LENGTH = 512
_SIDEBAND_MOST = 65_515


@dataclass(frozen=True)
class PushRequest:
    """What a push asks for: {"ref", "before", "after"} each, and the capabilities its client named."""

    commands: list[dict[str, str]] = field(default_factory=list)
    capabilities: frozenset[str] = frozenset()


def push_request(body: IO[bytes], *, gzipped: bool) -> PushRequest:
    """Read the commands at the beginning of a receive-pack body; ``Invalid`` when it is none. Only as much
    as the commands need is read, and decompressed. The caller rewinds."""
    source = cast("IO[bytes]", gzip.GzipFile(fileobj=body)) if gzipped else body
    commands: list[dict[str, str]] = []
    capabilities: frozenset[str] = frozenset()
    try:
        for line in packets(source):
            text, _, after_nul = line.partition(b"\0")
            if after_nul:
                capabilities = frozenset(after_nul.decode("utf-8", "replace").split())
            if not text.startswith((b"shallow ", b"push-cert")):
                commands.append(_command(text))
            if len(commands) > COMMANDS_LIMIT:
                raise Invalid(f"A push may change {COMMANDS_LIMIT} refs at most; push fewer at a time")
    except (EOFError, OSError, ValueError, zlib.error) as error:
        raise Invalid("This is no git push") from error
    return PushRequest(commands, capabilities)


def copy_pack(body: IO[bytes], into: IO[bytes], *, gzipped: bool) -> None:
    """Copy what follows the commands of a push; nothing follows where refs are only deleted. Both files are
    rewound."""
    body.seek(0)
    source = cast("IO[bytes]", gzip.GzipFile(fileobj=body)) if gzipped else body
    try:
        for _ in packets(source):
            pass
        shutil.copyfileobj(source, into)
    except (EOFError, OSError, ValueError, zlib.error) as error:
        raise Invalid("This is no git push") from error
    into.flush()
    into.seek(0)
    body.seek(0)


def refusals(request: PushRequest) -> dict[str, str]:
    """Refs that git would take and Forge cannot keep, with the reason for the person who pushes."""
    found = {}
    for ref in (one["ref"] for one in request.commands):
        if any("\ud800" <= char <= "\udfff" for char in ref):
            found[ref] = "the name of a ref must be UTF-8"
        elif len(ref) > REF_LENGTH:
            found[ref] = f"the name of a ref may have {REF_LENGTH} characters at most"
    return found


def refused(request: PushRequest, reasons: dict[str, str]) -> bytes:
    """A report in which nothing was taken: the refs in ``reasons`` for theirs, the others because of them."""
    lines = [b"unpack ok\n"]
    for one in request.commands:
        reason = reasons.get(one["ref"], "another ref of this push was refused")
        lines.append(f"ng {one['ref']} {reason}\n".encode("utf-8", "surrogateescape"))
    report = b"".join(_packet(line) for line in lines) + b"0000"
    if "side-band-64k" not in request.capabilities:
        return report
    pieces = [report[at : at + _SIDEBAND_MOST] for at in range(0, len(report), _SIDEBAND_MOST)]
    return b"".join(_packet(b"\x01" + piece) for piece in pieces) + b"0000"


def accepted(answer: bytes, request: PushRequest) -> list[dict[str, str]] | None:
    """The commands that git's report says it carried out; None when the answer holds no report."""
    if not request.capabilities & {"report-status", "report-status-v2"}:
        return None
    try:
        report = _first_band(answer) if "side-band-64k" in request.capabilities else answer
        lines = [line.rstrip(b"\n") for line in packets(io.BytesIO(report))]
    except (EOFError, ValueError):
        return None
    if not lines or not lines[0].startswith(b"unpack "):
        return None
    taken = {line[3:].decode("utf-8", "surrogateescape") for line in lines if line.startswith(b"ok ")}
    return [one for one in request.commands if one["ref"] in taken]


def with_notice(answer: bytes, request: PushRequest, text: str) -> bytes:
    """The answer with a line for the person who pushes, which git prints after ``remote:``; unchanged
    where the client has no channel for it."""
    if "side-band-64k" not in request.capabilities or not answer.endswith(b"0000"):
        return answer
    return answer[:-4] + _packet(b"\x02" + text.encode()[: _SIDEBAND_MOST - 1] + b"\n") + b"0000"


def packets(source: IO[bytes]) -> Iterator[bytes]:
    """The payloads up to the first flush packet; ``EOFError`` or ``ValueError`` for anything else."""
    while True:
        size = int(_exactly(source, 4), 16)
        if size == 0:
            return
        if size < 4:
            raise ValueError(size)
        yield _exactly(source, size - 4)


def _packet(payload: bytes) -> bytes:
    return b"%04x" % (len(payload) + 4) + payload


def _exactly(source: IO[bytes], size: int) -> bytes:
    data = source.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _command(text: bytes) -> dict[str, str]:
    before, after, ref = text.rstrip(b"\n").split(b" ", 2)
    if {len(before), len(after)} != {40}:
        raise ValueError(text)
    int(before, 16)
    int(after, 16)
    return {"ref": ref.decode("utf-8", "surrogateescape"), "before": before.decode(), "after": after.decode()}


def _first_band(answer: bytes) -> bytes:
    return b"".join(line[1:] for line in packets(io.BytesIO(answer)) if line[:1] == b"\x01")
