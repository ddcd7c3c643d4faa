"""The agent's side of the protocol: the only file that knows the server's URLs.

All calls are HTTPS (or HTTP on loopback and private bridges), bodies are JSON unless said, and every call
is safe to repeat. Messages are ``workflows.messages``. The credential stands in ``Authorization: Bearer``.

    call                                    credential     body → answer
    POST /api/v1/runners/register           registration   Register → 201 Registered. The agent makes its own
                                            token          credential and sends only its hash; ``replace`` takes
                                                           over a name within the token's scope and ends its leases
    POST /api/v1/runners/poll               runner         Poll → 200 PollAnswer (an assignment, cancels not yet
                                            credential     seen, drain) or 204; held up to ``wait_seconds``, at most
                                                           50. One is always open, at capacity 0 too. The request
                                                           key is kept until a 200 or 410 answers it; a newer call
                                                           with the same key ends the older with 204. 409
                                                           runner_in_use: another process polls with this credential.
                                                           ``draining`` says what is known of ``drain``: a change of
                                                           that is news, too
    POST /api/v1/runners/heartbeat          runner         Heartbeat → 200 HeartbeatAnswer. Every 15 s while jobs
                                            credential     run; the only thing that renews a lease. An entry that is
                                                           not held: kill the job. An absent entry ends nothing
    POST /api/v1/runners/recover            runner         Recover → 200 Recovered. An agent that was restarted, or
                                            credential     gave jobs up, says so when nothing of them runs any more:
                                                           they follow the rule of lost runners at once. The answer
                                                           has a lease token where more of a job's log is wanted
    POST /api/v1/runners/rotate             runner         Rotate → 204. The runner is about to use another
                                            credential     credential, made by itself. The old one is good until
                                                           the new one is used for the first time
    POST /api/v1/runners/leave              runner         Leave → 204. The process ends; the runner is offline until
                                            credential     it is heard from again, by whatever process
    POST /api/v1/runners/remove             runner         → 204. The runner is gone; its jobs follow the rule of
                                            credential     lost runners
    POST /api/v1/jobs/{id}/cancel-check     lease token    → 200 CancelState, for agents that only poll
    POST /api/v1/jobs/{id}/steps            lease token    StepsReport → 200 or 204. Nothing of the workflow is spawned
                                                           before the first workflow step's in_progress is answered.
                                                           The first report acknowledges the claim too: one message
                                                           may say that the job is set up and its first step runs.
                                                           A step that has ended changes no more, but for its place
                                                           in the log where that was not known yet
    PUT  /api/v1/jobs/{id}/log?offset=N     lease token    bytes (Content-Encoding zstd or none), at most 4 MiB
                                                           decoded → 200 LogAccepted. What is stored already of an
                                                           overlap is skipped; a gap: 409 log_gap with ``next``
    POST /api/v1/jobs/{id}/status           lease token    JobReport: in_progress (acknowledges the claim, within
                                                           10 s) or the end, after all log bytes are acknowledged →
                                                           200 or 204. The identical end may be repeated for 24 h; a
                                                           different one: 409 already_completed. Another 4xx: the end
                                                           is sent again as failure without outputs, annotations and
                                                           summaries

``X-Forge-Epoch`` goes with every call of a job's door. Errors are ``{"error", "code"}``. 409 ``lease_lost``,
401, 404 and 410 at a job's door mean that the job is no longer ours: its containers are killed and nothing more
is reported. Connection errors, 429 (``Retry-After``) and 5xx are asked again, exponentially, with jitter,
for as long as the lease is not lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

import tenacity
import urllib3
import zstandard

from runner.errors import InUse, LeaseLost, Refused, Unreachable
from workflows.errors import InvalidMessage
from workflows.messages import (
    Assignment,
    CancelState,
    Heartbeat,
    HeartbeatAnswer,
    JobReport,
    Leave,
    LogAccepted,
    Poll,
    PollAnswer,
    Recover,
    Recovered,
    RecoveredJob,
    Register,
    Registered,
    Rotate,
    StepsReport,
    from_wire,
    to_wire,
)

LOG_BATCH = 4 << 20  # decoded bytes of one append
TIMEOUT = 30.0  # s
_CONNECTING, _LEAVING = 10.0, 3.0  # s
_LEVEL = -1  # of zstd; none below 1 packs the bytes themselves
_SMALL = 512  # bytes below which packing is not worth it
_RETRY_FIRST, _RETRY_LONGEST = 0.2, 15.0  # s

Result = TypeVar("Result")


@dataclass(frozen=True)
class Response:
    """An answer as the transport gives it."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Transport(Protocol):
    """The seam below the client: real HTTP, or a server in this very process."""

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Response:
        """Send one request; Unreachable when there is no answer."""

    def close(self) -> None:
        """Let go of connections; requests that wait fail."""


