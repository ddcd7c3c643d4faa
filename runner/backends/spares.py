"""Containers kept ready: created, started and connected before anybody knows what they will be for.

A spare serves one job. It has a folder of its own, and sees the directories in it; these become the job's by being
renamed, which mounts follow. Spares are of the images that jobs used last. One that was taken is replaced when its
job has ended, or some time later: to make a container keeps the engine busy for a fifth of a second, which the job's
first steps must not feel. A spare whose image has changed, or that has died, is thrown away.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from runner.backends.base import Lease
from runner.errors import InfrastructureError

PREFIX = "forge-spare-"
IMAGES = 3  # kept ready, those that jobs used last
_PAUSE = 1.0  # s between the taking of a spare and the making of the next, unless the job has ended
_AGAIN, _AGAIN_AT_MOST = 30.0, 600.0  # s until the next try after one that failed, and after many

log = logging.getLogger("forge.runner")


class Container(Protocol):
    """What a backend makes for a spare."""

    def is_ready(self) -> bool:
        """True while it lives and waits."""

    def close(self) -> None:
        """Remove it."""


Kind = TypeVar("Kind", bound=Container)


@dataclass(frozen=True)
class Spare(Generic[Kind]):
    """One container that waits. ``work`` in its folder is what it sees as the job's work folder."""

    image: str  # its name, as jobs ask for it
    image_id: str
    folder: Path
    container: Kind


class Spares(Generic[Kind]):
    """So many containers of each image. ``make`` makes one from an image's name, in a folder whose name it takes, and
    tells the image's id; InfrastructureError when it cannot. What is kept may be something else that a container
    holds: ``image`` is then what jobs ask for by name, and the names begin with another ``prefix``."""

    def __init__(
        self,
        folder: Path | None,
        number: int,
        make: Callable[[str, Path], tuple[str, Kind]],
        prefix: str = PREFIX,
    ) -> None:
        self._folder = folder
        self.number = number if folder else 0
        self._make = make
        self._prefix = prefix
        self._again = _AGAIN
        self._changed = threading.Condition()
        self._ready: list[Spare[Kind]] = []
        self._stale: list[Spare[Kind]] = []
        self._images: list[str] = []  # the newest last
        self._owners: dict[str, Lease | None] = {}  # by the container's name; None: it waits
        self._due = 0.0  # none is made before
        self._is_over = True
        self._thread: threading.Thread | None = None

    def start(self, image: str) -> None:
        """Keep spares from now on, of this image before a job has asked for another."""
        if not self.number or self._folder is None:
            return
        shutil.rmtree(self._folder, ignore_errors=True)  # of a former life; its containers ended with it
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._changed:
            self._is_over = False
            self._want(image)
        self._thread = threading.Thread(target=self._work, name="spares", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Keep none any more; waits until those that are there are removed."""
        with self._changed:
            self._is_over = True
            self._stale += self._ready
            self._ready = []
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def has(self, image: str) -> bool:
        """Whether a spare of this image waits. That it was asked for is remembered."""
        with self._changed:
            if self._is_over:
                return False
            found = any(spare.image == image for spare in self._ready)
            if not found:  # the job's own container is made first
                self._due = max(self._due, time.monotonic() + _PAUSE)
            self._want(image)
            return found

    def take(self, image: str, image_id: str, lease: Lease) -> Spare[Kind] | None:
        """A spare for this job, the image's id being what it is now; None when there is none."""
        with self._changed:
            for spare in [one for one in self._ready if one.image == image]:
                self._ready.remove(spare)
                if spare.image_id == image_id and spare.container.is_ready():
                    self._owners[spare.folder.name] = lease
                    self._due = time.monotonic() + _PAUSE
                    self._changed.notify_all()
                    return spare
                self._stale.append(spare)
            self._changed.notify_all()
        return None

    def ended(self, name: str) -> None:
        """The container that was taken is gone: now is a good time to make the next."""
        with self._changed:
            self._owners.pop(name, None)
            self._due = min(self._due, time.monotonic())
            self._changed.notify_all()

    def is_ours(self, name: str, held: frozenset[Lease]) -> bool:
        """True for a container that waits here, or serves one of these leases."""
        with self._changed:
            return name in self._owners and (self._owners[name] is None or self._owners[name] in held)

    def _want(self, image: str) -> None:
        """A job asks for this image; call with ``_changed`` held."""
        if self._images[-1:] != [image]:
            self._images = [*(one for one in self._images if one != image), image][-IMAGES:]
            left = [spare for spare in self._ready if spare.image not in self._images]
            self._stale += left
            self._ready = [spare for spare in self._ready if spare not in left]
            self._changed.notify_all()

    def _missing(self) -> str | None:
        """The image of which there are too few, the newest first; call with ``_changed`` held."""
        there = [spare.image for spare in self._ready]
        return next((image for image in reversed(self._images) if there.count(image) < self.number), None)

    def _work(self) -> None:
        while True:
            with self._changed:
                image = self._wait()
                stale, self._stale = self._stale, []
            for spare in stale:
                self._throw_away(spare)
            if image is not None:
                self._add(image)
            elif self._is_over:
                return

    def _wait(self) -> str | None:
        """Come back when there is something to do: with the image to make a spare of, if that is it."""
        while not self._is_over and not self._stale:
            image, left = self._missing(), self._due - time.monotonic()
            if image is not None and left <= 0:
                return image
            self._changed.wait(left if image is not None else None)
        return None

    def _add(self, image: str) -> None:
        assert self._folder is not None
        folder = self._folder / f"{self._prefix}{uuid.uuid4().hex}"
        with self._changed:
            self._owners[folder.name] = None
        try:
            folder.mkdir(mode=0o711)
            image_id, container = self._make(image, folder)
        except (InfrastructureError, OSError) as error:
            log.info("no %s is kept ready: %s", self._prefix.strip("-"), error)
            self._forget(folder)
            with self._changed:
                self._due = time.monotonic() + self._again
                self._again = min(2 * self._again, _AGAIN_AT_MOST)
            return
        self._again = _AGAIN
        spare = Spare(image, image_id, folder, container)
        with self._changed:
            is_wanted = not self._is_over and image in self._images
            (self._ready if is_wanted else self._stale).append(spare)

    def _throw_away(self, spare: Spare[Kind]) -> None:
        try:
            spare.container.close()
        except InfrastructureError as error:  # the janitor comes again
            log.warning("a container that was kept ready cannot be removed: %s", error)
        self._forget(spare.folder)

    def _forget(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        with self._changed:
            self._owners.pop(folder.name, None)


def hand_over(spare: Path, work: Path) -> None:
    """Make the work folder that a spare sees a job's, with all that lies in the job's. Nothing has run there yet."""
    _move(work, spare)
    shutil.rmtree(work)
    spare.rename(work)
    shutil.rmtree(spare.parent, ignore_errors=True)


def _move(source: Path, target: Path) -> None:
    for entry in list(os.scandir(source)):
        there = target / entry.name
        if entry.is_dir(follow_symlinks=False) and there.is_dir():
            _move(Path(entry.path), there)
        else:
            os.rename(entry.path, there)
