"""A runner that carries out nothing: it takes a job by the real protocol and writes to its log what it is told to."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType

from runner.client import Client, HttpTransport, JobClient
from tests.services.stack import Project, Stack
from workflows.messages import ActiveJob, Assignment, Heartbeat, JobReport, Poll, Register, StepReport, StepsReport

WORKFLOW = """\
name: Talk
on: push
jobs:
  talk:
    runs-on: talker
    steps:
      - name: Say
        run: exit 0
"""
#: Seconds between two appends of a log that grows evenly, as a busy runner sends.
EVERY = 0.1
#: Lines that fill any screen, so that the page has scrolled to its log when more come.
FILLED = 200


class Talker:
    """One job of a new repository, under way from ``with`` on."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._transport = HttpTransport(stack.url)
        self._instance = uuid.uuid4().hex
        self._length = 0
        self._over = threading.Event()
        credential = f"shr_{uuid.uuid4().hex}{uuid.uuid4().hex}"
        digest = hashlib.sha256(credential.encode()).hexdigest()
        self._client = Client(self._transport, credential)
        token = stack.forge("runner", "token").strip()
        self._client.register(token, Register(f"talker-{self._instance[:8]}", ("talker",), digest))

    def __enter__(self) -> Talker:
        self.project: Project = self._stack.repository({".github/workflows/talk.yml": WORKFLOW})
        self.run = self.project.run(self.project.push())
        self._assignment = self._take()
        self._job = self._client.job(self._assignment)
        begin(self._job, self._assignment)
        self._beat = threading.Thread(target=self._keep, daemon=True)
        self._beat.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._beat.join()
        if error is None:
            self._end()
        self._client.close()

    @property
    def address(self) -> str:
        """Of the job's page."""
        return f"{self.run['html_url']}/job/{self._assignment.job}"

    def say(self, lines: Iterable[str]) -> None:
        """Append these to the log."""
        stamp = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"
        data = "".join(f"{stamp} {line}\n" for line in lines).encode()
        self._length = self._job.append(self._length, data)

    def fill(self) -> None:
        """What stands there when somebody begins to look."""
        self.say(f"before {number}" for number in range(FILLED))

    def flow(self, rate: int, seconds: float) -> int:
        """So many lines a second, evenly; how many were said. One that comes late is made up for."""
        said, begun = 0, time.monotonic()
        while (passed := time.monotonic() - begun) < seconds:
            due = int(rate * passed) + 1
            self.say(f"line {number} of many that come, all at once, from a job" for number in range(said, due))
            said = due
            time.sleep(max(0.0, EVERY - (time.monotonic() - begun - passed)))
        return said

    def _take(self) -> Assignment:
        key = uuid.uuid4().hex
        while True:
            answer = self._client.poll(Poll(self._instance, key, free=1, wait_seconds=10))
            if answer and answer.assignment:
                return answer.assignment

    def _keep(self) -> None:
        active = (ActiveJob(self._assignment.job, self._assignment.epoch),)
        while not self._over.wait(10):
            self._client.heartbeat(Heartbeat(self._instance, active))

    def _end(self) -> None:
        self.say(["that was all"])
        step = StepReport(1, "Say", "completed", outcome="success", conclusion="success", log_end=self._length)
        self._job.steps(StepsReport(self._assignment.epoch, (step,)))
        self._job.status(JobReport(self._assignment.epoch, "completed", "success"))


def begin(job: JobClient, assignment: Assignment) -> None:
    """The job runs, and its one step."""
    job.status(JobReport(assignment.epoch, "in_progress"))
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    step = StepReport(1, "Say", "in_progress", started_at=now, log_start=0)
    job.steps(StepsReport(assignment.epoch, (step,)))
