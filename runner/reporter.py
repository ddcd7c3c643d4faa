"""Sends a job's states and log bytes to the server, in order, until they are acknowledged.

Two threads a job: one for the states of steps, where the newest of each step counts, and one for the log,
which resumes at whatever offset the server wants; while much of it waits, two batches are on their way at once.
What stands behind the end of a step is not sent before the server knows of that end: whoever watches would take it
for the step's own.
An outage only makes both wait. When the lease is lost nothing more is sent, and everybody who waits here gets
``JobEnded``.

The first report of steps acknowledges the claim. It waits a moment for more: where the job's place is ready at once,
one message says that the job is in progress, that it is set up, and that its first step runs. Later ones are
gathered for longer, unless somebody waits for the answer.
"""

from __future__ import annotations

import errno
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from runner.client import LOG_BATCH, JobClient, Packed, packed, retrying
from runner.errors import JobEnded, LeaseLost, Refused, ServerError, Unreachable
from runner.spool import JobLog
from workflows.errors import InvalidMessage
from workflows.messages import JobReport, StepReport, StepsReport
from workflows.states import Conclusion

FIRST_WAIT = 0.05  # s: lines that come together go together
TAIL_WAIT = 0.01  # s after a full batch: what comes behind it is the next, or the end of much
RUSH_WAIT = 0.2  # s between two while a step writes as fast as it can
IN_FLIGHT = 2  # batches on their way at once
BATCH_WAIT = 0.2  # s between two appends, unless a full batch is there
FIRST_STATES_WAIT = 0.02  # s that the first report of steps waits for more
STATES_WAIT = 0.05  # s between two of them


