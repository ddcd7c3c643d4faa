"""Sealed pages of a log: how they are cut, kept and verified."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

import zstandard
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from forge.actions import log_chunks
from forge.actions.log_rush import rush
from forge.actions.models import JobLog, LogChunk, LogPage, SealedSpan
from forge.blobs import store
from workflows.log_lines import PREFIX_LENGTH, STAMP_LENGTH, Joints

LINES = 1000
BYTES = 1 << 20
#: An open tail is left alone until it has so many bytes; a finished one is sealed whole.
WORTH = 256 << 10
#: Pages in one blob, written and flipped together, and how many are packed at once.
TOGETHER, PACKERS = 32, 2
_LEVEL = 3  # of zstd
_BLOCK = 8 << 10  # bytes
#: How long chunk rows stay after their bytes stand in a page.
KEEP = timedelta(minutes=10)
#: So many spans have their rows deleted at once.
_SPANS = 500

_SGR = re.compile(rb"\x1b\[([0-9;]*)m")


@dataclass
class State:
    """What is in force at a place of the log: colour parameters and titles of open groups."""

    colour: str = ""
    groups: list[str] = field(default_factory=list)

    def after_page(self, data: bytes) -> None:
        """Go past the lines of a page; most pages change nothing."""
        # One byte is found ten times as fast as two; most logs have none of them.
        if (b"\x1b" in data and b"\x1b[" in data) or (b"#" in data and b"##[" in data):
            for line in data.split(b"\n"):
                self.after(line)

    def after(self, line: bytes) -> None:
        """Go past one line."""
        if b"\x1b[" in line:
            self._colours(line)
        text = line[PREFIX_LENGTH:] if line[STAMP_LENGTH - 1 : PREFIX_LENGTH] == b"Z " else line
        if text.startswith(b"##[group]"):
            self.groups = [*self.groups, text[9:].decode("utf-8", "replace").replace("\0", "\ufffd")[:255]]
        elif text.startswith(b"##[endgroup]"):
            self.groups = self.groups[:-1]

    def _colours(self, line: bytes) -> None:
        for match in _SGR.finditer(line):
            parameters = match.group(1).decode()
            if parameters.strip("0;") == "":
                self.colour = ""
            else:
                self.colour = f"{self.colour};{parameters}".lstrip(";")
        if len(self.colour) > 64:  # what was set long ago is overridden by what came last
            self.colour = self.colour[-64:].partition(";")[2]


@dataclass(frozen=True)
class _Cut:
    """Bytes that make one page."""

    data: bytes
    lines: int


def seal(job_id: int) -> bool:
    """Seal what can be: whole pages of an open log, all of a finished one, whose hash is then compared."""
    log = JobLog.objects.filter(job=job_id, sealed_at=None, deleted_at=None).first()
    if log is None or not worth(log):
        return False
    done = _done(log)
    sealed = False
    whole = _Whole() if done and not log.sealed_length else None
    for cuts in _batches(_cuts(_tail(log), rest=done)):
        sealed = _seal_pages(log, cuts)
        if not sealed:  # another process was first
            return False
        if whole is not None:
            whole.add(cuts)
    if done and log.sealed_length == log.length:
        _finish(log, whole or _read_again(log))
        return True
    return sealed


def worth(log: JobLog) -> bool:
    """True when sealing has something to do."""
    return _done(log) or log.length - log.sealed_length >= WORTH


def unsealed() -> list[int]:
    """Ids of the jobs whose logs are worth sealing."""
    rows = JobLog.objects.filter(sealed_at=None, deleted_at=None)
    rows = rows.filter(Q(final_length__isnull=False) | Q(length__gte=F("sealed_length") + WORTH))
    return [log.job_id for log in rows.order_by("id")[:200] if worth(log)]


def end_silent() -> int:
    """Logs of jobs that are over for ten minutes end where they stand: what is missing will not come."""
    over = JobLog.objects.filter(sealed_at=None, deleted_at=None, job__completed_at__lt=Now() - KEEP)
    short = over.filter(final_length__gt=F("length")).update(final_length=F("length"), damaged=True)
    return short + over.filter(final_length=None).update(final_length=F("length"))


def delete_chunks() -> int:
    """Delete the rows whose bytes have stood in pages for ten minutes."""
    old = list(SealedSpan.objects.filter(sealed_at__lt=Now() - KEEP).order_by("sealed_at")[:_SPANS])
    if not old:
        return 0
    ends: dict[tuple[int, int], int] = {}
    for span in old:
        ends[span.job_id, span.epoch] = max(span.end, ends.get((span.job_id, span.epoch), 0))
    rows = LogChunk.objects.filter(job__in={span.job_id for span in old}).annotate(end=log_chunks.END)
    spent = [
        pk for pk, job, epoch, end in rows.values_list("pk", "job", "epoch", "end") if end <= ends.get((job, epoch), 0)
    ]
    with transaction.atomic():
        LogChunk.objects.filter(pk__in=spent).delete()
        SealedSpan.objects.filter(pk__in=[span.pk for span in old]).delete()
    return len(spent)


def contents(pages: Iterable[LogPage]) -> Iterator[tuple[LogPage, bytes]]:
    """Pages with their bytes. Those that follow each other in one blob are read at once."""
    decompressor = zstandard.ZstdDecompressor()
    for blob, together in itertools.groupby(pages, key=lambda page: page.blob):
        wanted = list(together)
        start = min(page.place for page in wanted)
        packed = b"".join(store.read(blob, start, max(page.place + page.packed for page in wanted)))
        for page in wanted:
            frame = packed[page.place - start : page.place - start + page.packed]
            yield page, decompressor.decompress(frame, max_output_size=page.length + 1)


def _done(log: JobLog) -> bool:
    return log.final_length is not None and (log.length >= log.final_length or log.truncated)


def _tail(log: JobLog) -> Iterator[bytes]:
    """The bytes behind the sealed pages, a few rows at a time. No statement stays open while pages are written in
    between: SQLite refuses to write behind a read that is older than somebody else's commit."""
    rows = LogChunk.objects.filter(job=log.job_id, epoch=log.epoch, offset__lt=log.length)
    at = log.sealed_length
    holding = rows.filter(offset__lte=at).order_by("-offset").values_list("offset", flat=True).first()
    last = -1 if holding is None else holding - 1
    while few := _next(rows.filter(offset__gt=last)):
        last = few[-1].offset
        for row in few:
            data = log_chunks.content(row)[max(0, at - row.offset) :]
            at += len(data)
            yield data


