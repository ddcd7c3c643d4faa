"""Ask for work, run it, keep its leases, stop when told.

One poll is always open, at capacity 0 too, since news of cancels come over it. It carries a request key that
is kept until a 200 or 410 answers it: an answer that was lost is asked for again and is the same. When a job
ends while a poll is held, a new poll with the same key and more room ends the older one.

An agent that only polls (``poll_only``) asks briefly and often, and asks for each job whether it is to be
stopped. Leases are renewed by heartbeats either way.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from runner.backends.base import Backend, Lease
from runner.client import Client, retrying
from runner.clock import ServerClock
from runner.credential import Credential, Keeper
from runner.errors import InUse, LeaseLost, Refused, ServerError, Unreachable
from runner.held_jobs import Heartbeats, HeldJobs
from runner.janitor import Janitor
from runner.job import JobRun, JobSettings
from runner.lease_folder import LeaseFolder
from runner.step import Graces
from runner.unsent import Unsent
from workflows.errors import InvalidMessage
from workflows.messages import Assignment, CancelNotice, Leave, Poll, PollAnswer, Rotate
from workflows.states import Conclusion

log = logging.getLogger("forge.runner")

#: s that a full agent lets its job report its first step before it polls again, for no more than news of cancels.
_STARTING = 0.25
_REMOVE_TIME = 30.0  # s that an ephemeral runner tries to tell the server that it is gone


@dataclass(frozen=True)
class Pace:
    """Seconds between the agent's calls."""

    wait: float = 50  # how long a poll is held
    heartbeat: float = 15
    brief: float = 2  # between two polls, and two cancel checks, of an agent that only polls
    credential: float = 3600  # between two looks whether the credential is to be changed
    retry: float = 1  # after a call that failed, growing to ten times this


@dataclass(frozen=True)
class AgentSettings:
    """What the agent is to be."""

    leases: Path
    runner: dict[str, str]
    capacity: int = 1
    once: bool = False  # one job, then the end
    ephemeral: bool = False  # the same, and this runner is registered no more
    poll_only: bool = False
    drain_timeout: float | None = None  # seconds that running jobs get after the first signal; None: all they need
    job_env: dict[str, str] = field(default_factory=dict)
    version: str = ""
    instance: str = field(default_factory=lambda: uuid.uuid4().hex)  # tells apart who polls with one credential
    pace: Pace = field(default_factory=Pace)
    graces: Graces = field(default_factory=Graces)
    clock: ServerClock = field(default_factory=ServerClock)
    credential: Credential | None = None  # changed for a new one from time to time; None: never

    @property
    def takes_one(self) -> bool:
        """Whether it ends after its first job."""
        return self.once or self.ephemeral

    @property
    def unsent(self) -> Path:
        """Where logs wait of jobs that the agent goes on with no more."""
        return self.leases.with_name("unsent")