class Reporter:
    """What the server is told about one job. ``lost`` is called once, when the lease turns out to be gone."""

    def __init__(self, client: JobClient, epoch: int, log: JobLog, lost: Callable[[str], None]) -> None:
        self._client = client
        self._epoch = epoch
        self._log = log
        self._lost = lost
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._pending: dict[int, StepReport] = {}
        self._sending: tuple[StepReport, ...] = ()
        self._ends: tuple[int, ...] = ()  # of steps' logs, that the server has not heard of yet
        self._has_told = False  # no states will be sent any more
        self._urgent = False  # somebody waits for the answer to what is pending
        self._heard = threading.Event()  # the server has answered a report that was waited for
        self._acknowledged = 0
        self._ending = False
        self._buffers: list[bytearray] = []
        self._was_full = False  # the batch that was sent last
        self._of_states, self._of_log = (
            threading.Thread(target=self._guarded, args=(work,), name=name, daemon=True)
            for name, work in (("step-states", self._send_states), ("log-upload", self._send_log))
        )

    def start(self) -> None:
        """Report from now on."""
        self._of_states.start()

    def wait_until_heard(self, seconds: float) -> None:
        """Come back when a report that was waited for is answered, or nothing more is sent; at the latest then."""
        self._heard.wait(seconds)

    def step(self, *reports: StepReport) -> None:
        """Report states soon; a newer state of a step replaces one that was not sent yet."""
        mask = self._log.secrets.mask_text
        with self._changed:
            for report in reports:
                self._pending[report.number] = replace(report, name=mask(report.name), reason=mask(report.reason))
            self._note_ends()
            self._changed.notify_all()

    def step_and_wait(self, report: StepReport) -> None:
        """Report a state, and come back when the server has it. JobEnded when the lease is lost meanwhile."""
        with self._changed:
            self._urgent = True
            self.step(report)
            self._changed.wait_for(lambda: self._stop.is_set() or not (self._pending or self._sending))
        self._heard.set()
        self._check()

    def drain(self) -> None:
        """Come back when every state and every byte of the log is acknowledged; JobEnded when that cannot be."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._wake_log()
        self._of_states.join()
        self._of_log.join()
        self._check()

    def finish(self, report: JobReport) -> None:
        """The final report. All else must be acknowledged."""
        report = _masked(report, self._log.secrets.mask_text)
        try:
            self._ask(lambda: self._client.status(report))
        except LeaseLost:
            raise
        except Refused as refusal:
            if refusal.code == "already_completed":
                return
            bare = _bare(report, refusal)
            self._ask(lambda: self._client.status(bare))

    def abandon(self) -> None:
        """Send nothing more."""
        self._stop.set()
        self._heard.set()
        with self._changed:
            self._changed.notify_all()
        self._wake_log()

    def _wake_log(self) -> None:
        with self._log.changed:
            self._log.changed.notify_all()

    def _check(self) -> None:
        if self._stop.is_set():
            raise JobEnded("the lease of this job is lost")

    def _ask(self, call: Callable[[], None]) -> None:
        self._check()
        try:
            retrying(call, self._stop.is_set, self._stop.wait)
        except LeaseLost as error:
            self._lose(str(error))
            raise JobEnded(str(error)) from error
        except Unreachable as error:
            raise JobEnded(str(error)) from error

    def _lose(self, why: str) -> None:
        with self._changed:  # several calls may hear of it at once
            first = not self._stop.is_set()
            self._stop.set()
        self.abandon()
        if first:
            self._lost(why)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except JobEnded:
            pass
        except (ServerError, InvalidMessage, OSError) as error:
            self._lose(str(error))

    def _send_states(self) -> None:
        self._of_log.start()  # here, so that the job waits for one thread less to come up
        try:
            self._send_each_state()
        finally:
            with self._changed:
                self._has_told = True
                self._note_ends()
            self._wake_log()

    def _send_each_state(self) -> None:
        due = 0.0
        while True:
            with self._changed:
                self._wait_for_states(due)
                if self._stop.is_set() or not self._pending:
                    return
                steps = tuple(self._pending[number] for number in sorted(self._pending))
                self._pending, self._sending, self._urgent = {}, steps, False
            due = time.monotonic() + STATES_WAIT
            report = StepsReport(self._epoch, steps)
            try:
                self._ask(lambda report=report: self._client.steps(report))  # type: ignore[misc]  # bound at once
            finally:
                with self._changed:
                    self._sending = ()
                    self._note_ends()
                    self._changed.notify_all()
            self._wake_log()

    def _note_ends(self) -> None:
        """Call with ``_changed`` held, and before anything is written behind them. Those that nobody will tell any
        more hold nothing back."""
        reports = () if self._has_told else (*self._sending, *self._pending.values())
        self._ends = tuple(report.log_end for report in reports if report.log_end is not None)

    def _wait_for_states(self, due: float) -> None:
        """Come back when states are to be sent, or none will be any more; call with ``_changed`` held."""

        def at_once() -> bool:
            return self._urgent or self._ending or self._stop.is_set()

        self._changed.wait_for(lambda: self._pending or at_once())
        if not due:
            due = time.monotonic() + FIRST_STATES_WAIT
        self._changed.wait_for(at_once, max(0.0, due - time.monotonic()))

    def _send_log(self) -> None:
        last, in_flight = 0.0, IN_FLIGHT
        flying: deque[_Batch] = deque()
        while flying or self._wait_for_bytes(last):
            last = time.monotonic()
            if not flying:
                flying.append(self._batch(self._acknowledged))
            while len(flying) < in_flight and self._free(flying[-1].end) >= LOG_BATCH and not self._log.is_rushed:
                flying.append(self._batch(flying[-1].end, behind=flying[-1]))
            batch = flying.popleft()
            self._was_full = batch.is_full
            self._acknowledge(batch.answered())
            if self._acknowledged != batch.end:  # the server goes on somewhere else: those behind have come for nothing
                in_flight = 1  # it may have several processes, in which they overtake each other
                for other in flying:
                    self._acknowledge(other.answered())
                flying.clear()

    def _batch(self, offset: int, behind: _Batch | None = None) -> _Batch:
        def append(batch: Packed) -> int:
            wanted: list[int] = []
            self._ask(lambda: wanted.append(self._client.append_packed(offset, batch)))
            return wanted[-1]

        size = min(LOG_BATCH, self._free(offset))
        return _Batch(offset, size, lambda: self._pack(offset, size), append, behind)

    def _pack(self, offset: int, size: int) -> Packed:
        """Bytes of the log as they are sent. They are read to where others were before: new memory for each batch
        costs as much as packing it."""
        buffer = self._buffers.pop() if self._buffers else bytearray(LOG_BATCH)
        with memoryview(buffer) as whole, whole[:size] as part:
            if self._log.read_into(part, offset) < size:  # the rest would be what another batch has left there
                self._check()
                raise OSError(errno.EIO, "the file of the job's log is shorter than what was written to it")
            batch = packed(part)
        self._buffers.append(buffer)
        return batch

    def _acknowledge(self, wanted: int) -> None:
        if wanted > self._log.size:
            raise InvalidMessage(f"the server wants offset {wanted} of a log of {self._log.size} bytes")
        self._acknowledged = wanted

    def _wait_for_bytes(self, last: float) -> bool:
        """Wait until bytes are due to be sent; False when none will come any more."""
        while not self._waiting() and not self._stop.is_set() and self._log.hash_ahead():
            pass
        with self._log.changed:
            while True:
                self._log.changed.wait_for(lambda: self._waiting() or self._is_over() or self._stop.is_set())
                self._gather(last)
                if self._stop.is_set() or self._is_over():
                    return False
                if self._waiting():
                    return True

    def _gather(self, last: float) -> None:
        """Wait for more to send together; call with the log's ``changed`` held."""
        until = last + RUSH_WAIT
        self._log.stand_back(lambda: self._stop.is_set() or self._ending or time.monotonic() >= until)
        now = time.monotonic()
        due = now + TAIL_WAIT if self._was_full else max(last + BATCH_WAIT, now + FIRST_WAIT)
        while not self._stop.is_set() and not self._ending and self._waiting() < LOG_BATCH:
            left = due - time.monotonic()
            if left <= 0 or not self._log.changed.wait(left):
                break

    def _waiting(self) -> int:
        return self._free(self._acknowledged)

    def _free(self, offset: int) -> int:
        """Bytes from there on that may be sent: none from behind an end that the server has not heard of, but for
        those that were sent before it was known of."""
        size = self._log.size  # before the ends: what was written by then lies behind none that comes later
        return min([size, *(end for end in self._ends if end >= offset)]) - offset

    def _is_over(self) -> bool:
        """Whether no more bytes will come."""
        return self._ending and self._acknowledged >= self._log.size


