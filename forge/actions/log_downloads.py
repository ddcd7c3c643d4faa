"""A job's log as a person downloads it: the lines that were cut for transport are whole again.

What is downloaded is the log as it stood when it was asked for, so that its length can be told beforehand and any
part of it can be had again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from forge.actions import logs
from forge.actions.models import Job, JobLog
from forge.errors import Gone, NotFound
from workflows.log_lines import JOINT_LENGTH, Joints, joined

_PIECE = 1 << 20


@dataclass(frozen=True)
class Download:
    """The text of a log at one moment. ``stored`` bytes of it are kept; ``tag`` names exactly this text."""

    job: Job
    tag: str
    stored: int
    #: Places where a long line was cut, or None while nobody has counted them.
    joints: int | None

    @cached_property
    def length(self) -> int:
        """Bytes of the text. Reads through a log that is not sealed yet."""
        return self.stored - JOINT_LENGTH * self._joints

    def pieces(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The text from ``start`` up to ``end`` (excluded), in pieces."""
        if start == 0 and end is None:
            return self._whole()
        end = self.length if end is None else min(end, self.length)
        return logs.read(self.job, start, end) if self._joints == 0 else _part(self._whole(), start, end)

    def _whole(self) -> Iterator[bytes]:
        stored = logs.read(self.job, 0, self.stored)
        return stored if self.joints == 0 else _joined(stored)

    @cached_property
    def _joints(self) -> int:
        if self.joints is not None:
            return self.joints
        found = Joints()
        for piece in logs.read(self.job, 0, self.stored):
            found.add(piece)
        return found.count


def of(job: Job) -> Download:
    """The log of a job that really ran. NotFound when it has written none, Gone when it was deleted."""
    log = JobLog.objects.filter(job=job).first()
    if log is None:
        raise NotFound("Not Found: this job has no log (yet)")
    if log.deleted_at is not None:
        raise Gone("The logs were deleted")
    return Download(job, f"{log.pk}-{log.epoch}-{log.length}", log.length, log.joints if log.sealed_at else None)


def part(job: Job, start: int, end: int) -> Iterator[bytes]:
    """The text of a span of the stored log, of a step perhaps, in pieces."""
    return _joined(logs.read(job, start, end))


def _joined(stored: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in stored:
        whole, mark, rest = (rest + piece).rpartition(b"\n")
        if mark:
            # The newline stays with what follows: a continuation is known by the two together.
            yield joined(whole)
            rest = mark + rest
        if len(rest) > _PIECE:
            yield rest
            rest = b""
    yield joined(rest)


def _part(pieces: Iterator[bytes], start: int, end: int) -> Iterator[bytes]:
    at = 0
    for piece in pieces:
        cut = piece[max(0, start - at) : max(0, end - at)]
        at += len(piece)
        if cut:
            yield cut
        if at >= end:
            return
