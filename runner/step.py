"""One step: run it or skip it; its outcome and its conclusion."""

from __future__ import annotations

import posixpath
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner import checkout, shells, step_head
from runner.backends.base import Command, Execution, Sandbox, SignalName, Trouble
from runner.commands import StepCommands
from runner.context import JobContext
from runner.errors import GuestFileRefused, InfrastructureError, StepFailed
from runner.file_commands import FileResults, StepFiles
from runner.guest_files import GuestFolder
from runner.output import StepOutput
from runner.records import StepRecord
from runner.spool import LineLog
from runner.step_matchers import JobFiles, StepMatchers
from runner.stop import Stop
from workflows.errors import ExpressionError
from workflows.expressions import Say, to_text
from workflows.messages import AnnotationReport
from workflows.model import Step
from workflows.states import Conclusion, step_conclusion

_NAME_LIMIT = 1024
_LONGEST = 366.0 * 24 * 60  # minutes that a step may ask for


@dataclass(frozen=True)
class Graces:
    """Seconds between the rungs of the ladder by which a command is stopped."""

    interrupt: float = 7.5
    terminate: float = 2.5
    kill: float = 2.0


@dataclass(frozen=True)
class Workbench:
    """All that a step needs of its job."""

    context: JobContext
    sandbox: Sandbox
    guest: GuestFolder
    log: LineLog
    stop: Stop
    spool_folder: Path
    base_env: Mapping[str, str] = field(default_factory=dict)
    graces: Graces = Graces()

    def start(
        self, argv: tuple[str, ...], environment: Mapping[str, str], directory: str, write: Callable[[bytes], None]
    ) -> Execution:
        """Start a process in the job's place."""
        tracking_id = environment["RUNNER_TRACKING_ID"]
        return self.sandbox.start(Command(argv, environment, directory, tracking_id), write, self.stop.notify)


