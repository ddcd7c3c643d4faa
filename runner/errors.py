"""What can go wrong in the agent, and whose fault it is.

RunnerError
├── ConfigError            the configuration or the command line is wrong; says what to do
├── ServerError            talking with the server
│   ├── Unreachable        no connection, or an answer that makes sense to ask again (5xx, 429)
│   ├── Refused            a 4xx answer; carries status, code and text
│   │   ├── LeaseLost      409 ``lease_lost``, 404, 410 of a job's door: the job is no longer ours
│   │   └── InUse          409 ``runner_in_use``: another process polls with this credential
├── StepFailed             the step's own fault: bad shell, bad environment file, bad input
├── InfrastructureError    ours or the machine's fault: image, engine, disk; carries a reason code
├── GuestFileRefused       a file of a job is not what it must be (link, pipe, too large)
└── JobEnded               the job was killed while something waited for it
"""

from __future__ import annotations


class RunnerError(Exception):
    """Base of all of the agent's errors."""


class ConfigError(RunnerError):
    """The configuration or the command line is wrong."""


class ServerError(RunnerError):
    """The server could not be talked with, or said no."""


class Unreachable(ServerError):
    """Worth asking again. ``retry_after`` seconds when the server named a time."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class Refused(ServerError):
    """The server's answer was a 4xx; asking the same again changes nothing."""

    def __init__(self, status: int, code: str, text: str, data: object = None) -> None:
        self.status = status
        self.code = code
        self.data = data
        super().__init__(f"{status} {code}: {text}" if code else f"{status}: {text}")


class LeaseLost(Refused):
    """The job belongs to nobody or to another; its containers must die and nothing more is reported."""


class InUse(Refused):
    """Another process polls with this runner's credential."""


class StepFailed(RunnerError):
    """The step cannot go on, by its author's fault; the text is shown in its log."""


class InfrastructureError(RunnerError):
    """The machine, the engine or the image failed, not the workflow.

    ``reason`` is a code: image_unavailable, engine_unavailable, engine_failed, container_failed, container_lost,
    container_refused, service_failed, machine_failed, place_closed, disk.
    """

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


class GuestFileRefused(RunnerError):
    """A file that a job could touch is not a plain file of bearable size."""


class JobEnded(RunnerError):
    """The job was killed (lease lost, forced cancel) while somebody waited for something of it."""
