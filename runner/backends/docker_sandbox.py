"""The container of one job, while it is the job's: steps are started in it, services beside it, and all of it ends."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from docker.errors import APIError, DockerException

from runner.backends import docker_init
from runner.backends.base import Command, Execution, JobPlace, Layout, Trouble
from runner.backends.docker_exec import GONE, DockerExecution, Watch, inner_path
from runner.backends.init_channel import Channel, Listener
from runner.backends.init_execution import InitExecution
from runner.backends.ready_network import ReadyNetwork
from runner.containers.engine import refused
from runner.containers.job_set import JobSet
from runner.containers.resources import remove_container
from runner.containers.shell import Shells
from runner.containers.spec import ServiceInfo
from runner.errors import InfrastructureError
from runner.stop import Stop

_NETWORK_GONE = Trouble(
    "container_lost",
    "The job's network is gone: the container that held it ended while the job ran. Someone has ended it.",
    is_ours=True,
)


class DockerSandbox:
    """The container of one job."""

    def __init__(
        self, client: Any, container: Any, place: JobPlace, image: Any, containers: JobSet, shells: Shells
    ) -> None:
        self._client = client
        self._container = container
        self._image = image
        self._containers = containers
        self._watch = Watch(client, container.id, containers.limits.memory)
        self._input: Any = None
        self._channel: Channel | None = None
        self._network: ReadyNetwork | None = None
        self._closed: Callable[[], None] = lambda: None
        self.name: str = container.name
        layout = layout_of(place, image, container.id)
        if place.containers.job is None:
            layout = replace(layout, default_shell=shells.of(client, container, image.id, layout.path))
        self.layout = replace(layout, network=containers.network, container_env=containers.environment)

    def begin(self, listener: Listener | None, network: ReadyNetwork | None = None) -> None:
        """Start it, and wait for forge-init on this socket; without one its first process only waits. ``network`` is
        the one that it was created to join: it goes with it."""
        try:
            self._watch.begin()
            if listener is None:
                self._input = self._container.attach_socket(params={"stdin": 1, "stream": 1})
            self._container.start()
            if listener is not None:
                self._channel = docker_init.connect(self._client, self._container, listener, lambda: self._watch.died)
        except (DockerException, OSError) as error:
            raise refused(error, "container_failed") from error
        self._containers.join(self._container)
        if network is not None:
            self._network = network
            network.when_lost(self._lose_network)

    def _lose_network(self) -> None:
        """What runs in the container reaches nobody any more, and that is not its fault."""
        self._watch.gone = _NETWORK_GONE
        with contextlib.suppress(DockerException, OSError):
            self._container.kill()

    def start_services(self, say: Callable[[str], None], stop: Stop) -> Mapping[str, ServiceInfo]:
        return self._containers.start_services(self._container.id, self._image.id, say, stop)

    def stop_containers(self, say: Callable[[str], None]) -> None:
        self._containers.stop(say)
        say(f"Stop and remove container: {self._container.name}")
        if self._containers.own_network:
            say(f"Remove container network: {self._containers.own_network}")
        self.close()

    def is_ready(self) -> bool:
        """True while its forge-init waits for a step."""
        return self._channel is not None and not self._channel.over.is_set() and not self._watch.died

    def serve(self, place: JobPlace, closed: Callable[[], None]) -> None:
        """Be this job's from now on; ``closed`` is called when it has been removed."""
        self._closed = closed
        self.layout = replace(self.layout, workspace=layout_of(place).workspace)

    def start(self, command: Command, write: Callable[[bytes], None], ended: Callable[[], None]) -> Execution:
        if self._channel is not None:
            return self._start_by_init(self._channel, command, write, ended)
        try:
            return DockerExecution(self._client, self._container.id, command, self._watch, write, ended)
        except APIError as error:
            if error.status_code in (404, 409):
                text = f"The job's container is gone: {error.explanation}. A step, or someone else, has ended it."
                raise InfrastructureError("container_lost", text) from error
            raise refused(error) from error
        except (DockerException, OSError) as error:
            raise refused(error) from error

    def _start_by_init(
        self, channel: Channel, command: Command, write: Callable[[bytes], None], ended: Callable[[], None]
    ) -> Execution:
        try:
            return InitExecution(channel, command, self._watch, write, ended)
        except InfrastructureError as error:
            if self._watch.gone is not GONE:
                raise InfrastructureError(self._watch.gone.code, self._watch.gone.text) from error
            raise

    def live_for(self, seconds: float) -> None:
        if self._channel is not None:
            self._channel.live(seconds)
        if self._network is not None:
            self._network.live_for(seconds)

    def close(self) -> None:
        if self._network is not None:  # ends beside the container: the engine needs its time for both
            self._network.let_go()
        try:
            self.remove()
        finally:
            self._containers.close()
            if self._network is not None:
                self._network.close()

    def remove(self) -> None:
        """End the container and remove it."""
        if self._channel is not None:
            self._channel.close()
        try:
            remove_container(self._container)
        except (DockerException, OSError) as error:
            raise refused(error) from error
        finally:
            self._closed()
            self._watch.close()
            held, self._input = self._input, None
            if held is not None:
                held._response.close()  # the SDK keeps the answer there, which owns the connection
                held.close()


def layout_of(place: JobPlace, image: Any = None, container: str = "") -> Layout:
    """Where things are in a job's container; its PATH is known with its image."""
    return Layout(
        work="/__w",
        workspace=f"/__w/{place.repository}/{place.repository}",
        home="/github/home",
        workflow="/github/workflow",
        is_container=True,
        path=inner_path(image) if image is not None else "",
        default_shell=("sh -e {0}", "sh -e {0}"),
        job_container_id=container,
    )
