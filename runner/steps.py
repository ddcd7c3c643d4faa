"""The steps of a job, one after another, and its post steps; what is known of each, and who is told.

Nothing of the workflow is started before the server has answered the first step's report. A step whose
condition does not hold is skipped; when the job is stopped at once, so are all that have not begun.

A step with ``background: true`` is started and left alone (``runner.background``). ``wait``, ``wait-all`` and
``cancel`` are steps of their own, which always run; the steps of a ``parallel`` block are background steps, and the
block itself is the step behind them that waits for them. Whatever no step waited for is waited for before the post
steps.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from runner.background import Background, BesideStep
from runner.containers.spec import JobContainers
from runner.context import JobContext
from runner.errors import StepFailed
from runner.log_lane import LogLane
from runner.records import StepRecord
from runner.reporter import Reporter
from runner.step import StepRun, Workbench, display_name
from runner.step_log import Shelf, StepLog
from runner.stop import Stop
from workflows.model import Step
from workflows.states import Conclusion, job_result


@dataclass(frozen=True)
class _Says:
    """What a step that waits writes before and after."""

    begin: str
    end: str


_WAIT = _Says("Waiting for background step(s) to complete: {}", "Finished waiting for background step(s).")
_WAIT_ALL = _Says("Waiting for all background step(s) to complete: {}", "Finished waiting for all background step(s).")
_CANCEL = _Says("Cancelling background step(s): {}", "Finished cancelling background step(s).")
_NOTHING = "No background steps remaining to wait for."
_RESULTS = {
    Conclusion.SUCCESS: "Succeeded",
    Conclusion.FAILURE: "Failed",
    Conclusion.CANCELLED: "Canceled",
    Conclusion.SKIPPED: "Skipped",
    None: "Unknown",
}


@dataclass(frozen=True)
class _Turn:
    """One step in the order in which they take their turns."""

    step: Step
    is_background: bool
    children: int = 0  # so many turns before this one are its parallel steps
    is_child: bool = False

    @property
    def says(self) -> _Says:
        """The words of one that waits."""
        return _CANCEL if self.step.cancel is not None else _WAIT_ALL if self.step.wait_all else _WAIT


def _turns(steps: Sequence[Step]) -> Iterator[_Turn]:
    for step in steps:
        yield from (_Turn(child, is_background=True, is_child=True) for child in step.parallel)
        yield _Turn(step, is_background=step.background, children=len(step.parallel))


class StepSequence:
    """All steps of one job, those of the agent's own among them: ``records`` in their order."""

    def __init__(self, steps: tuple[Step, ...], lane: LogLane, reporter: Reporter, stop: Stop) -> None:
        self.records: list[StepRecord] = []
        self.trouble: tuple[str, str] = ("", "")  # code and text of what ended the first step that met any
        self._turns = tuple(_turns(steps))
        self._beside: Background | None = None
        self._lane = lane
        self._log = lane.log  # for what knows that nothing is on its way there
        self._reporter = reporter
        self._telling = threading.Lock()  # a record is changed and told at once: its places may come from the lane
        self._stop = stop
        self._posts: list[tuple[int, str, tuple[str, ...], dict[str, str]]] = []  # behind the main step's number
        self._is_started = False
        self._own = 1  # of the records: those that are the agent's, before the workflow's

    def announce(self, containers: JobContainers) -> StepRecord:
        """Tell of all steps that are known so far; the first of them, ``Set up job``, runs from now on."""
        first = StepRecord(1, "Set up job", workflow=False)
        first.begin(self._log.moment())
        first.log_start = self._log.size
        own = [first]
        if containers:  # what a service does is the workflow's own doing
            own.append(StepRecord(2, "Initialize containers", workflow=bool(containers.services)))
        self._own = len(own)
        mask = self._log.secrets.mask_text
        names = enumerate((_plain_name(turn.step) for turn in self._turns), self._own + 1)
        self.records = [*own, *(StepRecord(number, mask(name)[:1024]) for number, name in names)]
        self._reporter.step(*(record.report() for record in self.records))
        return first

    def run(self, bench: Workbench) -> None:
        """The steps of the workflow, until the last has ended."""
        beside = self._beside = Background(bench, self._log, self._reporter, partial(self.begin, placed=False))
        for turn, record in zip(self._turns, self.records[self._own :], strict=True):
            self._lane.check()
            self._see_stop(bench.context)
            if self._stop.at_once:
                self._skip(record, Conclusion.CANCELLED if self._stop.forced else Conclusion.SKIPPED)
                continue
            record.name = self._log.secrets.mask_text(display_name(turn.step, bench.context))
            self._take_turn(bench, beside, turn, record)
            if beside.steps:
                beside.place()
        self._wait_for(beside, beside.open())
        for one in beside.steps:
            self._keep_post(one.run, one.record)
            if one.conclusion is Conclusion.FAILURE:  # also of one that was called off, but had failed before
                bench.context.status = job_result([bench.context.status, one.conclusion])
        self._see_stop(bench.context)

    def run_posts(self, bench: Workbench) -> None:
        """The post steps of the actions that ran, the last first."""
        for _, name, argv, environment in sorted(self._posts, key=lambda post: -post[0]):
            self._see_stop(bench.context)
            record = self.add(name)
            if self._stop.at_once:
                self._skip(record, Conclusion.CANCELLED)
                continue
            self.begin(record)
            outcome = self._run_post(bench, argv, environment, record)
            self.finish(record, outcome, outcome)
            bench.context.status = job_result([bench.context.status, outcome])
        self._lane.settle()
        self._lane.check()

    def add(self, name: str, *, workflow: bool = True) -> StepRecord:
        """One more step, after all others. It has not begun."""
        record = StepRecord(len(self.records) + 1, name, workflow=workflow)
        self.records.append(record)
        return record

    def finish(self, record: StepRecord, outcome: Conclusion, conclusion: Conclusion) -> None:
        """This step has ended. Where its log ends may become known later."""
        with self._telling:
            record.end(self._log.moment(), outcome, conclusion)
        self._lane.mark(partial(self._note_end, record))
        self._tell(record)

    def end_all(self, word: Conclusion, reason: str) -> None:
        """End what runs with this word, for this reason, and skip the rest."""
        self._lane.settle()
        size, now = self._log.size, self._log.moment()
        self.close()
        for record in self.records:
            if record.completed_at is not None:
                continue
            if record.started_at is None:
                record.end(now, Conclusion.SKIPPED, Conclusion.SKIPPED)
                continue
            record.end(self._log.moment(), word, word)
            record.log_end = size if record.log_end is None and record.log_start is not None else record.log_end
            record.reason = reason[:1024]
        self._reporter.step(*(record.report() for record in self.records))

    def close(self) -> None:
        """Let go of what still runs beside, and put what it wrote into the log, behind what is on its way there."""
        self._lane.settle()
        if self._beside is not None:
            self._beside.end()

    @property
    def result(self) -> Conclusion:
        """What the steps come to, if nobody stopped the job: a step that ``cancel`` has ended does no harm."""
        words = (record.conclusion for record in self.records)
        return job_result(word for word in words if word is not None and word is not Conclusion.CANCELLED)

    def _take_turn(self, bench: Workbench, beside: Background, turn: _Turn, record: StepRecord) -> None:
        step = turn.step
        if turn.is_background:
            self._lane.stay()
            self._start_beside(bench, beside, turn, record)
        elif step.wait or step.wait_all or step.cancel is not None or (step.run is None and step.uses is None):
            self._control(bench, beside, turn, record)
        else:
            self._run_step(bench, StepRun(bench, step, record), step.id, record)

    def _start_beside(self, bench: Workbench, beside: Background, turn: _Turn, record: StepRecord) -> None:
        one = beside.make(turn.step, record)
        try:
            if not one.run.wanted():
                bench.context.finish_step(turn.step.id, {}, Conclusion.SKIPPED, Conclusion.SKIPPED)
                self._skip(record, Conclusion.SKIPPED, one.run.told)
                one.log.close()
                return
        except StepFailed as error:
            one.problem = str(error)
        beside.start(one, "" if turn.is_child else turn.step.id)

    def _control(self, bench: Workbench, beside: Background, turn: _Turn, record: StepRecord) -> None:
        """``wait``, ``wait-all``, ``cancel``, or the end of a ``parallel`` block."""
        self._lane.settle()
        step, own = turn.step, StepLog(Shelf(self._log, bench.spool_folder))
        run = StepRun(replace(bench, log=own), step, record)
        self.begin(record, placed=False)
        run.begin_log()
        try:
            outcome = self._meet(bench, beside, turn, record, own)
            conclusion = run.conclude(outcome)
            record.log_start = own.release()  # behind the logs of those that it waited for
        finally:
            own.close()
        record.annotations = run.annotations()
        bench.context.finish_step(step.id, {}, outcome, conclusion)
        self.finish(record, outcome, conclusion)
        if conclusion is Conclusion.FAILURE:
            bench.context.status = job_result([bench.context.status, conclusion])
        self._see_stop(bench.context)

    def _meet(self, bench: Workbench, beside: Background, turn: _Turn, record: StepRecord, own: StepLog) -> Conclusion:
        """Wait for the steps that it names, and say so as GitHub's runner does."""
        ids, ones = self._targets(beside, turn, record)
        names = ", ".join(one.record.name if one is not None else name for name, one in zip(ids, ones, strict=True))
        known = [one for one in ones if one is not None]
        own.lines([turn.says.begin.format(names or "(none)") if ones or not turn.step.wait_all else _NOTHING])
        if turn.step.cancel is not None:
            for one in known:
                beside.call_off(one, f"cancelled by the step '{record.name}'")
        outcome = self._wait_for(beside, known)
        own.lines([turn.says.end, *(f"  {one.record.name}: {_RESULTS[one.conclusion]}" for one in known)])
        return Conclusion.SUCCESS if turn.step.cancel is not None else outcome

    def _targets(
        self, beside: Background, turn: _Turn, record: StepRecord
    ) -> tuple[Sequence[str], Sequence[BesideStep | None]]:
        """Ids of the steps that this one waits for or cancels, and those of them that were started."""
        ids: Sequence[str] = turn.step.wait if turn.step.cancel is None else (turn.step.cancel,)
        ones: Sequence[BesideStep | None] = [beside.named(name) for name in ids]
        if turn.step.wait_all:
            ones = beside.open()
        elif turn.children:
            first = record.number - turn.children
            ones = [one for one in beside.steps if first <= one.record.number < record.number]
        return ids or [""] * len(ones), ones

    def _wait_for(self, beside: Background, ones: list[BesideStep]) -> Conclusion:
        """Wait for these; the worst of what they came to."""
        beside.wait(ones)
        for one in ones:
            self._note_trouble(one.run, one.conclusion)
        return job_result(one.conclusion for one in ones if one.conclusion is not None)

    def _run_step(self, bench: Workbench, run: StepRun, step_id: str, record: StepRecord) -> None:
        context = bench.context
        problem = ""
        try:
            if not run.wanted():
                context.finish_step(step_id, {}, Conclusion.SKIPPED, Conclusion.SKIPPED)
                self._skip(record, Conclusion.SKIPPED, run.told)
                return
        except StepFailed as error:
            problem = str(error)
        self.begin(record)
        if problem:
            run.fail(problem)
        outcome = Conclusion.FAILURE if problem else run.execute()
        conclusion = run.conclude(outcome)
        record.annotations = run.annotations()
        self._keep_post(run, record)
        context.finish_step(step_id, run.outputs, outcome, conclusion)
        self.finish(record, outcome, conclusion)
        self._note_trouble(run, conclusion)
        context.status = job_result([context.status, conclusion])
        self._see_stop(context)

    def _keep_post(self, run: StepRun, record: StepRecord) -> None:
        if run.post is not None:
            self._posts.append((record.number, f"Post {record.name}"[:1024], *run.post))

    def _note_trouble(self, run: StepRun, conclusion: Conclusion | None) -> None:
        if run.trouble is not None and conclusion is Conclusion.FAILURE and not self.trouble[0]:
            self.trouble = run.trouble.code, run.trouble.text

    def begin(self, record: StepRecord, *, placed: bool = True) -> None:
        """This step runs from now on; for the first of the workflow's own the server's word is waited for."""
        with self._telling:
            record.begin(self._log.moment())
        if placed:
            self._lane.mark(partial(self._note_start, record))
        if self._is_started or not record.workflow:
            self._tell(record)
        else:  # from here on the job is never given to anybody else
            self._reporter.step_and_wait(record.report())
            self._is_started = True

    def _note_start(self, record: StepRecord, place: int, is_late: bool) -> None:
        with self._telling:
            record.log_start = place
            if is_late:
                self._reporter.step(record.report())

    def _note_end(self, record: StepRecord, place: int, is_late: bool) -> None:
        with self._telling:
            record.log_end = place
            if is_late:
                self._reporter.step(record.report())

    def _tell(self, record: StepRecord) -> None:
        with self._telling:
            self._reporter.step(record.report())

    def _skip(self, record: StepRecord, word: Conclusion, told: Sequence[str] = ()) -> None:
        """End it without a log, but for what debug logging tells of its condition."""
        record.end(self._log.moment(), word, word)
        if told:
            self._lane.mark(partial(self._note_start, record))
            self._lane.lines(told)
            self._lane.mark(partial(self._note_end, record))
        self._tell(record)

    def _run_post(
        self, bench: Workbench, argv: tuple[str, ...], environment: dict[str, str], record: StepRecord
    ) -> Conclusion:
        run = StepRun(bench, Step(id="__post", if_="always()"), record)
        outcome = run.execute_post(argv, environment)
        record.annotations = run.annotations()
        return outcome

    def _see_stop(self, context: JobContext) -> None:
        if self._stop.cancelled:
            context.status = Conclusion.CANCELLED


def _plain_name(step: Step) -> str:
    """A step's name before anything of it is evaluated."""
    return step.name or step.uses or f"Run {(step.run or '').strip().partition(chr(10))[0]}"