def _next(rows: QuerySet[LogChunk]) -> list[LogChunk]:
    rush.stand_back()
    return list(rows.order_by("offset")[:4])


def _cuts(pieces: Iterator[bytes], *, rest: bool) -> Iterator[_Cut]:
    """Pages of 1,000 lines, or fewer where they come to 1 MiB; ``rest``: the last one, however short."""
    buffer, at = b"", 0
    for piece in pieces:
        buffer, at = buffer[at:] + piece, 0
        while (cut := _page_in(buffer, at)) is not None:
            yield cut
            at += len(cut.data)
    if rest and buffer[at:]:
        yield _Cut(buffer[at:], buffer.count(b"\n", at))


def _page_in(buffer: bytes, start: int) -> _Cut | None:
    stop = min(start + BYTES, len(buffer))
    at, count = start, 0
    # Newlines are counted by the block; only in the one with the last are they looked for one by one.
    while at < stop and (here := buffer.count(b"\n", at, min(at + _BLOCK, stop))) < LINES - count:
        at, count = min(at + _BLOCK, stop), count + here
    if at < stop:
        for _ in range(LINES - count):
            at = buffer.index(b"\n", at) + 1
        return _Cut(buffer[start:at], LINES)
    if stop - start < BYTES:
        return None
    end = buffer.rfind(b"\n", start, stop) + 1
    return _Cut(buffer[start:end], count) if count else _Cut(buffer[start:stop], 0)


def _batches(cuts: Iterator[_Cut]) -> Iterator[list[_Cut]]:
    """Pages that are written at the same time: some, and not too many bytes of them."""
    batch: list[_Cut] = []
    for cut in cuts:
        batch.append(cut)
        if len(batch) >= TOGETHER or sum(len(one.data) for one in batch) >= 8 * BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


