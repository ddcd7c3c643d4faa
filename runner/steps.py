"""The steps of a job, one after another, and its post steps; what is known of each, and who is told.

Nothing of the workflow is started before the server has answered the first step's report. A step whose
condition does not hold is skipped; when the job is stopped at once, so are all that have not begun.
"""

from __future__ import annotations

from collections.abc import Sequence

from runner.context import JobContext
from runner.errors import StepFailed
from runner.records import StepRecord
from runner.reporter import Reporter
from runner.spool import JobLog
from runner.step import StepRun, Workbench, display_name
from runner.stop import Stop
from workflows.model import Step
from workflows.states import Conclusion, job_result


class StepSequence:
    """All steps of one job, those of the agent's own among them: ``records`` in their order."""

    def __init__(self, steps: tuple[Step, ...], log: JobLog, reporter: Reporter, stop: Stop) -> None:
        self.records: list[StepRecord] = []
        self.trouble: tuple[str, str] = ("", "")  # code and text of what ended the first step that met any
        self._steps = steps
        self._log = log
        self._reporter = reporter
        self._stop = stop
        self._posts: list[tuple[str, tuple[str, ...], dict[str, str]]] = []
        self._is_started = False

    def announce(self) -> StepRecord:
        """Tell of all steps that are known so far; the first of them, ``Set up job``, runs from now on."""
        first = StepRecord(1, "Set up job", workflow=False)
        first.begin(self._log)
        mask = self._log.secrets.mask_text
        names = map(_plain_name, self._steps)
        self.records = [first, *(StepRecord(number, mask(name)[:1024]) for number, name in enumerate(names, 2))]
        self._reporter.step(*(record.report() for record in self.records))
        return first

    def run(self, bench: Workbench) -> None:
        """The steps of the workflow."""
        for step, record in zip(self._steps, self.records[1:], strict=True):
            self._see_stop(bench.context)
            if self._stop.at_once:
                self._skip(record, Conclusion.CANCELLED if self._stop.forced else Conclusion.SKIPPED)
                continue
            record.name = self._log.secrets.mask_text(display_name(step, bench.context))
            self._run_step(bench, StepRun(bench, step, record), step.id, record)

    def run_posts(self, bench: Workbench) -> None:
        """The post steps of the actions that ran, the last first."""
        for name, argv, environment in reversed(self._posts):
            self._see_stop(bench.context)
            record = self.add(name)
            if self._stop.at_once:
                self._skip(record, Conclusion.CANCELLED)
                continue
            self._begin(record)
            outcome = self._run_post(bench, argv, environment, record)
            self.finish(record, outcome, outcome)
            bench.context.status = job_result([bench.context.status, outcome])

    def add(self, name: str, *, workflow: bool = True) -> StepRecord:
        """One more step, after all others. It has not begun."""
        record = StepRecord(len(self.records) + 1, name, workflow=workflow)
        self.records.append(record)
        return record

    def finish(self, record: StepRecord, outcome: Conclusion, conclusion: Conclusion) -> None:
        """This step has ended."""
        record.end(self._log, outcome, conclusion)
        self._reporter.step(record.report())

    def end_all(self, word: Conclusion, reason: str) -> None:
        """End what runs with this word, for this reason, and skip the rest."""
        for record in self.records:
            if record.completed_at is None and record.started_at is not None:
                record.end(self._log, word, word)
                record.reason = reason[:1024]
            elif record.completed_at is None:
                record.end(self._log, Conclusion.SKIPPED, Conclusion.SKIPPED)
        self._reporter.step(*(record.report() for record in self.records))

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
        self._begin(record)
        if problem:
            run.fail(problem)
        outcome = Conclusion.FAILURE if problem else run.execute()
        conclusion = run.conclude(outcome)
        record.annotations = run.annotations()
        if run.post is not None:
            self._posts.append((f"Post {record.name}"[:1024], *run.post))
        context.finish_step(step_id, run.outputs, outcome, conclusion)
        self.finish(record, outcome, conclusion)
        if run.trouble is not None and conclusion is Conclusion.FAILURE and not self.trouble[0]:
            self.trouble = run.trouble.code, run.trouble.text
        context.status = job_result([context.status, conclusion])
        self._see_stop(context)

    def _begin(self, record: StepRecord) -> None:
        record.begin(self._log)
        if self._is_started or not record.workflow:
            self._reporter.step(record.report())
        else:  # from here on the job is never given to anybody else
            self._reporter.step_and_wait(record.report())
            self._is_started = True

    def _skip(self, record: StepRecord, word: Conclusion, told: Sequence[str] = ()) -> None:
        """End it without a log, but for what debug logging tells of its condition."""
        record.log_start = self._log.size
        self._log.lines(told)
        record.end(self._log, word, word)
        if not told:
            record.log_start = record.log_end = None
        self._reporter.step(record.report())

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
