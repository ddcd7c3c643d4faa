"""A push's commands and git's report on them, byte by byte; the words are git's own."""

from __future__ import annotations

import gzip
import io

import pytest

from forge.errors import Invalid
from forge.repos import pktline

OLD, NEW, ZERO = "1" * 40, "2" * 40, "0" * 40


def packet(payload: bytes) -> bytes:
    return b"%04x" % (len(payload) + 4) + payload


def body(*commands: str, capabilities: str = "report-status-v2 side-band-64k") -> bytes:
    first, *rest = [one.encode("utf-8", "surrogateescape") for one in commands]
    lines = [packet(first + b"\0" + capabilities.encode()), *map(packet, rest)]
    return b"".join(lines) + b"0000PACK and more that is never read"


def asked(*refs: str, capabilities: str = "report-status side-band-64k") -> pktline.PushRequest:
    return pktline.PushRequest(
        [{"ref": ref, "before": OLD, "after": NEW} for ref in refs], frozenset(capabilities.split())
    )


@pytest.mark.parametrize("gzipped", [False, True])
def test_commands_and_capabilities_are_read(gzipped: bool) -> None:
    text = packet(b"shallow " + OLD.encode()) + body(f"{ZERO} {NEW} refs/heads/a", f"{OLD} {ZERO} refs/heads/b c")

    found = pktline.push_request(io.BytesIO(gzip.compress(text) if gzipped else text), gzipped=gzipped)

    assert found.commands == [
        {"ref": "refs/heads/a", "before": ZERO, "after": NEW},
        {"ref": "refs/heads/b c", "before": OLD, "after": ZERO},
    ]
    assert found.capabilities == {"report-status-v2", "side-band-64k"}


def test_a_probe_asks_for_nothing() -> None:
    assert pktline.push_request(io.BytesIO(b"0000"), gzipped=False).commands == []


@pytest.mark.parametrize(
    ("text", "gzipped"),
    [(b"", False), (b"hello world", False), (b"0001", False), (b"00ff short", False), (b"0009hello0000", False),
     (packet(b"z" * 40 + b" " + b"z" * 40 + b" x"), False), (b"0000", True)],
)  # fmt: skip
def test_what_is_no_push_is_refused(text: bytes, gzipped: bool) -> None:
    with pytest.raises(Invalid):
        pktline.push_request(io.BytesIO(text), gzipped=gzipped)


def test_too_many_commands_are_refused() -> None:
    line = packet(f"{OLD} {NEW} refs/heads/x".encode())
    with pytest.raises(Invalid, match="at most"):
        pktline.push_request(io.BytesIO(line * (pktline.COMMANDS_LIMIT + 1)), gzipped=False)


def test_the_report_says_what_was_taken() -> None:
    request = asked("refs/heads/a", "refs/heads/b")
    report = (
        packet(b"unpack ok\n") + packet(b"ok refs/heads/a\n") + packet(b"ng refs/heads/b hook declined\n") + b"0000"
    )
    half = len(report) // 2
    banded = packet(b"\x02hello\n") + packet(b"\x01" + report[:half]) + packet(b"\x01" + report[half:]) + b"0000"

    assert pktline.accepted(banded, request) == request.commands[:1]
    assert pktline.accepted(report, asked("refs/heads/a", capabilities="report-status")) == request.commands[:1]
    assert pktline.accepted(b"", request) is None
    assert pktline.accepted(report, asked("refs/heads/a", capabilities="")) is None


def test_our_own_refusal_reads_as_gits() -> None:
    request = asked("refs/heads/" + "x" * 600, "refs/heads/good", "refs/heads/bad\udcff")
    reasons = pktline.refusals(request)

    answer = pktline.refused(request, reasons)

    assert set(reasons) == {request.commands[0]["ref"], request.commands[2]["ref"]}
    assert pktline.accepted(answer, request) == []
    assert b"ng refs/heads/good another ref" in answer
    assert b"ng refs/heads/bad\xff the name of a ref must be UTF-8" in answer


def test_a_notice_is_put_before_the_end() -> None:
    request = asked("refs/heads/a")
    report = packet(b"\x01" + packet(b"unpack ok\n") + packet(b"ok refs/heads/a\n") + b"0000") + b"0000"

    answer = pktline.with_notice(report, request, "mind this")

    assert answer.endswith(packet(b"\x02mind this\n") + b"0000")
    assert pktline.accepted(answer, request) == request.commands
    assert pktline.with_notice(report, asked("x", capabilities="report-status"), "mind this") == report