class HttpTransport:
    """Over the network, by urllib3. ``ca_file`` names certificates to trust beside the system's own."""

    def __init__(self, url: str, ca_file: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._pool = urllib3.PoolManager(maxsize=32, retries=False, ca_certs=ca_file)

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Response:
        limits = urllib3.Timeout(connect=min(_CONNECTING, timeout), read=timeout)
        try:
            answer = self._pool.request(
                method, self._url + path, body=body, headers=headers, timeout=limits, redirect=False
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(f"{self._url} does not answer: {error}") from error
        return Response(answer.status, answer.data, answer.headers)

    def close(self) -> None:
        self._pool.clear()


class Client:
    """The runner's own doors."""

    def __init__(self, transport: Transport, credential: str = "") -> None:
        self._transport = transport
        self._credential = credential

    def register(self, token: str, message: Register) -> Registered:
        """Become a runner; Refused when the token is not (or no longer) good."""
        return from_wire(Registered, _call(self._transport, "POST", "/api/v1/runners/register", token, message))

    def poll(self, message: Poll) -> PollAnswer | None:
        """Ask for work and news; None when there is none. InUse, Refused (410: the key is used up), Unreachable."""
        timeout = message.wait_seconds + 20
        data = self._call("poll", message, timeout)
        return None if data is None else from_wire(PollAnswer, data)

    def heartbeat(self, message: Heartbeat) -> HeartbeatAnswer:
        """Renew the leases of the jobs named."""
        data = self._call("heartbeat", message, 10)
        return from_wire(HeartbeatAnswer, data)

    def recover(self, message: Recover) -> Recovered:
        """Give up these jobs, of which nothing runs any more; what the server still wants of their logs."""
        data = self._call("recover", message)
        return from_wire(Recovered, data)

    def left(self, job: RecoveredJob, token: str) -> JobClient:
        """The doors of a job that was given up; open for its log alone."""
        return JobClient(self._transport, job.job, job.epoch, token)

    def rotate(self, message: Rotate) -> None:
        """Announce the credential that ``use`` is given next."""
        self._call("rotate", message)

    def use(self, credential: str) -> None:
        """Show this credential from now on."""
        self._credential = credential

    def leave(self, message: Leave) -> None:
        """Say that this process ends."""
        self._call("leave", message, _LEAVING)

    def remove(self) -> None:
        """Unregister."""
        self._call("remove", {})

    def job(self, assignment: Assignment) -> JobClient:
        """The doors of one job."""
        return JobClient(self._transport, assignment.job, assignment.epoch, assignment.lease_token)

    def close(self) -> None:
        """Let go of connections."""
        self._transport.close()

    def _call(self, door: str, message: object, timeout: float = TIMEOUT) -> Any:
        shown = self._credential
        path = f"/api/v1/runners/{door}"
        try:
            return _call(self._transport, "POST", path, shown, message, timeout)
        except Refused as refusal:
            if refusal.status != 401 or shown == self._credential:
                raise
        return _call(self._transport, "POST", path, self._credential, message, timeout)  # it changed meanwhile


@dataclass(frozen=True)
class Packed:
    """Log bytes as they are sent, and by what Content-Encoding."""

    body: bytes
    encoding: str = ""


def packed(data: bytes | memoryview) -> Packed:
    """Log bytes, packed where it is worth it: repetitions, and no more. What has none, such as an archive in base64,
    would get a quarter smaller at the price of several times the work, here and at the server."""
    return Packed(zstandard.compress(data, level=_LEVEL), "zstd") if len(data) > _SMALL else Packed(bytes(data))


class JobClient:
    """The doors of one job, opened by its lease token."""

    def __init__(self, transport: Transport, job: int, epoch: int, token: str) -> None:
        self._transport = transport
        self._job = job
        self._epoch = epoch
        self._token = token

    def cancel_check(self) -> CancelState:
        """Is this job to be stopped?"""
        return from_wire(CancelState, self._post("cancel-check", {}))

    def steps(self, message: StepsReport) -> None:
        """Report states of steps."""
        self._post("steps", message)

    def status(self, message: JobReport) -> None:
        """Report that the job is in progress, or its end."""
        self._post("status", message)

    def append(self, offset: int, data: bytes) -> int:
        """Append log bytes; the offset that the server wants next."""
        return self.append_packed(offset, packed(data))

    def append_packed(self, offset: int, batch: Packed) -> int:
        """The same of bytes that were packed before."""
        headers = {"Content-Type": "application/octet-stream"}
        if batch.encoding:
            headers["Content-Encoding"] = batch.encoding
        try:
            answer = self._request("PUT", f"log?offset={offset}", headers, batch.body)
        except Refused as refusal:
            if refusal.status == 409 and isinstance(refusal.data, dict) and isinstance(refusal.data.get("next"), int):
                return int(refusal.data["next"])
            raise
        return from_wire(LogAccepted, answer).next

    def _post(self, door: str, message: object) -> Any:
        return self._request("POST", door, {"Content-Type": "application/json"}, _json(message))

    def _request(self, method: str, door: str, headers: Mapping[str, str], body: bytes) -> Any:
        sent = {**headers, "Authorization": f"Bearer {self._token}", "X-Forge-Epoch": str(self._epoch)}
        answer = self._transport.request(method, f"/api/v1/jobs/{self._job}/{door}", sent, body, TIMEOUT)
        try:
            return _read(answer)
        except Refused as refusal:
            gone = refusal.status in (401, 404, 410) or refusal.code == "lease_lost"
            if gone:
                raise LeaseLost(refusal.status, refusal.code, str(refusal)) from refusal
            raise


def retrying(call: Callable[[], Result], stop: Callable[[], bool], wait: Callable[[float], object]) -> Result:
    """Make a call until it is answered, or ``stop`` says so (then the last Unreachable is raised).

    ``wait`` sleeps so many seconds and may come back sooner when ``stop`` becomes true.
    """
    pause = tenacity.wait_random_exponential(multiplier=_RETRY_FIRST, max=_RETRY_LONGEST)
    for attempt in tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Unreachable),
        wait=lambda state: max(pause(state), _retry_after(state)),
        stop=lambda _: stop(),
        sleep=cast("Callable[[float], None]", wait),
        reraise=True,
    ):
        with attempt:
            return call()
    raise AssertionError("tenacity ends by an answer or an error")