class Agent:
    """The program that runs between registration and the end. ``run`` blocks; signals call ``drain``."""

    def __init__(
        self, client: Client, backend: Backend, settings: AgentSettings, ready: Callable[[], None] = lambda: None
    ) -> None:
        self._client = client
        self._backend = backend
        self._settings = settings
        self._ready = ready
        self._instance = settings.instance
        self._key = uuid.uuid4().hex
        self._jobs = HeldJobs()
        self._changed = self._jobs.changed
        self._polls = 0  # polls that are open
        self._generation = 0  # grows when an open poll no longer says how it stands
        self._polled = -1  # the generation that the newest poll was made in
        self._told_to_stop = 0  # times
        self._server_drains = False
        self._finished = False
        self._taken = 0
        self._failures = 0
        self._fatal: ServerError | None = None
        self.conclusions: list[Conclusion | None] = []
        self._janitor = Janitor(backend, settings.leases, self.held)
        self._unsent = Unsent(client, settings.unsent, settings.instance, self._janitor.is_clear)
        self._heartbeats = Heartbeats(client, settings.instance, settings.pace.heartbeat, self._jobs, self._heard)
        kept, every = settings.credential, settings.pace.credential
        self._keeper = None if kept is None else Keeper(kept, self._announce, client.use, every)

    def held(self) -> frozenset[Lease]:
        """The leases that are held now."""
        return frozenset(self._jobs.all())

    def run(self) -> None:
        """Work until drained. InUse or Refused when the server will not have this runner."""
        self._settings.leases.mkdir(mode=0o711, parents=True, exist_ok=True)
        self._unsent.collect(self._settings.leases)
        self._janitor.sweep()
        self._janitor.start()
        self._backend.keep_ready()
        self._unsent.start()
        self._heartbeats.start()
        if self._keeper is not None:
            self._keeper.start()
        try:
            while not self._is_done():
                self._open_poll()
                self._wait_for_change()
        finally:
            with self._changed:
                self._finished = True
                self._changed.notify_all()
            self._heartbeats.stop()
            if self._keeper is not None:
                self._keeper.stop()
            if self._settings.ephemeral and self._taken:
                self._remove()
            elif self._fatal is None:
                self._leave()
            self._client.close()
            self._unsent.stop()
            self._backend.let_go()
            self._janitor.stop()
        if self._fatal is not None:
            raise self._fatal

    def drain(self) -> None:
        """Take no new work; called again: cancel what runs; and again: end it at once."""
        with self._changed:
            self._told_to_stop += 1
            told = self._told_to_stop
            self._news()
        if told > 1:
            self._jobs.cancel_all("The runner was told to stop at once.", force=told > 2)
        elif self._settings.drain_timeout is not None:
            reason = f"The runner was stopped, and this job did not end within {self._settings.drain_timeout:g} s."
            timer = threading.Timer(self._settings.drain_timeout, self._jobs.cancel_all, (reason,))
            timer.daemon = True
            timer.start()

    def _heard(self, drains: bool) -> None:
        """What a heartbeat says of the server."""
        with self._changed:
            if self._server_drains != drains:
                self._server_drains = drains
                self._news()

    def _announce(self, credential_hash: str) -> None:
        self._client.rotate(Rotate(self._instance, credential_hash))

    def _leave(self) -> None:
        """Say that this process ends. Whom that does not reach learns it from the silence."""
        try:
            self._client.leave(Leave(self._instance))
        except (ServerError, InvalidMessage) as error:
            log.info("the server could not be told that this runner stops: %s", error)

    def _remove(self) -> None:
        """Unregister. The server does so by itself, later, when it cannot be told."""
        until = time.monotonic() + _REMOVE_TIME
        try:
            with contextlib.suppress(Refused):  # it knows us no more
                retrying(self._client.remove, lambda: time.monotonic() > until, time.sleep)
        except Unreachable as error:
            log.warning("the server could not be told that this runner is gone: %s", error)

    def _is_done(self) -> bool:
        with self._changed:
            return self._may_end()

    def _news(self) -> None:
        """What an open poll says is no longer so; call with ``_changed`` held."""
        self._generation += 1
        self._changed.notify_all()

    def _free(self) -> int:
        if self._told_to_stop or self._server_drains or (self._settings.takes_one and self._taken):
            return 0
        return max(0, self._settings.capacity - len(self._jobs))

    def _is_full(self) -> bool:
        with self._changed:
            return self._free() == 0

    def _open_poll(self) -> None:
        with self._changed:
            if self._polled == self._generation or self._fatal is not None:
                return
            self._polled = self._generation
            self._polls += 1
            # The first poll is not held: its answer tells the server's time well, before any job is there.
            held = self._polled > 0 and not self._settings.poll_only
            wait = self._settings.pace.wait if held else 0.0
            active = tuple(held.as_active() for held in self._jobs.all().values())
            message = Poll(self._instance, self._key, self._free(), active, wait, self._server_drains)
        threading.Thread(target=self._poll, args=(message, self._polled), name="poll", daemon=True).start()

    def _wait_for_change(self) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._may_end() or (self._fatal is None and self._polled != self._generation)
            )

    def _may_end(self) -> bool:
        enough = self._told_to_stop > 0 or self._fatal is not None or (self._settings.takes_one and self._taken > 0)
        return enough and not self._jobs

    def _poll(self, message: Poll, generation: int) -> None:
        if generation == 0:
            self._ready()
        pause = self._settings.pace.brief if self._settings.poll_only else 0.0
        try:
            taken = self._take(message, self._client.poll(message))
            self._failures = 0
            if taken is not None and self._is_full():
                taken.wait_until_started(_STARTING)
        except InUse as error:
            log.error("%s; waiting until the other process is silent", error)
            pause = self._settings.pace.retry * 10
        except Refused as error:
            pause = self._refused(message, error)
        except (ServerError, InvalidMessage) as error:
            pause = self._later(error)
        self._pause(pause, generation)
        with self._changed:
            self._polls -= 1
            if generation == self._polled:  # no newer poll is open: the next one
                self._news()

    def _refused(self, message: Poll, error: Refused) -> float:
        if error.status == 410:
            self._renew_key(message.request_key)
            return 0.0
        if error.status in (401, 403, 404):
            with self._changed:
                if self._finished:  # we have taken ourselves away
                    return 0.0
                self._fatal = error
                self._changed.notify_all()
            self._jobs.lose_all(str(error))  # whoever has no runner any more has no leases either
            return 0.0
        return self._later(error)

    def _later(self, error: Exception) -> float:
        with self._changed:
            if self._finished:
                return 0.0
            self._failures += 1
            if self._failures == 1:
                log.warning("the server cannot be asked: %s; trying on", error)
            # Of many agents that lost one server, not all come back at one moment.
            pause = min(float(self._failures), 10.0) * self._settings.pace.retry * random.uniform(0.5, 1.5)
            asked = error.retry_after if isinstance(error, Unreachable) else None
            return max(pause, asked or 0.0)

    def _pause(self, seconds: float, generation: int) -> None:
        """Wait before the next poll, unless there is news that make it worthless."""
        if seconds:
            with self._changed:
                self._changed.wait_for(lambda: self._finished or self._generation != generation, seconds)

    def _renew_key(self, used: str) -> None:
        with self._changed:
            if self._key == used:
                self._key = uuid.uuid4().hex

    def _take(self, message: Poll, answer: PollAnswer | None) -> JobRun | None:
        """Act upon an answer; the job that came with it."""
        if answer is None:
            return None
        self._renew_key(message.request_key)
        with self._changed:
            self._server_drains = answer.drain
        for notice in answer.cancels:
            self._jobs.cancel(notice)
        return self._begin(answer.assignment) if answer.assignment is not None else None

    def _begin(self, assignment: Assignment) -> JobRun | None:
        lease = Lease(assignment.job, assignment.epoch)
        with self._changed:
            if self._jobs.was_given(lease) or self._finished or self._fatal is not None:
                return None  # two polls with one key were answered the same
            repository = assignment.repository.full_name.rpartition("/")[2]
            settings = JobSettings(
                folder=LeaseFolder(self._settings.leases, lease, repository),
                runner=self._settings.runner,
                environment=self._settings.job_env,
                version=self._settings.version,
                graces=self._settings.graces,
                clock=self._settings.clock,
                unsent=self._settings.unsent,
            )
            job = JobRun(assignment, self._client.job(assignment), self._backend, settings)
            self._jobs.add(job)
            self._taken += 1
            if self._free():
                self._news()
        log.info("job %s: %s", lease, assignment.job_name)
        threading.Thread(target=self._carry, args=(job,), name=f"job-{lease}").start()
        if self._settings.poll_only:
            threading.Thread(target=self._check_cancel, args=(lease,), name="cancel-check", daemon=True).start()
        return job

    def _carry(self, job: JobRun) -> None:
        conclusion: Conclusion | None = None
        try:
            conclusion = job.run()
        except Exception:  # a fault of ours must not take the agent's other jobs with it
            log.exception("job %s broke", job.lease)
        log.info("job %s: %s", job.lease, conclusion or f"given up: {job.stop.reason}")
        with self._changed:
            self._jobs.end(job)
            self.conclusions.append(conclusion)
            self._news()
        self._janitor.nudge()
        if job.stop.lost:
            self._unsent.look()

    def _check_cancel(self, lease: Lease) -> None:
        while True:
            with self._changed:
                held = self._jobs.get(lease)
                if held is None or self._changed.wait_for(
                    lambda: self._jobs.get(lease) is None, self._settings.pace.brief
                ):
                    return
            try:
                state = self._client.job(held.run.assignment).cancel_check()
            except LeaseLost as error:
                held.run.stop.lose(str(error))
                return
            except (ServerError, InvalidMessage):
                continue  # the heartbeat minds how long that may go on
            if state.cancelled:
                self._jobs.cancel(CancelNotice(lease.job, lease.epoch, state.force, state.reason))