def _seal_pages(log: JobLog, cuts: list[_Cut]) -> bool:
    """Write, verify, flip. False when the pointer has moved meanwhile."""
    first = LogPage.objects.filter(job=log.job_id, epoch=log.epoch).count()
    offset, line, place = log.sealed_length, log.sealed_lines, 0
    end = offset + sum(len(cut.data) for cut in cuts)
    # Whoever else seals the same bytes writes the same blob.
    blob = f"{_folder(log)}/{log.epoch}-{offset}-{end}.zst"
    state = State(log.sealed_state.get("colour", ""), list(log.sealed_state.get("groups", [])))
    frames = _packed(cuts)
    pages = []
    for number, (cut, frame) in enumerate(zip(cuts, frames, strict=True), first):
        pages.append(
            LogPage(
                job_id=log.job_id,
                epoch=log.epoch,
                number=number,
                offset=offset,
                length=len(cut.data),
                first_line=line,
                lines=cut.lines,
                first_time=_time(cut.data),
                colour=state.colour,
                groups=list(state.groups),
                blob=blob,
                place=place,
                packed=len(frame),
            )
        )
        state.after_page(cut.data)
        offset, line, place = offset + len(cut.data), line + cut.lines, place + len(frame)
    store.put(blob, frames)
    for (_, data), cut in zip(contents(pages), cuts, strict=True):
        if data != cut.data:
            raise OSError(f"the blob {blob} does not read as it was written")
    if _flip(log, pages, {"colour": state.colour, "groups": state.groups}):
        return True
    if not LogPage.objects.filter(job=log.job_id, epoch=log.epoch, blob=blob).exists():
        store.delete(blob)
    return False


def _packed(cuts: list[_Cut]) -> list[bytes]:
    """The frame of each page."""

    def pack(some: list[_Cut]) -> list[bytes]:
        compressor = zstandard.ZstdCompressor(_LEVEL)  # dearer to make than a page is to pack
        return [compressor.compress(cut.data) for cut in some]

    size = max(1, -(-len(cuts) // PACKERS))
    with ThreadPoolExecutor(PACKERS) as pool:
        return list(itertools.chain(*pool.map(pack, (cuts[at : at + size] for at in range(0, len(cuts), size)))))


def _flip(log: JobLog, pages: list[LogPage], state: dict[str, object]) -> bool:
    start, last = pages[0].offset, pages[-1]
    end, lines = last.offset + last.length, last.first_line + last.lines
    with transaction.atomic():
        mine = JobLog.objects.filter(pk=log.pk, epoch=log.epoch, sealed_length=start, deleted_at=None)
        if not mine.update(sealed_length=end, sealed_lines=lines, sealed_state=state):
            return False
        LogPage.objects.bulk_create(pages)
        SealedSpan.objects.create(job_id=log.job_id, epoch=log.epoch, end=end, sealed_at=Now())
    log.sealed_length, log.sealed_lines, log.sealed_state = end, lines, state
    return True


class _Whole:
    """What is said of all pages together."""

    def __init__(self) -> None:
        self.digest, self.joints = hashlib.sha256(), Joints()

    def add(self, cuts: Iterable[_Cut]) -> None:
        """The next pages."""
        for cut in cuts:
            self.digest.update(cut.data)
            self.joints.add(cut.data)


def _read_again(log: JobLog) -> _Whole:
    """The same of a log whose first pages were sealed at another time."""
    whole = _Whole()
    pages = LogPage.objects.filter(job=log.job_id, epoch=log.epoch).order_by("number")
    for page, data in contents(pages.only("length", "lines", "blob", "place", "packed")):
        whole.add([_Cut(data, page.lines)])
    return whole


def _finish(log: JobLog, whole: _Whole) -> None:
    """All bytes stand in pages: do they have the hash that the runner stated?"""
    damaged = not log.truncated and bool(log.sha256) and whole.digest.hexdigest() != log.sha256
    rows = JobLog.objects.filter(pk=log.pk, epoch=log.epoch)
    rows.update(sealed_at=Now(), joints=whole.joints.count, damaged=F("damaged") if not damaged else True)
    _delete_strays(log)


def _delete_strays(log: JobLog) -> None:
    """Blobs that no page names: who wrote them ended before the pages were there."""
    known = set(LogPage.objects.filter(job=log.job_id).values_list("blob", flat=True).distinct())
    for blob in store.keys(_folder(log)):
        if blob not in known:
            store.delete(blob)


def _folder(log: JobLog) -> str:
    return f"logs/{log.job_id % 1000}/{log.job_id}"


def _time(data: bytes) -> str:
    return data[:STAMP_LENGTH].decode("ascii", "replace") if data[STAMP_LENGTH - 1 : PREFIX_LENGTH] == b"Z " else ""
