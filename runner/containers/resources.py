"""All that one job has on the engine beside its own container: made under its labels, removed with it."""

from __future__ import annotations

import contextlib
import re
import threading
import uuid
from typing import Any

from docker.errors import APIError, DockerException, NotFound

from runner.backends.base import Lease
from runner.containers.engine import refused
from runner.containers.labels import labels
from runner.containers.volumes import Volume
from runner.errors import JobEnded

_UNNAMEABLE = re.compile(r"[^a-zA-Z0-9_.-]")
_TRIES = 5  # to remove a network from which the engine has not yet taken a container that is gone


class JobResources:
    """The network, the volumes and the further containers of one job. ``close`` may come at any moment, and twice."""

    def __init__(self, client: Any, runner: str, lease: Lease) -> None:
        self.client = client
        self.lease = lease
        self.labels = labels(runner, lease)
        self.network = ""  # its name
        self._volumes: dict[str, str] = {}  # name in the workflow → name here
        self._containers: list[Any] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def make_network(self, *, internal: bool = False) -> str:
        """The job's own network, by its name; ``internal``: without a way out."""
        name = f"forge-network-{self.lease}-{uuid.uuid4().hex[:12]}"
        with self._making():
            self.client.networks.create(name, driver="bridge", internal=internal, labels=self.labels)
            self.network = name
        return name

    def bind(self, volume: Volume) -> str:
        """A mount in the engine's words; a named volume is made when it is first asked for."""
        source = volume.source if volume.is_path or not volume.source else self._volume(volume.source)
        return ":".join(filter(None, (source, volume.target, ",".join(volume.modes))))

    def _volume(self, name: str) -> str:
        with self._making():
            if name not in self._volumes:
                made = f"forge-volume-{self.lease}-{uuid.uuid4().hex[:12]}"
                self.client.volumes.create(made, labels=self.labels)
                self._volumes[name] = made
            return self._volumes[name]

    def start(self, image: str, word: str, arguments: dict[str, Any]) -> Any:
        """A further container of the job, started; ``word`` tells a person at the engine which it is."""
        name = f"forge-{_UNNAMEABLE.sub('_', word)}-{self.lease}-{uuid.uuid4().hex[:12]}"
        with self._making():
            container = self.client.containers.create(image, name=name, **arguments)
            self._containers.append(container)
            container.start()
        return container

    def remove(self, container: Any) -> None:
        """End one of the containers and remove it."""
        with contextlib.suppress(NotFound):
            container.remove(force=True, v=True)
        with self._lock:
            self._containers = [each for each in self._containers if each is not container]

    def close(self) -> None:
        """Remove everything; the job's own container is gone already. InfrastructureError when the engine will not."""
        with self._lock:
            self._is_closed = True
            containers, self._containers = self._containers, []
            volumes, self._volumes = self._volumes, {}
            network, self.network = self.network, ""
        try:
            for container in containers:
                remove_container(container)
            if network:
                remove_network(self.client, network)
            for volume in volumes.values():
                with contextlib.suppress(NotFound):
                    self.client.volumes.get(volume).remove()
        except (DockerException, OSError) as error:
            raise refused(error) from error

    @contextlib.contextmanager
    def _making(self) -> Any:
        """Nothing is made for a job that is closed: it would be left."""
        with self._lock:
            if self._is_closed:
                raise JobEnded("The job was stopped while its containers were made.")
            try:
                yield
            except (DockerException, OSError) as error:
                raise refused(error, "container_failed") from error


def remove_container(container: Any) -> None:
    """Remove a container with its volumes, and wait where somebody else removes it already."""
    try:
        container.remove(force=True, v=True)
    except NotFound:
        pass
    except APIError as error:
        if error.status_code != 409:  # somebody is removing it already
            raise
        with contextlib.suppress(DockerException, OSError):
            container.wait(condition="removed", timeout=30)


def remove_network(client: Any, name: str) -> None:
    """Remove a network with whatever still hangs on it."""
    for left in reversed(range(_TRIES)):
        try:
            network = client.networks.get(name)
            network.remove()
            return
        except NotFound:
            return
        except APIError:
            if not left:
                raise
            _clear(network)


def _clear(network: Any) -> None:
    with contextlib.suppress(DockerException):
        network.reload()
        for container in network.attrs.get("Containers") or {}:
            with contextlib.suppress(DockerException):
                network.disconnect(container, force=True)