class StepRun:
    """One run of one step's process, main or post."""

    def __init__(self, bench: Workbench, step: Step, record: StepRecord) -> None:
        self._bench = bench
        self._context = bench.context
        self._step = step
        self._record = record
        self._env: dict[str, str] = {}  # the step's own variables
        self._environment: dict[str, str] = {}  # all that its process gets
        self._tracking_id = f"github_{uuid.uuid4()}"
        self._commands = StepCommands(
            bench.log.secrets.add,
            self._environment,
            workspace=bench.context.layout.workspace,
            debug=bench.context.debug,
            step_id=step.id,
            mask=bench.log.secrets.mask_text,
            matchers=StepMatchers(bench.context.matchers, _files_of(bench)),
        )
        self._offsets: dict[int, int] = {}
        self._deadline: float | None = None
        self._minutes = 0.0
        self.post: tuple[tuple[str, ...], dict[str, str]] | None = None  # command and environment of its post step
        self.outputs: dict[str, str] = {}
        self._called_off = ""  # why it has to end, whatever its condition says
        self.trouble: Trouble | None = None  # what its process met, where that says more than an exit code
        self.state: dict[str, str] = {}  # what it keeps for its post step
        self.told: list[str] = []  # debug lines from before its log began
        self._has_log = False

    def wanted(self) -> bool:
        """Whether its condition holds now; StepFailed when it cannot be evaluated."""
        self._context.begin_step(self._step.id)
        try:
            self._env = self._context.table(self._step.env, None, self._say)
        except ExpressionError as error:
            raise StepFailed(f"The template is not valid. env: {error.message}") from error
        self._debug(f"Evaluating condition for step: '{self._record.name}'")
        try:
            holds = self._context.holds(self._step.if_, self._env, self._say)
        except ExpressionError as error:
            raise StepFailed(f"The condition of this step cannot be evaluated: {error.message}") from error
        if holds and self._env:  # its name may be made of its own variables
            self._record.name = self._bench.log.secrets.mask_text(display_name(self._step, self._context, self._env))
        return holds

    def execute(self) -> Conclusion:
        """Run it to its end; the outcome. The record and the job's context then hold what it left."""
        self.begin_log()
        self._debug(f"Starting: {self._record.name}")
        try:
            outcome = self._execute()
        except (StepFailed, GuestFileRefused) as problem:
            self._note(str(problem))
            outcome = Conclusion.FAILURE
        except ExpressionError as error:
            self._note(f"The template is not valid. {error.message}")
            outcome = Conclusion.FAILURE
        return outcome

    def begin_log(self) -> None:
        """From now on debug lines go to the log, those from before first."""
        self._has_log = True
        self._print(self.told)

    def call_off(self, reason: str) -> None:
        """End it, from another thread: nobody needs it any more."""
        self._called_off = reason
        self._bench.stop.notify()

    def fail(self, problem: str) -> None:
        """Say in the log, and by an annotation, what keeps it from running."""
        self.begin_log()
        self._note(problem)

    def execute_post(self, argv: tuple[str, ...], environment: Mapping[str, str]) -> Conclusion:
        """Run the post step of an action: its command, in the environment that its main step had."""
        self.begin_log()
        files = StepFiles(self._bench.guest)
        files.create()
        self._environment.update(environment)
        self._environment |= files.variables(self._context.layout.work) | {"RUNNER_TRACKING_ID": self._tracking_id}
        self._print(["Post job cleanup."])
        outcome = self._run(argv, self._environment, self._context.layout.workspace)
        return outcome if self._bench.stop.at_once else self._apply(files.collect(), outcome)

    def conclude(self, outcome: Conclusion) -> Conclusion:
        """The conclusion: ``continue-on-error`` applied to a failure; an error in it keeps the failure."""
        forgives = outcome is Conclusion.FAILURE and self._forgives()
        self._debug(f"Finishing: {self._record.name}")
        return step_conclusion(outcome, continue_on_error=forgives)

    def _forgives(self) -> bool:
        given: Any = self._step.continue_on_error
        try:
            value = self._context.value(given, self._env, self._say) if isinstance(given, str) else given
            if isinstance(value, bool):
                return value
            problem = f"Unexpected value '{to_text(value)}'"
        except ExpressionError as error:
            problem = error.message
        self._note("The step failed and an error occurred when attempting to determine whether to continue on error.")
        self._note(f"The template is not valid. continue-on-error: {problem}")
        return False

    def _execute(self) -> Conclusion:
        self._minutes = self._timeout()
        self._deadline = time.monotonic() + self._minutes * 60 if self._minutes else None
        files = StepFiles(self._bench.guest)
        files.create()
        paths = files.variables(self._context.layout.work)
        self._context.name_files(paths)
        argv, extra, directory = self._prepare_uses() if self._step.uses is not None else self._prepare_run()
        environment = self._context.environment({**self._env, **extra}, self._bench.base_env, self._tracking_id)
        environment |= paths
        self._environment.update(environment)
        self._debug(" ".join(argv) if self._step.uses is None else "")
        outcome = self._run(argv, environment, directory)
        if not self._bench.stop.at_once:
            outcome = self._apply(files.collect(), outcome)
        if self.post is not None:
            kept = {f"STATE_{name}": value for name, value in self.state.items()}
            self.post = (self.post[0], {**environment, **kept, "CHECKOUT_MODE": "post"})
        return outcome

    def _timeout(self) -> float:
        """Minutes; 0 for any number of them, also where the limit cannot be worked out."""
        minutes: Any = self._step.timeout_minutes
        try:
            if isinstance(minutes, str):
                minutes = self._context.value(minutes, self._env, self._say)
            given = float(to_text(minutes)) if minutes is not None else 0.0
            return min(max(0.0, given), _LONGEST)
        except ExpressionError as error:
            problem = error.message
        except ValueError:
            problem = f"Unexpected value '{to_text(minutes)}'"
        self._note("An error occurred when attempting to determine the step timeout.")
        self._note(f"The template is not valid. timeout-minutes: {problem}")
        return 0.0

    def _prepare_run(self) -> tuple[tuple[str, ...], dict[str, str], str]:
        context, assignment = self._context, self._context.assignment
        job, workflow = assignment.definition.defaults, assignment.workflow_defaults
        self._debug("Loading inputs")
        text = self._render(self._step.run or "")
        shell = self._render(self._step.shell or job.shell or workflow.shell or "")
        folder = self._render(self._step.working_directory or job.working_directory or workflow.working_directory or "")
        self._debug("Loading env")
        search = ":".join((*context.paths, context.layout.path))
        script = shells.make(shell, text, context.layout, search)
        self._print(step_head.of_run(text, script.shown, self._shown_env()))
        self._bench.guest.create(f"_temp/{script.name}", script.text.encode(errors="replace"), 0o755)
        workspace = context.layout.workspace
        return script.argv, {}, posixpath.join(workspace, folder) if folder else workspace

    def _prepare_uses(self) -> tuple[tuple[str, ...], dict[str, str], str]:
        uses = self._step.uses or ""
        if not checkout.is_checkout(uses):
            raise StepFailed(f"This runner knows no action but actions/checkout yet; the step asks for '{uses}'.")
        given = self._context.table(self._step.with_, self._env, self._say)
        extra = checkout.variables(given, self._context)
        self._bench.log.secrets.add_basic_token(given.get("token", "").strip())
        self._print(step_head.of_uses(uses, checkout.shown(given, self._context), self._shown_env()))
        if strange := checkout.unexpected(given):
            self._note(strange, "warning")
        if checkout.persists(extra):
            self.post = (checkout.command(), {})
        return checkout.command(), extra, self._context.layout.workspace

    def _shown_env(self) -> dict[str, str]:
        return self._context.shown_env(self._env)

    def _run(self, argv: tuple[str, ...], environment: dict[str, str], directory: str) -> Conclusion:
        output = StepOutput(self._bench.log, self._commands, self._bench.spool_folder)
        execution: Execution | None = None
        try:
            execution = self._bench.start(argv, environment, directory, output.write)
            ending = self._follow(execution)
        finally:
            if execution is None or execution.exit_code is None:
                self._bench.sandbox.close()
            self._offsets = output.annotation_offsets
            output.finish()
        return self._judge(ending, execution)

    def _judge(self, ending: Conclusion | None, execution: Execution) -> Conclusion:
        if ending is Conclusion.TIMED_OUT:
            text = f"The action '{self._record.name}' has timed out after {to_text(self._minutes)} minutes."
            self._note(text)
            self._record.reason = "timed_out"
            return Conclusion.FAILURE
        if ending is Conclusion.CANCELLED:
            self._note("The operation was canceled.")
            self._record.reason = self._called_off or self._bench.stop.reason or "cancelled"
            return Conclusion.CANCELLED
        trouble = execution.trouble
        if trouble is not None and trouble.is_ours:
            raise InfrastructureError(trouble.code, trouble.text)
        if trouble is not None:
            self._note(trouble.text)
            self._record.reason, self.trouble = trouble.text, trouble
        if execution.exit_code:
            text = f"Process completed with exit code {execution.exit_code}."
            self._note(text)
        return Conclusion.FAILURE if execution.exit_code or self._commands.failed else Conclusion.SUCCESS

    def _follow(self, execution: Execution) -> Conclusion | None:
        """Wait for its end, and bring it about where it has to be; what stopped it, None when it ended by itself."""
        stop, seen_cancel = self._bench.stop, False

        def ended() -> bool:
            return execution.exit_code is not None

        while True:
            seen = seen_cancel
            left = max(0.0, self._deadline - time.monotonic()) if self._deadline is not None else None
            stop.wait_for(
                lambda: ended() or stop.at_once or bool(self._called_off) or (stop.cancelled and not seen),  # noqa: B023 - called at once
                left,
            )
            if ended():  # a forced end of a step beside it ends this one, too
                return Conclusion.CANCELLED if stop.at_once and execution.exit_code else None
            if stop.at_once:
                self._kill(execution)
                return Conclusion.CANCELLED
            if self._called_off:
                self._descend(execution)
                return Conclusion.CANCELLED
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self._descend(execution)
                return Conclusion.TIMED_OUT
            if stop.cancelled and not seen_cancel:
                seen_cancel = True
                if not self._goes_on():
                    self._descend(execution)
                    return Conclusion.CANCELLED

    def _goes_on(self) -> bool:
        """After a cancel: a step whose condition still holds is left to run."""
        self._context.status = Conclusion.CANCELLED
        self._debug(f"Re-evaluate condition on job cancellation for step: '{self._record.name}'.")
        try:
            return self._context.holds(self._step.if_, self._env)
        except ExpressionError:
            return False

    def _descend(self, execution: Execution) -> None:
        """INT, TERM, KILL with their graces; the container when nothing else helps."""
        graces = self._bench.graces
        rungs: tuple[tuple[SignalName, float], ...] = (
            ("INT", graces.interrupt),
            ("TERM", graces.terminate),
            ("KILL", graces.kill),
        )
        stop = self._bench.stop
        for name, grace in rungs:
            if stop.at_once:
                break
            execution.signal(name)
            if stop.wait_for(lambda: execution.exit_code is not None or stop.at_once, grace) and not stop.at_once:
                return
        self._kill(execution)

    def _kill(self, execution: Execution) -> None:
        self._bench.sandbox.close()
        self._bench.stop.wait_for(lambda: execution.exit_code is not None, self._bench.graces.kill)

    def _apply(self, results: FileResults, outcome: Conclusion) -> Conclusion:
        """Let the job see what the step left in its files and said by commands."""
        context, commands = self._context, self._commands
        for name in results.refused:
            self._note(f"Can't store {name} output parameter using '$GITHUB_ENV' command.")
        for problem in results.problems:
            self._note(f"Unable to process file command '{problem.file}' successfully.")
            self._note(problem.text)
        for note in results.notes:
            self._note(note)
        for text in results.told():
            self._debug(text)
        context.keep(commands.env | results.env, commands.paths + results.paths)
        self.outputs = commands.outputs | results.outputs
        self.state = commands.state | results.state
        self._record.summary = self._bench.log.secrets.mask_text(results.summary)
        return Conclusion.FAILURE if results.problems and outcome is Conclusion.SUCCESS else outcome

    def _render(self, text: str) -> str:
        return self._context.render(text, self._env, self._say)

    @property
    def _say(self) -> Say | None:
        """Who is told how expressions are evaluated; nobody without debug logging."""
        return self._debug if self._context.debug else None

    def _debug(self, text: str) -> None:
        lines = self._commands.debug(text) if text else []
        if self._has_log:
            self._print(lines)
        else:
            self.told += lines

    def _note(self, message: str, level: str = "failure") -> None:
        """An annotation of the runner's own, and its line in the log."""
        self._print(self._commands.annotate(level, message))

    def _print(self, lines: list[str]) -> None:
        self._bench.log.lines(lines)

    def annotations(self) -> list[AnnotationReport]:
        """All that were made, masked."""
        return self._commands.reports(self._record.number, self._offsets)


def _files_of(bench: Workbench) -> JobFiles:
    assignment = bench.context.assignment
    return JobFiles(bench.guest, bench.context.layout, assignment.urls.server, assignment.repository.full_name)


def display_name(step: Step, context: JobContext, env: Mapping[str, str] | None = None) -> str:
    """The name that a step is shown by; what cannot be evaluated stays as written."""
    text = step.name or f"Run {step_head.first_line(step.run or '') if step.run is not None else step.uses}"
    try:
        text = context.render(text, env)
    except ExpressionError:
        pass
    return text[:_NAME_LIMIT]
