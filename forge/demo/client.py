"""The demonstration as a client: the API for what is, the live streams for what happens."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import urllib3


@dataclass(frozen=True)
class Event:
    """One message of a live stream."""

    name: str
    data: dict[str, Any]
    cursor: str


class NoRun(Exception):
    """The push was taken, and no run came of it in time."""


class Client:
    """Asks one server about one repository, as the holder of a token."""

    def __init__(self, url: str, repository: str, token: str) -> None:
        self._url, self._repository = url, repository
        self._headers = {"Authorization": f"Bearer {token}"}
        self._pool = urllib3.PoolManager(maxsize=8, timeout=urllib3.Timeout(connect=10, read=60))

    def get(self, path: str) -> dict[str, Any]:
        """The JSON at `path` below the repository's part of the API."""
        address = f"{self._url}/api/v3/repos/{self._repository}{path}"
        answer = self._pool.request("GET", address, headers=self._headers)
        body: dict[str, Any] = json.loads(answer.data)
        if answer.status != 200:
            raise RuntimeError(f"GET {address}: {answer.status} {body.get('message', '')}")
        return body

    def run_of(self, sha: str, *, seconds: float = 30) -> dict[str, Any]:
        """The run of this commit, as soon as there is one."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := self.get(f"/actions/runs?head_sha={sha}")["workflow_runs"]:
                run: dict[str, Any] = found[0]
                return run
            time.sleep(0.05)  # a page that shows the list is told by a stream; one commit has none
        raise NoRun(f"{sha[:10]} was pushed, but no run came of it in {seconds:g} s")

    def run(self, run_id: int) -> dict[str, Any]:
        """The run as it is now."""
        return self.get(f"/actions/runs/{run_id}")

    def jobs(self, run_id: int) -> list[dict[str, Any]]:
        """Its jobs as they are now, in the order in which they were made."""
        found: list[dict[str, Any]] = self.get(f"/actions/runs/{run_id}/jobs?per_page=100")["jobs"]
        return sorted(found, key=lambda job: int(job["id"]))

    def run_events(self, run_id: int) -> Iterator[Event]:
        """Everything that happens to the run, from its beginning to its end."""
        return self._events(f"/actions/runs/{run_id}/events", "0")

    def job_events(self, run_id: int, job_id: int) -> Iterator[Event]:
        """The lines of the job's log, from the first to the last."""
        return self._events(f"/actions/runs/{run_id}/job/{job_id}/events", "0-0")

    def _events(self, path: str, cursor: str) -> Iterator[Event]:
        """Messages until the stream says that it is at its end; a broken connection is taken up where it broke."""
        while True:
            for event in self._once(f"{self._url}/{self._repository}{path}", cursor):
                if event.name == "end":
                    return
                cursor = event.cursor or cursor
                yield event

    def _once(self, address: str, cursor: str) -> Iterator[Event]:
        headers = {**self._headers, "Last-Event-ID": cursor, "Accept": "text/event-stream"}
        answer = self._pool.request("GET", address, headers=headers, preload_content=False)
        try:
            if answer.status == 204:
                yield Event("end", {}, cursor)
            elif answer.status != 200:
                raise RuntimeError(f"GET {address}: {answer.status}")
            else:
                yield from _messages(answer)
        except urllib3.exceptions.HTTPError:
            return  # cut off in the middle: the caller asks again from the last cursor
        finally:
            answer.close()


def _messages(answer: urllib3.BaseHTTPResponse) -> Iterator[Event]:
    """The server-sent events of an answer as they come."""
    rest = b""
    for piece in answer.stream(1 << 16):
        *blocks, rest = (rest + piece).split(b"\n\n")
        for block in blocks:
            fields = dict(line.split(": ", 1) for line in block.decode(errors="replace").split("\n") if ": " in line)
            if "event" in fields:
                yield Event(fields["event"], json.loads(fields.get("data", "{}")), fields.get("id", ""))
