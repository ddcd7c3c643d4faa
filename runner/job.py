"""One job, start to end.

    Set up job → steps → post steps → Complete job → remove its place → final report

Nothing of the workflow is started before the server has answered the first step's report. What the machine
does wrong ends the job as a failure with a reason of its own; when the lease is lost the job's place is
removed and nobody is told anything more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from runner import clock, hash_files, job_head, unsent
from runner.backends.base import Backend, JobPlace, Lease, Sandbox
from runner.checkout import basic_credential
from runner.client import JobClient
from runner.clock import ServerClock
from runner.completion import Completing
from runner.containers.definition import evaluate as evaluate_containers
from runner.containers.spec import JobContainers
from runner.context import JobContext
from runner.errors import GuestFileRefused, InfrastructureError, JobEnded
from runner.lease_folder import LeaseFolder
from runner.log_lane import LogLane
from runner.masking import Secrets
from runner.reporter import Reporter
from runner.spool import JobLog
from runner.step import Graces, Workbench
from runner.steps import StepSequence
from runner.stop import Stop
from workflows import expressions
from workflows.errors import ExpressionError, WorkflowError
from workflows.messages import Assignment, JobReport, SummaryReport
from workflows.states import Conclusion


@dataclass(frozen=True)
class JobSettings:
    """What the agent gives to each of its jobs."""

    folder: LeaseFolder
    runner: Mapping[str, str]  # the runner context: name, os, arch, environment
    environment: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    graces: Graces = field(default_factory=Graces)
    clock: ServerClock = field(default_factory=ServerClock)
    unsent: Path | None = None  # where the log of a lost job waits; None: it is thrown away


@dataclass
class _End:
    """How the job ended, beside what its steps say."""

    reason: str = ""
    message: str = ""
    failed: bool = False
    outputs: dict[str, str] = field(default_factory=dict)
    environment_url: str | None = None


class JobRun:
    """Runs one assignment. ``run`` blocks; ``stop`` is the handle for everybody else."""

    def __init__(self, assignment: Assignment, client: JobClient, backend: Backend, settings: JobSettings) -> None:
        self.assignment = assignment
        self.lease = Lease(assignment.job, assignment.epoch)
        self.stop = Stop()
        self._backend = backend
        self._settings = settings
        self._folder = settings.folder
        self._clock = settings.clock.of_job()
        self._log = JobLog(self._folder.log, _secrets_of(assignment), clock=self._clock.now)
        self._lane = LogLane(self._log)
        self._reporter = Reporter(client, assignment.epoch, self._log, self.stop.lose)
        self._steps = StepSequence(assignment.definition.steps, self._lane, self._reporter, self.stop)
        self._sandbox: Sandbox | None = None
        self._containers = JobContainers()
        self._end = _End()
        self._started_at = clock.text(self._clock.now())
        self._renewed = time.monotonic()

    def renewed(self) -> None:
        """The lease was renewed: its place may live on for as long as the server allows without another word."""
        self._renewed = time.monotonic()
        self._live_on()

    def _live_on(self) -> None:
        if self._sandbox is not None:
            since = time.monotonic() - self._renewed
            self._sandbox.live_for(max(0.0, self.assignment.offline_limit_seconds - since))

    def run(self) -> Conclusion | None:
        """The conclusion that was reported; None when the lease was lost on the way."""
        seconds = self.assignment.timeout_minutes * 60
        timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), self._expire)
        timer.daemon = True
        watcher = threading.Thread(target=self._watch, args=(timer,), name="stop-watch", daemon=True)
        try:
            self._reporter.start()
            watcher.start()
            self._do()
            return self._report()
        except JobEnded:
            return None
        finally:
            timer.cancel()
            self._clean_up()
            watcher.join()

    def wait_until_started(self, seconds: float) -> None:
        """Come back when its first step is acknowledged, or it has ended; at the latest then."""
        self._reporter.wait_until_heard(seconds)

    def _do(self) -> None:
        try:
            bench = self._set_up()
            self._steps.run(bench)
            if not self._end.failed:
                self._end.reason, self._end.message = self._steps.trouble
            self._steps.run_posts(bench)
            self._stop_containers()
            self._complete(bench)
        except InfrastructureError as error:
            self._broken(error.reason, str(error))
        except OSError as error:
            self._broken("disk_full" if error.errno == 28 else "machine_failed", f"This machine failed: {error}")
        except (WorkflowError, GuestFileRefused) as error:
            self._broken("", str(error))
        except JobEnded:
            if self.stop.lost or not self.stop.cancelled:
                raise
            self._stopped()
            self._stop_containers()

    def _broken(self, reason: str, message: str) -> None:
        """End what runs as failed, with words for a person."""
        if self.stop.forced:  # what the forced end did to the engine's calls is nobody's fault
            self._stopped()
            return
        self._fail(reason, message)
        self._steps.end_all(Conclusion.FAILURE, self._end.message)
        self._stop_containers()

    def _fail(self, reason: str, message: str) -> None:
        self._end.reason, self._end.message, self._end.failed = reason, self._log.secrets.mask_text(message), True
        self._lane.lines([f"##[error]{message}"])

    def _stopped(self) -> None:
        """End what runs as cancelled: the job was stopped before it had a place, or by force."""
        self._lane.lines(["##[error]The operation was canceled."])
        self._steps.end_all(Conclusion.CANCELLED, self.stop.reason or "cancelled")

    def _set_up(self) -> Workbench:
        labels, runner = self._labels(), self._settings.runner
        place = JobPlace(self.lease, self._folder.work, self._repository_name(), labels)
        context = JobContext(self.assignment, self._backend.layout(place), runner, debug=self.assignment.debug)
        problem = self._evaluate(context)
        opening = self._steps.announce(self._containers)
        self._lane.lines(job_head.lines(self.assignment, runner, self._settings.version, self._backend.name, labels))
        if problem is not None:
            raise problem
        event = (self.assignment.contexts.get("github") or {}).get("event") or {}
        self._folder.write_event(event)
        name = f"Complete job name: {self.assignment.job_name}"
        if self._containers:
            self._say(name)
            self._steps.finish(opening, Conclusion.SUCCESS, Conclusion.SUCCESS)
            opening = self._steps.records[1]
            self._steps.begin(opening)
        place = replace(place, containers=self._containers)
        self._sandbox = sandbox = self._backend.prepare(place, self._say, self.stop)
        self._folder.reopen()
        self._live_on()
        context.settle(sandbox.layout, names_container=self._containers.job is not None)
        self._start_services(sandbox, context)
        bench = Workbench(
            context=context,
            sandbox=sandbox,
            guest=self._folder.guest,
            log=self._lane,
            stop=self.stop,
            spool_folder=self._folder.path,
            base_env=self._settings.environment,
            graces=self._settings.graces,
        )
        context.hash_files = hash_files.function(bench)
        if not self._containers:
            self._say(name)
        self._steps.finish(opening, context.status, context.status)
        return bench

    def _debug(self, text: str) -> None:
        self._say(f"##[debug]{text}")

    def _evaluate(self, context: JobContext) -> WorkflowError | None:
        """Work out the job's environment and its containers; what is wrong with them."""
        try:
            context.evaluate_job_env(self._debug if context.debug else None)
            self._containers = containers = evaluate_containers(self.assignment.definition, context.value)
        except WorkflowError as error:
            return error
        for spec in filter(None, (containers.job, *containers.services)):
            if spec.login is not None:
                self._log.secrets.add(spec.login.password)
        return None

    def _start_services(self, sandbox: Sandbox, context: JobContext) -> None:
        """One that fails is like a step that fails: those with ``always()`` still run."""
        for name in self._containers.skipped:
            self._say(f"The service '{name}' will not be started because the container definition has an empty image.")
        try:
            services = sandbox.start_services(self._say, self.stop)
        except InfrastructureError as error:
            if error.reason != "service_failed":
                raise
            self._fail(error.reason, str(error))
            context.status = Conclusion.FAILURE
        else:
            if services:
                context.containers["services"] = {name: service.context() for name, service in services.items()}

    def _stop_containers(self) -> None:
        """The last of the post steps of a job with containers: services end, with their logs."""
        if not self._containers or self._sandbox is None or self.stop.at_once:
            return
        record = self._steps.add("Stop containers", workflow=False)
        self._steps.begin(record)
        try:
            self._sandbox.stop_containers(self._say)
        except InfrastructureError as error:  # the janitor comes again
            self._say(f"##[warning]{error}")
        self._steps.finish(record, Conclusion.SUCCESS, Conclusion.SUCCESS)

    def _say(self, text: str) -> None:
        self._lane.lines([text])

    def _repository_name(self) -> str:
        return self.assignment.repository.full_name.rpartition("/")[2]

    def _labels(self) -> tuple[str, ...]:
        """``runs-on`` as far as it can be known here; it chooses the image."""
        given = self.assignment.definition.runs_on
        texts = (given,) if isinstance(given, str) else given
        found: list[str] = []
        for text in texts:
            try:
                value = expressions.evaluate_value(text, dict(self.assignment.contexts))
            except ExpressionError:
                continue
            found += map(expressions.to_text, value) if isinstance(value, list) else [expressions.to_text(value)]
        return tuple(found)

    def _complete(self, bench: Workbench) -> None:
        record = self._steps.add("Complete job", workflow=False)
        record.begin(self._log.moment())
        record.log_start = self._log.size
        made = Completing(bench.context, self._log.secrets, self._lane.lines).run()
        self._end.outputs, self._end.environment_url = made.outputs, made.environment_url
        if made.problem:
            self._end.failed, self._end.message = True, self._log.secrets.mask_text(made.problem)
        record.annotations = made.annotations.reports(record.number)
        self._lane.lines(["Cleaning up orphan processes"])
        outcome = Conclusion.FAILURE if made.problem else Conclusion.SUCCESS
        self._steps.finish(record, outcome, outcome)

    def _report(self) -> Conclusion:
        closing = threading.Thread(target=self._close_place, name="close-place")
        closing.start()
        try:
            self._reporter.drain()
        finally:
            closing.join()
        conclusion = self._conclusion()
        self._reporter.finish(self._job_report(conclusion))
        return conclusion

    def _conclusion(self) -> Conclusion:
        if self._end.failed:
            return Conclusion.FAILURE
        if self.stop.cancelled:
            return Conclusion.TIMED_OUT if self.stop.timed_out else Conclusion.CANCELLED
        return self._steps.result

    def _job_report(self, conclusion: Conclusion) -> JobReport:
        stopped = conclusion in (Conclusion.CANCELLED, Conclusion.TIMED_OUT)
        word = "timed_out" if self.stop.timed_out else "cancelled"
        return JobReport(
            epoch=self.assignment.epoch,
            status="completed",
            conclusion=conclusion,
            reason=word if stopped else self._end.reason,
            message=self.stop.reason if stopped else self._end.message,
            outputs=self._end.outputs,
            environment_url=self._end.environment_url,
            annotations=tuple(note for record in self._steps.records for note in record.annotations),
            summaries=tuple(SummaryReport(each.number, each.summary) for each in self._steps.records if each.summary),
            started_at=self._started_at,
            completed_at=clock.text(self._clock.now()),
            log_length=self._log.size,
            log_sha256=self._log.sha256(),
        )

    def _expire(self) -> None:
        minutes = expressions.to_text(self.assignment.timeout_minutes)
        text = f"The job has exceeded the maximum execution time of {minutes} minutes."
        self._lane.lines([f"##[error]{text}"])
        self.stop.cancel(text, timed_out=True)

    def _watch(self, timer: threading.Timer) -> None:
        """After a cancel, what still runs gets so many minutes; a lost lease removes the place at once. The timer is
        started here: a job waits for few threads to come up before its first step."""
        timer.start()
        self.stop.wait_for(lambda: self.stop.cancelled)
        if not self.stop.at_once:
            minutes = self.assignment.cancel_timeout_minutes
            self.stop.wait_for(lambda: self.stop.at_once or self._is_over, minutes * 60)
            self.stop.cancel("", force=not self._is_over)
        if self.stop.lost:
            self._reporter.abandon()
            self._close_place()

    _is_over = False

    def _close_place(self) -> bool:
        """Nothing of the job runs afterwards; False when that is not known."""
        if self._sandbox is not None:
            try:
                self._sandbox.close()
            except InfrastructureError as error:  # the janitor comes again
                self._lane.lines([f"##[warning]{error}"])
                return False
        return True

    def _clean_up(self) -> None:
        self._is_over = True
        self.stop.cancel("")  # lets the watch go; nobody looks at it any more
        is_gone = self._close_place()
        self._steps.close()
        self._reporter.abandon()
        self._log.close()
        if self.stop.lost and is_gone and self._settings.unsent is not None:
            unsent.keep(self._folder.log, self._settings.unsent, self.lease)
        self._folder.close()
        self._backend.remove_folder(self._folder.path)


def _secrets_of(assignment: Assignment) -> Secrets:
    secrets = Secrets((*assignment.secrets.values(), *assignment.masks, assignment.lease_token))
    if assignment.github_token:
        secrets.add_all((assignment.github_token, basic_credential(assignment.github_token)))
    return secrets
