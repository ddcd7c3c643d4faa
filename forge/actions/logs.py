"""A job's log: appended by offset, read by bytes or lines, sealed into blobs.

One byte stream a job and epoch. Its open tail lies in chunk rows; whole pages of up to 1,000 lines are
sealed into blobs and can be drawn alone, since each knows the colour and the groups open at its start.
Sealing keeps bytes and offsets: write, verify, flip the pointer, delete the rows ten minutes later. A
reader that misses a chunk looks at the pointer again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from forge.actions import log_chunks, log_pages, repeat, wakeup
from forge.actions.log_rush import rush
from forge.actions.models import Claim, Job, JobLog, LogChunk, LogPage
from forge.actions.refusals import LeaseLost, WrongOffset
from workflows.log_lines import PREFIX_LENGTH, STAMP_LENGTH
from workflows.states import Status

PIECE = 1 << 20
#: Pages that are asked for in one query, once a reader has shown that it goes on.
_AHEAD = 200
CUT = b"\n[The log is longer than the server keeps; the rest is cut.]\n"


@dataclass(frozen=True)
class LogLine:
    """One line: its number in the span asked for (from 1), where it begins, its time stamp and its text."""

    number: int
    offset: int
    time: str
    text: str


@repeat.on_deadlock
def append(claim: Claim, offset: int, data: bytes, frame: bytes | None = None) -> int:
    """Keep bytes of the claim's stream; answers the offset wanted next. What is stored already is skipped.

    ``frame`` is the same as it came, packed by zstd. WrongOffset for a gap; LeaseLost when the job is another
    claim's, or was deleted meanwhile.
    """
    try:
        return _append(claim, offset, data, frame)
    except IntegrityError:
        if Job.objects.filter(pk=claim.job_id).exists():
            raise
        raise LeaseLost from None


def _append(claim: Claim, offset: int, data: bytes, frame: bytes | None) -> int:
    with transaction.atomic():
        log = _of_claim(claim)
        if log.truncated or log.deleted_at:  # whatever comes is dropped; the runner goes on as if it were kept
            return offset + len(data)
        if offset > log.length:
            raise WrongOffset(log.length)
        size = len(data)
        if log.final_length is not None:
            data = data[: max(0, log.final_length - offset)]
        fresh = data[log.length - offset :]
        if not fresh:
            return log.length
        _store(log, claim, fresh, frame if len(fresh) == size else None)
        wakeup.log_grew(claim.job_id)
    rush.note(size)
    return offset + len(data)


@repeat.on_deadlock
def expect(claim: Claim, length: int, sha256: str) -> int | None:
    """The stream of a claim that the server ended is so long on its runner: so much may be appended.

    Answers the length that is here; None when no more is wanted: the job went to another claim, its end was
    reported, all bytes are here, or the log is closed.
    """
    with transaction.atomic():
        job = Job.objects.select_for_update(no_key=True).filter(pk=claim.job_id, epoch=claim.epoch).first()
        if job is None or job.status != Status.COMPLETED or Claim.objects.get(pk=claim.pk).report_hash:
            return None
        log = _of_claim(claim)
        if log.sealed_at or log.deleted_at or log.truncated or log.length >= length:
            return None
        log.final_length, log.sha256, log.damaged = length, sha256[:64], False
        log.save(update_fields=["final_length", "sha256", "damaged"])
    return log.length


def size(job: Job) -> int:
    """Bytes of the log so far."""
    log = JobLog.objects.filter(job=job).first()
    return log.length if log is not None and log.deleted_at is None else 0


def sizes(jobs: Iterable[Job]) -> dict[int, int]:
    """The same of many jobs at once, by their ids; those that have no log, or had one, are left out."""
    rows = JobLog.objects.filter(job__in=[job.pk for job in jobs], deleted_at=None, length__gt=0)
    return dict(rows.values_list("job_id", "length"))


def read(job: Job, start: int = 0, end: int | None = None, log: JobLog | None = None) -> Iterator[bytes]:
    """The bytes from ``start`` up to ``end`` (excluded) as they stand now, in pieces of 1 MiB at most.

    Whoever has the log's row gives it, here and to what follows: it is asked for anew only where its bytes have moved.
    """
    log = log or _stored(job.pk)
    if log is not None:
        yield from _read(log, start, log.length if end is None else end)


def _read(log: JobLog, start: int, end: int) -> Iterator[bytes]:
    at, stop = start, min(end, log.length)
    missed, ahead = 0, 0
    while at < stop:
        before = at
        for piece in _pieces(log, at, stop, ahead):
            at += len(piece)
            yield piece
        if at > before:
            missed, ahead = 0, min(16 * ahead + 15, _AHEAD)
            continue
        missed += 1  # it was sealed between the two looks; or deleted by retention
        now = _stored(log.job_id)
        if now is None or missed > 3:
            return
        log = now


def lines(
    job: Job, start: int, end: int, *, skip: int = 0, count: int = 1000, log: JobLog | None = None
) -> list[LogLine]:
    """Lines of the byte span from ``start`` to ``end`` (a step's span), after the first ``skip`` of them."""
    log = log or _stored(job.pk)
    end = min(end, log.length) if log else 0
    if log is None or start >= end or count <= 0:
        return []
    at, passed = _skip_lines(log, start, end, skip)
    found: list[LogLine] = []
    rest, offset = b"", at
    for piece in _read(log, at, end):
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            found.append(_line(passed + len(found) + 1, offset, line))
            offset += len(line) + 1
            if len(found) == count:
                return found
    if rest:
        found.append(_line(passed + len(found) + 1, offset, rest))
    return found


def count_lines(job: Job, start: int, end: int, log: JobLog | None = None) -> int:
    """How many lines ``lines`` has for this span in all."""
    log = log or _stored(job.pk)
    end = min(end, log.length) if log else 0
    if log is None or start >= end:
        return 0
    whole = _newlines_before(log, end) - _newlines_before(log, start)
    last = b"".join(_read(log, end - 1, end))
    return whole + (last != b"\n")


def seal(job_id: int) -> bool:
    """Seal what can be sealed of a log; True when something was. See ``log_pages``."""
    return log_pages.seal(job_id)


def _stored(job: int) -> JobLog | None:
    return JobLog.objects.filter(job=job, deleted_at=None).first()


def _of_claim(claim: Claim) -> JobLog:
    """The log's row, locked. A new claim's first bytes begin a new stream."""
    rows = JobLog.objects.select_for_update().filter(job_id=claim.job_id)
    log = rows.first()
    if log is None:
        if not Job.objects.select_for_update(no_key=True).filter(pk=claim.job_id).exists():
            raise LeaseLost  # deleted; the database itself would notice only at the commit
        JobLog.objects.bulk_create([JobLog(job_id=claim.job_id, epoch=claim.epoch)], ignore_conflicts=True)
        log = rows.get()
    if log.epoch > claim.epoch:
        raise LeaseLost
    if log.epoch < claim.epoch:
        fresh = JobLog(pk=log.pk, job_id=claim.job_id, epoch=claim.epoch)
        fresh.save()
        return fresh
    return log


def _store(log: JobLog, claim: Claim, data: bytes, frame: bytes | None) -> None:
    """Add a row; as the frame of just these bytes, where that is the shorter."""
    size, room = len(data), settings.LOG_LIMIT_BYTES - log.length
    if size > room:
        data, frame, log.truncated = data[: max(0, room)] + CUT, None, True
    row = LogChunk(job_id=claim.job_id, epoch=claim.epoch, offset=log.length, data=data)
    if frame is not None and len(frame) < size:
        row.data, row.unpacked = frame, size
    row.save(force_insert=True)
    log.length += len(data)
    JobLog.objects.filter(pk=log.pk).update(length=log.length, truncated=log.truncated)


def _pieces(log: JobLog, at: int, stop: int, ahead: int) -> Iterator[bytes]:
    """Some bytes from ``at`` on, page by page with so many of the next; none when they are not where the pointer
    says."""
    if at >= log.sealed_length:
        if piece := _open_piece(log, at, stop):
            yield piece
        return
    rows = LogPage.objects.filter(job=log.job_id, epoch=log.epoch).only("offset", "length", "blob", "place", "packed")
    pages = list(rows.filter(offset__lte=at).order_by("-offset")[:1])
    if ahead and pages:
        pages += rows.filter(offset__gt=pages[0].offset, offset__lt=stop).order_by("offset")[:ahead]
    for page, data in log_pages.contents(pages):
        if not page.offset <= at < page.offset + page.length:
            return
        piece = data[at - page.offset : stop - page.offset]
        at += len(piece)
        yield piece


def _open_piece(log: JobLog, at: int, stop: int) -> bytes:
    """The same of the open tail."""
    rows = LogChunk.objects.filter(job=log.job_id, epoch=log.epoch)
    first = rows.filter(offset__lte=at).order_by("-offset").first()
    if first is None:
        return b""
    data, wanted = log_chunks.content(first)[at - first.offset :], min(stop - at, PIECE)
    if data and len(data) < wanted:
        data += _following(rows.filter(offset__gt=first.offset), at + len(data), wanted - len(data))
    return data[:wanted]


def _following(rows: QuerySet[LogChunk], at: int, wanted: int) -> bytes:
    """What stands in the next rows, as far as they follow each other; about so much. Small ones are read together."""
    taken, end = [], at
    for pk, offset, size in (
        rows.annotate(size=log_chunks.SIZE).order_by("offset").values_list("pk", "offset", "size")[:256]
    ):
        if offset != end or end - at >= wanted:
            break
        taken.append(pk)
        end += size
    found = LogChunk.objects.in_bulk(taken)
    return b"".join(log_chunks.content(found[pk]) for pk in taken if pk in found) if len(found) == len(taken) else b""


def _newlines_before(log: JobLog, offset: int) -> int:
    """Newlines in the stream before a byte offset; whole pages are not read for that."""
    at, passed = _known_before(log, offset)
    return passed + sum(piece.count(b"\n") for piece in _read(log, at, offset))


def _known_before(log: JobLog, offset: int) -> tuple[int, int]:
    """Where the page begins that holds a byte, or where the pages end before it; and the newlines before that."""
    if offset >= log.sealed_length:
        return log.sealed_length, log.sealed_lines
    if offset == 0:
        return 0, 0
    pages = LogPage.objects.filter(job=log.job_id, epoch=log.epoch, offset__lte=offset)
    return pages.order_by("-offset").values_list("offset", "first_line").first() or (0, 0)


def _skip_lines(log: JobLog, start: int, end: int, skip: int) -> tuple[int, int]:
    """The offset after ``skip`` lines from ``start``, and how many were really skipped."""
    if skip <= 0:
        return start, 0
    at, before = start, _newlines_before(log, start)
    passed = before
    pages = LogPage.objects.filter(job=log.job_id, epoch=log.epoch, first_line__lte=before + skip).order_by("-offset")
    if (page := pages.values_list("offset", "first_line").first()) and page[0] > start:
        at, passed = page
    if before + skip >= log.sealed_lines and log.sealed_length > at:
        at, passed = log.sealed_length, log.sealed_lines
    if passed == before + skip:
        return at, skip
    for piece in _read(log, at, end):
        here = piece.count(b"\n")
        if passed + here < before + skip:
            at, passed = at + len(piece), passed + here
            continue
        place = -1
        for _ in range(before + skip - passed):
            place = piece.index(b"\n", place + 1)
        return at + place + 1, skip
    return end, skip


def _line(number: int, offset: int, line: bytes) -> LogLine:
    line = line.removesuffix(b"\r")
    stamped = (
        len(line) >= PREFIX_LENGTH and line[4:5] == b"-" and line[STAMP_LENGTH - 1 : PREFIX_LENGTH] in (b"Z ", b"+ ")
    )
    if not stamped:
        return LogLine(number, offset, "", line.decode("utf-8", "replace"))
    time = line[: STAMP_LENGTH - 1].decode("ascii", "replace") + "Z"
    return LogLine(number, offset, time, line[PREFIX_LENGTH:].decode("utf-8", "replace"))