def _retry_after(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after or 0.0 if isinstance(error, Unreachable) else 0.0


def _call(
    transport: Transport, method: str, path: str, credential: str, message: object, timeout: float = TIMEOUT
) -> Any:
    headers = {"Authorization": f"Bearer {credential}", "Content-Type": "application/json"}
    return _read(transport.request(method, path, headers, _json(message), timeout))


def _json(message: object) -> bytes:
    return json.dumps(to_wire(message), ensure_ascii=False).encode(errors="replace")


def _read(answer: Response) -> Any:
    if answer.status == 204 or (200 <= answer.status < 300 and not answer.body):
        return None
    try:
        data = json.loads(answer.body)
    except ValueError:
        data = None
    if 200 <= answer.status < 300:
        if data is None:
            raise InvalidMessage(f"the answer is no JSON: {answer.body[:80]!r}")
        return data
    raise _error(answer, data if isinstance(data, dict) else {})


def _error(answer: Response, data: dict[str, Any]) -> Exception:
    code, text = str(data.get("code") or ""), str(data.get("error") or data.get("message") or "no reason given")
    if answer.status == 429 or answer.status >= 500:
        after = answer.headers.get("Retry-After", "")
        return Unreachable(f"{answer.status}: {text}", float(after) if after.isdigit() else None)
    if code == "runner_in_use":
        return InUse(answer.status, code, text)
    return Refused(answer.status, code, text, data)
