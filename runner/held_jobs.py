"""The jobs that the agent holds, and their leases: renewed by heartbeats, each job stopped whose lease is lost."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from runner.backends.base import Lease
from runner.client import Client
from runner.errors import ServerError
from runner.job import JobRun
from workflows.errors import InvalidMessage
from workflows.messages import ActiveJob, CancelNotice, Heartbeat

log = logging.getLogger("forge.runner")


@dataclass
class HeldJob:
    """One job. ``renewed`` is when the server was last heard to say that it is ours, on the monotonic clock."""

    run: JobRun
    renewed: float = field(default_factory=time.monotonic)
    cancel_seen: int = 0  # 1: a cancel, 2: a forced one

    def as_active(self) -> ActiveJob:
        """This, as polls and heartbeats name it."""
        return ActiveJob(self.run.lease.job, self.run.lease.epoch, self.cancel_seen)


class HeldJobs:
    """All of them by their leases. ``changed`` guards them, and is notified of each that comes or goes."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._jobs: dict[Lease, HeldJob] = {}
        self._past: set[Lease] = set()

    def __len__(self) -> int:
        return len(self._jobs)

    def get(self, lease: Lease) -> HeldJob | None:
        """The job with this lease, if it is held now."""
        with self.changed:
            return self._jobs.get(lease)

    def all(self) -> dict[Lease, HeldJob]:
        """A copy of how it stands now."""
        with self.changed:
            return dict(self._jobs)

    def was_given(self, lease: Lease) -> bool:
        """Whether it is held, or ever was."""
        with self.changed:
            return lease in self._jobs or lease in self._past

    def add(self, job: JobRun) -> None:
        """It is held from now on."""
        with self.changed:
            self._jobs[job.lease] = HeldJob(job)
            self.changed.notify_all()

    def end(self, job: JobRun) -> None:
        """It is held no more, and never taken again."""
        with self.changed:
            self._jobs.pop(job.lease, None)
            self._past.add(job.lease)
            self.changed.notify_all()

    def cancel(self, notice: CancelNotice) -> None:
        """Tell a job what the server says of it."""
        with self.changed:
            held = self._jobs.get(Lease(notice.job, notice.epoch))
            if held is None:
                return
            held.cancel_seen = max(held.cancel_seen, 2 if notice.force else 1)
        held.run.stop.cancel(notice.reason or "The run was cancelled.", force=notice.force)

    def cancel_all(self, reason: str, *, force: bool = False) -> None:
        """Stop all of them, on our own account."""
        for held in self.all().values():
            held.run.stop.cancel(reason, force=force)

    def lose_all(self, reason: str) -> None:
        """None of them is ours any more."""
        for held in self.all().values():
            held.run.stop.lose(reason)


class Heartbeats:
    """A thread that renews the leases, ``most`` seconds apart at the most; ``drains`` is told what each answer says
    of the server."""

    def __init__(
        self, client: Client, instance: str, most: float, jobs: HeldJobs, drains: Callable[[bool], None]
    ) -> None:
        self._client = client
        self._instance = instance
        self._most = most
        self._jobs = jobs
        self._drains = drains
        self._is_heard = True  # whether the newest heartbeat was answered
        self._is_over = False

    def start(self) -> None:
        """Renew from now on."""
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def stop(self) -> None:
        """No heartbeat begins after this."""
        with self._jobs.changed:
            self._is_over = True
            self._jobs.changed.notify_all()

    def _beat(self) -> None:
        changed = self._jobs.changed
        while True:
            with changed:
                every = self._every()
                if changed.wait_for(lambda: self._is_over or self._every() < every, every):  # noqa: B023 - called at once
                    if self._is_over:
                        return
                    continue  # a job with a shorter lease has come
                jobs = self._jobs.all()
            if jobs:
                self._renew(jobs)

    def _every(self) -> float:
        """Seconds between two heartbeats: three of them fit into the shortest lease that is held, and when one was
        not answered the next comes sooner."""
        leases = [held.run.assignment.lease_seconds / 3 for held in self._jobs.all().values()]
        every = min([self._most, *leases])
        return every if self._is_heard else every / 3

    def _renew(self, jobs: dict[Lease, HeldJob]) -> None:
        message = Heartbeat(self._instance, tuple(held.as_active() for held in jobs.values()))
        try:
            answer = self._client.heartbeat(message)
        except (ServerError, InvalidMessage) as error:
            log.warning("no heartbeat: %s", error)
            self._is_heard = False
            _give_up(jobs)
            return
        self._is_heard = True
        for entry in answer.jobs:
            held = jobs.get(Lease(entry.job, entry.epoch))
            if held is None:
                continue
            if not entry.held:
                held.run.stop.lose(entry.reason or "The server gave this job to nobody, or to another runner.")
                continue
            held.renewed = time.monotonic()
            held.run.renewed()
            if entry.cancelled:
                self._jobs.cancel(CancelNotice(entry.job, entry.epoch, entry.force, entry.reason))
        self._drains(answer.drain)


def _give_up(jobs: dict[Lease, HeldJob]) -> None:
    """The server has been away for longer than these jobs may go on unwatched."""
    for held in jobs.values():
        limit = held.run.assignment.offline_limit_seconds
        if time.monotonic() - held.renewed > limit:
            held.run.stop.lose(f"The server was away for more than {limit} s.")
