"""What a person downloads of a log: whole lines, a length that is true, and any part of it."""

from __future__ import annotations

import pytest

from forge.actions import discard, log_downloads, logs
from forge.actions.models import JobLog
from forge.errors import Gone, NotFound
from tests.engine import FakeRunner, Project, Work
from tests.forge.actions.texts import ONE

pytestmark = pytest.mark.django_db(transaction=True)

STAMP, CUT = b"2026-01-15T12:00:01.0000000Z ", b"2026-01-15T12:00:01.0000000+ "
PLAIN = b"".join(STAMP + b"line %d\n" % number for number in range(3000))
#: 1,999 short lines, so that the first cut falls on the border of two pages of 1,000 lines.
LONG = b"".join(STAMP + b"%d\n" % number for number in range(1999))
LONG += STAMP + b"one\n" + CUT + b"two\n" + CUT + b"three\n" + STAMP + b"four\n"
WHOLE = LONG.replace(b"\n" + CUT, b"")


@pytest.fixture
def work() -> Work:
    Project.new().run(ONE)
    return FakeRunner.new("ubuntu-latest").take()


def kept(work: Work, data: bytes, *, sealed: bool) -> log_downloads.Download:
    """The log with these bytes, sent in pieces that end anywhere."""
    for at in range(0, len(data), 9973):
        work.log(data[at : at + 9973], at)
    if sealed:
        work.finish(log_length=len(data))
        while JobLog.objects.filter(sealed_at=None).exists():
            logs.seal(work.job.pk)
    return log_downloads.of(work.job)


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize(("stored", "text", "joints"), [(PLAIN, PLAIN, 0), (LONG, WHOLE, 2), (b"", b"", 0)])
def test_lines_are_whole_and_the_length_is_true(
    work: Work, sealed: bool, stored: bytes, text: bytes, joints: int
) -> None:
    if not stored:
        work.log(b"", 0)
        JobLog.objects.get_or_create(job=work.job, defaults={"epoch": 1})
    found = kept(work, stored, sealed=sealed)
    assert found.joints == (joints if sealed else None)
    assert found.length == len(text)
    assert b"".join(found.pieces()) == text


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize(("stored", "text"), [(PLAIN, PLAIN), (LONG, WHOLE)])
def test_any_part(work: Work, sealed: bool, stored: bytes, text: bytes) -> None:
    found = kept(work, stored, sealed=sealed)
    for start, end in [(0, 1), (5, 70), (1000, None), (len(text) - 60, len(text) - 3), (len(text) - 1, None)]:
        assert b"".join(found.pieces(start, end)) == text[start:end]


def test_what_comes_later_belongs_to_another_download(work: Work) -> None:
    first = kept(work, PLAIN, sealed=False)
    work.log(b"more\n", len(PLAIN))
    assert b"".join(first.pieces()) == PLAIN
    assert log_downloads.of(work.job).tag != first.tag


def test_no_log_and_a_deleted_one(work: Work) -> None:
    with pytest.raises(NotFound):
        log_downloads.of(work.job)
    kept(work, PLAIN, sealed=True)
    discard.logs(work.job.run)
    with pytest.raises(Gone):
        log_downloads.of(work.job)
