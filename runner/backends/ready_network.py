"""Network namespaces kept ready, each for the container of one job.

To make one is the longest part of a container's start: the engine runs a whole program of its own for it, on the way
(docs/decisions/0013). So a container that does nothing holds one before there is a job: forge-init in an image without
any file. The container of a job joins it, and has from it what belongs to a network: addresses, a machine's name,
``/etc/hosts`` and ``/etc/resolv.conf``. What a job leaves in a namespace must not meet the next: it goes with the job.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from docker.errors import DockerException, ImageNotFound

from runner.backends import docker_init
from runner.backends.init_channel import Channel, Listener
from runner.containers.engine import refused
from runner.containers.labels import LABEL
from runner.containers.resources import remove_container
from runner.errors import InfrastructureError
from runner.forge_init.build import Built

PREFIX = "forge-netns-"
#: Has no file, so it can be made where it is missing; a container's own are mounted into it.
IMAGE = "forge-netns:1"
_NOBODY = "65534:65534"
#: What a container has by its namespace, or must have beside it: the engine takes none of these for one that joins.
_OF_NAMESPACE = ("network", "extra_hosts")


def can_be_joined(network: str) -> bool:
    """Whether containers in this network (``docker.network``) have a namespace that must be made."""
    return network != "host" and not network.startswith("container:")


class ReadyNetwork:
    """One namespace, and the container that holds it."""

    def __init__(self, container: Any, channel: Channel, folder: Path) -> None:
        self._container = container
        self._channel = channel
        self._folder = folder
        self._closed: Callable[[], None] = lambda: None
        self.name: str = container.name

    def is_ready(self) -> bool:
        """True while it can be joined, as far as its forge-init tells."""
        return not self._channel.over.is_set()

    def joined(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Those arguments of the SDK's create, for a container that joins."""
        kept = {name: value for name, value in arguments.items() if name not in _OF_NAMESPACE}
        return {**kept, "network_mode": f"container:{self._container.id}"}

    def serve(self, closed: Callable[[], None]) -> None:
        """Be a job's from now on; ``closed`` is called when it has been removed."""
        self._closed = closed

    def when_lost(self, call: Callable[[], None]) -> None:
        """Call this when it ends before it is let go: then nobody is reached from it any more."""
        self._channel.when_lost(call)

    def live_for(self, seconds: float) -> None:
        """End after so long, unless this is said again."""
        self._channel.live(seconds)

    def let_go(self) -> None:
        """Let it end, and wait for nothing."""
        self._channel.close()

    def close(self) -> None:
        """End it and remove it; InfrastructureError."""
        self.let_go()
        try:
            _remove(self._container)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._closed()


def make(client: Any, runner: str, network: str, built: Built, folder: Path) -> ReadyNetwork:
    """A namespace in this network, held by a container with the folder's name; InfrastructureError."""
    listener = Listener(folder / "channel")
    try:
        arguments = docker_init.arguments_with(_arguments(runner, network, folder.name), built, listener)
        container = client.containers.create(_image(client), **{**arguments, "working_dir": "/"})
    except (DockerException, OSError) as error:
        listener.close()
        raise refused(error, "container_failed") from error
    try:
        container.start()
        return ReadyNetwork(container, docker_init.connect(client, container, listener), folder)
    except (DockerException, OSError, InfrastructureError) as error:
        with contextlib.suppress(InfrastructureError):  # the janitor comes again
            _remove(container)
        raise error if isinstance(error, InfrastructureError) else refused(error, "container_failed") from error
    finally:
        listener.close()


def _arguments(runner: str, network: str, name: str) -> dict[str, Any]:
    """What a job has of it is its network alone, so this container may do nothing."""
    return {
        "name": name,
        "labels": {LABEL: runner},
        "auto_remove": True,
        "user": _NOBODY,
        "volumes": [],
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": 16,
        "mem_limit": 64 << 20,  # the engine's own start needs a part of it
        "memswap_limit": 64 << 20,
        "log_config": {"Type": "none"},
        "network": network,
        "extra_hosts": {"host.docker.internal": "host-gateway"},
    }


def _image(client: Any) -> Any:
    """The image without a file; made where it is not."""
    try:
        return client.images.get(IMAGE)
    except ImageNotFound:
        nothing = io.BytesIO()
        tarfile.open(fileobj=nothing, mode="w").close()
        repository, _, tag = IMAGE.rpartition(":")
        client.api.import_image_from_data(nothing.getvalue(), repository=repository, tag=tag)
        return client.images.get(IMAGE)


def _remove(container: Any) -> None:
    try:
        remove_container(container)
    except (DockerException, OSError) as error:
        raise refused(error) from error
