"""The steps of a job that run beside others: started, queued, waited for, called off.

    start → (queued until there is room) → its own thread runs it → ended → its log placed → joined at a wait

Everything but the run itself happens in the thread that goes through the job's steps. A step gets a copy of the
job's context when its turn comes; what it leaves (outputs, variables, paths, outcome) joins the job's own at the
wait that includes it, and so does its failure. Its log is one span: it is put into the job's log when the step has
ended and no other is being written, or goes there as it comes while nothing but this step is waited for.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from runner.context import JobContext
from runner.errors import InfrastructureError, StepFailed
from runner.records import StepRecord
from runner.reporter import Reporter
from runner.spool import JobLog
from runner.step import StepRun, Workbench
from runner.step_log import Shelf, StepLog
from workflows.model import Step
from workflows.states import Conclusion

MOST = 10  # steps that run beside others at once; further ones wait for their turn
_PATIENCE = 15.0  # s that the threads of a job that ended badly have to end


@dataclass(eq=False)
class BesideStep:
    """One step that runs beside others."""

    step: Step
    record: StepRecord
    run: StepRun
    context: JobContext
    log: StepLog
    problem: str = ""  # why it cannot run
    outcome: Conclusion | None = None
    conclusion: Conclusion | None = None
    fault: BaseException | None = None  # what broke the job while it ran
    has_begun: bool = False
    has_ended: bool = False
    is_placed: bool = False
    is_joined: bool = False
    thread: threading.Thread | None = field(default=None, repr=False)


class Background:
    """All such steps of one job. ``begin`` reports a step that begins, before anything of it is spawned."""

    def __init__(self, bench: Workbench, log: JobLog, reporter: Reporter, begin: Callable[[StepRecord], None]) -> None:
        self._bench = bench
        self._job_log = log
        self._reporter = reporter
        self._begin = begin
        self._shelf = Shelf(log, bench.spool_folder)
        self._lock = threading.Lock()
        self._queue: list[BesideStep] = []
        self._running = 0
        self._ended = 0
        self._live: BesideStep | None = None
        self._named: dict[str, BesideStep] = {}
        self.steps: list[BesideStep] = []

    def make(self, step: Step, record: StepRecord) -> BesideStep:
        """A step whose turn it is, with the context of now. It is not started yet."""
        context, log = self._bench.context.fork(), StepLog(self._shelf)
        run = StepRun(replace(self._bench, context=context, log=log), step, record)
        return BesideStep(step, record, run, context, log)

    def start(self, one: BesideStep, step_id: str = "") -> None:
        """Let it run, at once or as soon as another has ended; ``named`` finds it by this id."""
        self.steps.append(one)
        self._named[step_id] = one
        with self._lock:
            is_full = self._running >= MOST
            if is_full:
                self._queue.append(one)
            else:
                self._running += 1
        if not is_full:
            self._spawn(one)

    def named(self, step_id: str) -> BesideStep | None:
        """The step with this id, if it was started."""
        return self._named.get(step_id)

    def open(self) -> list[BesideStep]:
        """Those that no wait has included so far."""
        return [one for one in self.steps if not one.is_joined]

    def call_off(self, one: BesideStep, reason: str) -> None:
        """Stop it; one that has not begun never will."""
        with self._lock:
            queued = one in self._queue
            if queued:
                self._queue.remove(one)
        if queued:
            one.record.reason = reason
            self._never(one, Conclusion.CANCELLED)
        elif not one.has_ended:
            one.run.call_off(reason)

    def wait(self, ones: Iterable[BesideStep]) -> None:
        """Wait until all of these have ended, then let the job see what they left. Raises what broke the job."""
        ones = list(ones)
        while True:
            ended = self._ended
            left = [one for one in ones if not one.has_ended]
            self.place()  # all but those that are left, for sure
            if not left:
                break
            if len(left) == 1 and left[0].has_begun and self._live is None:
                self._go_live(left[0])
            self._bench.stop.wait_for(lambda ended=ended: self._ended != ended)  # type: ignore[misc]  # called at once
        for one in ones:
            self._join(one)

    def place(self) -> None:
        """Put the logs of those that have ended into the job's, if none is being written there. Raises what broke
        the job while one of them ran."""
        for one in self.steps:
            if one.has_ended and one.fault is not None:
                raise one.fault
        if self._live is not None and self._live.has_ended:
            self._place(self._live)
            self._live = None
        if self._live is None:
            for one in self.steps:
                if one.has_ended and not one.is_placed:
                    self._place(one)

    def end(self) -> None:
        """After the job broke: let their threads end, and keep what they wrote. Their place is being removed."""
        with self._lock:
            self._queue.clear()
        if any(one.has_begun and not one.has_ended for one in self.steps):
            with contextlib.suppress(InfrastructureError):  # the janitor comes again
                self._bench.sandbox.close()
        until = time.monotonic() + _PATIENCE
        for one in self.steps:
            if one.thread is not None:
                one.thread.join(max(0.0, until - time.monotonic()))
            if one.has_begun and not one.is_placed:
                with contextlib.suppress(OSError):
                    self._place(one)
            one.log.close()

    def _spawn(self, one: BesideStep) -> None:
        self._begin(one.record)
        one.has_begun = True
        one.thread = threading.Thread(target=self._work, args=(one,), name="step-beside", daemon=True)
        one.thread.start()

    def _work(self, one: BesideStep) -> None:
        try:
            if one.problem:
                one.run.fail(one.problem)
            one.outcome = Conclusion.FAILURE if one.problem else one.run.execute()
            one.conclusion = one.run.conclude(one.outcome)
            one.record.annotations = one.run.annotations()
            one.record.end(self._job_log.moment(), one.outcome, one.conclusion)
            self._reporter.step(one.record.report())
        except BaseException as fault:  # told to the thread that goes through the steps
            one.fault = fault
        self._let_next()
        self._note_end(one)

    def _let_next(self) -> None:
        """Let the first of the queue run that still wants to, in the place of one that ends now."""
        while True:
            with self._lock:
                if not self._queue:
                    self._running -= 1
                    return
                following = self._queue.pop(0)
            if self._still_wanted(following):
                self._spawn(following)
                return
            self._never(following, Conclusion.CANCELLED if self._bench.stop.forced else Conclusion.SKIPPED)

    def _still_wanted(self, one: BesideStep) -> bool:
        """After a cancel: whether the condition of a step that has not begun still holds."""
        stop = self._bench.stop
        if stop.at_once or not stop.cancelled:
            return not stop.at_once
        one.context.status = Conclusion.CANCELLED
        try:
            return one.run.wanted()
        except StepFailed:
            return False

    def _never(self, one: BesideStep, word: Conclusion) -> None:
        """End one that never began."""
        one.outcome = one.conclusion = word
        one.record.end(self._job_log.moment(), word, word)
        one.log.lines(one.run.told)
        one.is_placed = not one.run.told
        self._reporter.step(one.record.report())
        self._note_end(one)

    def _note_end(self, one: BesideStep) -> None:
        with self._bench.stop.changed:
            one.has_ended = True
            self._ended += 1
            self._bench.stop.changed.notify_all()

    def _go_live(self, one: BesideStep) -> None:
        self._live = one
        self._release(one)

    def _release(self, one: BesideStep) -> int:
        """Its place in the log is told before its lines are there, so that whoever reads them knows whose they are."""
        if one.log.start is not None:  # who writes there holds it while it waits for the job's log: lock neither
            return one.log.start
        with self._job_log.changed:  # nothing comes between what is said and what is done
            one.record.log_start = self._job_log.size
            one.record.log_end = self._job_log.size + one.log.size if one.has_ended else None
            self._reporter.step(one.record.report())
            return one.log.release()

    def _place(self, one: BesideStep) -> None:
        start = self._release(one)
        one.record.annotations = [
            replace(note, log_offset=None if note.log_offset is None else note.log_offset + start)
            for note in one.record.annotations
        ]
        one.is_placed = True
        if one.record.log_end is None:
            one.record.log_end = self._job_log.size
            self._reporter.step(one.record.report())

    def _join(self, one: BesideStep) -> None:
        if one.is_joined:
            return
        one.is_joined = True
        context = self._bench.context
        context.join(one.context)
        context.finish_step(one.step.id, one.run.outputs, one.outcome or "", one.conclusion or "")
