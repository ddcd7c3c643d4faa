"""The zip of a run's logs, written as it is sent, in the layout that GitHub's own client looks for.

``0_build.txt`` is the whole log of a job, ``build/1_Set up job.txt`` that of one of its steps. The client
finds a step's file by the job's name without ``/`` and ``:``, cut to 90 UTF-16 units, and by the step's
number; some versions look anywhere in the path, so shorter folder names come first.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from forge.actions import logs
from forge.actions.models import Job, Step

#: Longest name of a job that the client looks for, in UTF-16 units.
NAME_LENGTH = 90
_EPOCH = datetime(1980, 1, 1, tzinfo=UTC)  # a zip knows nothing earlier
_UNSAFE_JOB = re.compile(r"[/:\\\x00-\x1f\x7f]")
_UNSAFE_STEP = re.compile(r'[/:\\<>|*?"\x00-\x1f\x7f]')


class Entry(NamedTuple):
    """A file of the archive; ``read`` begins to read its bytes."""

    path: str
    at: datetime
    read: Callable[[], Iterator[bytes]]


def archive(jobs: list[Job], source: Callable[[Job], Job]) -> Iterator[bytes]:
    """The bytes of the zip; ``source`` says which job really ran. Jobs without a log have no entry."""
    return _written(_entries([(job, source(job)) for job in jobs]))


def folder_names(names: Iterable[str]) -> list[str]:
    """The folder of each job, in order; a name that another job has already gets a number."""
    taken: set[str] = set()
    found = []
    for name in names:
        plain = _folder(name)
        folder, number = plain, 2
        while folder.lower() in taken:
            mark = f" ({number})"
            folder, number = cut(plain, NAME_LENGTH - len(mark)).rstrip() + mark, number + 1
        taken.add(folder.lower())
        found.append(folder)
    return found


def cut(text: str, units: int) -> str:
    """The first ``units`` UTF-16 units of a text, no character halved."""
    return text.encode("utf-16-le", "surrogatepass")[: units * 2].decode("utf-16-le", "ignore")


def _folder(name: str) -> str:
    plain = cut(_UNSAFE_JOB.sub("", name).strip(), NAME_LENGTH).strip()
    return plain if plain.strip(".") else "job"


def _entries(jobs: list[tuple[Job, Job]]) -> list[Entry]:
    sizes = logs.sizes(ran for _, ran in jobs)
    named = [
        (folder, job, ran)
        for folder, (job, ran) in zip(folder_names(job.name for job, _ in jobs), jobs, strict=True)
        if ran.pk in sizes
    ]
    whole = [  # with long lines cut as they are kept: the client stops reading where one comes to 64 KiB
        Entry(f"{number}_{folder}.txt", _time(job.completed_at), partial(logs.read, ran, 0, sizes[ran.pk]))
        for number, (folder, job, ran) in enumerate(named)
    ]
    by_length = sorted(named, key=lambda one: (len(one[0]), one[0]))
    return whole + [_step(folder, ran, step) for folder, _, ran in by_length for step in ran.steps.all() if _has(step)]


def _step(folder: str, ran: Job, step: Step) -> Entry:
    name = cut(_UNSAFE_STEP.sub("_", step.name), NAME_LENGTH).strip()
    path = f"{folder}/{step.number}_{name}.txt"
    return Entry(path, _time(step.completed_at), lambda: logs.read(ran, step.log_start or 0, step.log_end))


def _has(step: Step) -> bool:
    return step.log_start is not None and step.log_start != step.log_end


def _time(moment: datetime | None) -> datetime:
    return max(moment or _EPOCH, _EPOCH)


class _Outlet(io.RawIOBase):
    """Takes what the zip writer writes; it cannot be sought, so that sizes follow each file's bytes."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # any buffer, as io's stubs have it
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        """All that was written since the last call."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _written(entries: list[Entry]) -> Iterator[bytes]:
    outlet = _Outlet()
    with ZipFile(outlet, "w", ZIP_DEFLATED) as into:
        for entry in entries:
            info = ZipInfo(entry.path, entry.at.timetuple()[:6])
            info.compress_type = ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with into.open(info, "w", force_zip64=False) as file:
                for piece in entry.read():
                    file.write(piece)
                    if ready := outlet.taken():
                        yield ready
            yield outlet.taken()
    yield outlet.taken()
