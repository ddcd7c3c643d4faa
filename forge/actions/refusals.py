"""Why the engine refuses a runner's call; ``code`` is what the runner acts upon."""

from __future__ import annotations

from forge.errors import Conflict, Forbidden


class BadCredential(Forbidden):
    """The token is none of ours, or opens nothing any more."""

    code = "bad_credential"


class LeaseLost(Conflict):
    """The claim has ended: whoever held it kills the job's containers."""

    code = "lease_lost"

    def __init__(self, message: str = "The lease of this job is lost") -> None:
        super().__init__(message)


class AlreadyCompleted(Conflict):
    """The job is over, and not in the way that this report says."""

    code = "already_completed"

    def __init__(self, message: str = "The job is completed already, with another result") -> None:
        super().__init__(message)


class WrongOffset(Conflict):
    """There is a gap between what is stored and what was sent; ``wanted`` is the offset to go on from."""

    code = "log_gap"

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        super().__init__(f"The next byte wanted is {wanted}")


class RunnerInUse(Conflict):
    """Another process polls with the same credential."""

    code = "runner_in_use"


class TooManyWrong(Forbidden):
    """Wrong tokens came from one address too often; ``wait`` is in seconds."""

    code = "too_many"

    def __init__(self, wait: int) -> None:
        self.wait = wait
        super().__init__(f"Too many wrong tokens came from this address; wait {wait} s")