class _Batch:
    """Bytes of the log on their way to the server; a full batch goes in a thread, so that another can follow at once,
    ``behind`` it."""

    def __init__(
        self,
        offset: int,
        size: int,
        pack: Callable[[], Packed],
        append: Callable[[Packed], int],
        behind: _Batch | None,
    ) -> None:
        self.end = offset + size
        self.is_full = size == LOG_BATCH
        self._pack = pack
        self._append = append
        self._behind = behind
        self._has_left = threading.Event()
        self._wanted = -1
        self._problem: Exception | None = None
        self._thread: threading.Thread | None = None
        if self.is_full:
            self._thread = threading.Thread(target=self._send, name="log-batch", daemon=True)
            self._thread.start()

    def answered(self) -> int:
        """The offset that the server wants next; raises what went wrong."""
        if self._thread is None:
            self._send()
        else:
            self._thread.join()
        if self._problem is not None:
            raise self._problem
        return self._wanted

    def _send(self) -> None:
        try:
            if self._behind is not None:
                self._behind._has_left.wait()
                self._behind = None
            batch = self._pack()
            self._has_left.set()
            self._wanted = self._append(batch)
        except Exception as problem:
            self._problem = problem
        finally:
            self._has_left.set()


def _masked(report: JobReport, mask: Callable[[str], str]) -> JobReport:
    """The report by all that is secret at the end of the job, wherever its texts came from."""
    notes = (
        replace(note, message=mask(note.message), title=mask(note.title), path=mask(note.path))
        for note in report.annotations
    )
    summaries = (replace(each, text=mask(each.text)) for each in report.summaries)
    return replace(report, message=mask(report.message), annotations=tuple(notes), summaries=tuple(summaries))


def _bare(report: JobReport, refusal: Refused) -> JobReport:
    """A report that the server cannot refuse for what it carries."""
    message = f"The server refused the report of this job ({refusal}). {report.message}".strip()
    return replace(
        report,
        conclusion=Conclusion.FAILURE,
        reason="report_refused",
        message=message,
        outputs={},
        annotations=(),
        summaries=(),
    )
