"""What is known of the steps of a job, and how it is told to the server."""

from __future__ import annotations

from dataclasses import dataclass, field

from runner import clock
from workflows.messages import AnnotationReport, StepReport
from workflows.states import Conclusion, Status


@dataclass
class StepRecord:
    """What is known of one step so far."""

    number: int
    name: str
    workflow: bool = True
    status: Status = Status.QUEUED
    outcome: Conclusion | None = None
    conclusion: Conclusion | None = None
    reason: str = ""
    started_at: str | None = None
    completed_at: str | None = None
    log_start: int | None = None
    log_end: int | None = None
    annotations: list[AnnotationReport] = field(default_factory=list)
    summary: str = ""

    def report(self) -> StepReport:
        """This, as it is told to the server."""
        return StepReport(
            number=self.number,
            name=self.name,
            status=self.status,
            workflow=self.workflow,
            outcome=self.outcome,
            conclusion=self.conclusion,
            started_at=self.started_at,
            completed_at=self.completed_at,
            log_start=self.log_start,
            log_end=self.log_end,
            reason=self.reason,
        )

    def begin(self, moment: int) -> None:
        """It runs from now on."""
        self.status, self.started_at = Status.IN_PROGRESS, clock.text(moment)

    def end(self, moment: int, outcome: Conclusion, conclusion: Conclusion) -> None:
        """It has ended."""
        self.status, self.outcome, self.conclusion = Status.COMPLETED, outcome, conclusion
        self.completed_at = clock.text(moment)
