"""Real agents over the fake or the docker backend, each in threads of this process, by HTTP to the server."""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path

import httpx

from runner import config
from runner.backends.base import Backend
from runner.backends.docker import DockerBackend, DockerOptions
from runner.backends.fake import FakeBackend
from runner.client import Client, HttpTransport, Response
from runner.errors import InfrastructureError, Refused, Unreachable
from runner.poller import Agent, AgentSettings
from runner.step import Graces
from workflows.messages import Register

#: A stopped step gets so long between the rungs; nothing real has to be ended here.
GRACES = Graces(0.3, 0.3, 2)
#: Real processes on a busy machine get longer.
CONTAINER_GRACES = Graces(2, 2, 5)


class Cable:
    """A transport that can be cut: then nothing reaches the server, as when the machine is gone."""

    def __init__(self, inner: HttpTransport) -> None:
        self._inner = inner
        self._cut = threading.Event()

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Response:
        if self._cut.is_set():
            raise Unreachable("the cable is cut")
        answer = self._inner.request(method, path, headers, body, timeout)
        if self._cut.is_set():
            raise Unreachable("the cable is cut")
        return answer

    def close(self) -> None:
        self._inner.close()

    def cut(self) -> None:
        """From now on nothing comes through."""
        self._cut.set()

    def mend(self) -> None:
        """It works again."""
        self._cut.clear()


class Hand:
    """One registered agent that runs."""

    def __init__(
        self,
        url: str,
        token: str,
        folder: Path,
        labels: tuple[str, ...],
        *,
        name: str = "",
        capacity: int = 1,
        backend: Backend | None = None,
        container_url: str = "",
        group: str = "",
        graces: Graces = GRACES,
    ) -> None:
        self.name = name or f"hand-{uuid.uuid4().hex[:12]}"
        self.cable = Cable(HttpTransport(url))
        credential = f"shr_{uuid.uuid4().hex}{uuid.uuid4().hex}"
        machine = config.machine()
        message = Register(
            name=self.name,
            labels=labels,
            credential_hash=hashlib.sha256(credential.encode()).hexdigest(),
            os=machine["os"],
            arch=machine["arch"],
            capacity=capacity,
            container_url=container_url or None,
            group=group or None,
        )
        client = Client(self.cable, credential)
        self.id = client.register(token, message).runner
        settings = AgentSettings(
            leases=folder / self.name,
            runner={"name": self.name, "environment": "self-hosted", **machine},
            capacity=capacity,
            graces=graces,
        )
        self.ready = threading.Event()
        self.agent = Agent(client, backend or FakeBackend(), settings, self.ready.set)
        self._thread = threading.Thread(target=self._carry, name=f"agent {self.name}")
        self._thread.start()

    def _carry(self) -> None:
        try:
            self.agent.run()
        except Refused:
            pass  # it was removed, as a scenario wanted

    def stop(self) -> None:
        """End it, and what it still runs."""
        self.cable.mend()
        self.agent.drain()
        self.agent.drain()
        self._thread.join(30)
        assert not self._thread.is_alive(), f"agent {self.name} does not end"


def containers(identity: str, folder: Path) -> DockerBackend:
    """Real containers of an agent that has a name of its own on the engine."""
    return DockerBackend(DockerOptions(identity, folder=folder))


def backend(*, labels: tuple[str, ...] = (), endless: bool = False, failure: str = "") -> FakeBackend:
    """A fake backend; with ``endless`` its jobs never get a place, with ``failure`` no job does."""
    failures = {label: InfrastructureError("image_unavailable", failure) for label in labels} if failure else {}
    return FakeBackend(failures=failures, endless=frozenset(labels) if endless else frozenset(), fetch=fetch)


def fetch(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """What ``curl`` in a script gets."""
    answer = httpx.request(method, url, headers=dict(headers), content=body or None, timeout=30, trust_env=False)
    return answer.status_code, answer.content
