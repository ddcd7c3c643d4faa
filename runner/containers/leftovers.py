"""What a runner has on the engine for jobs that nobody holds: containers, networks, volumes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from docker.errors import APIError, DockerException, NotFound

from runner.backends.base import Lease
from runner.containers.engine import refused
from runner.containers.labels import LABEL, lease_of
from runner.containers.resources import remove_network


def remove(
    client: Any,
    runner: str,
    held: Callable[[], frozenset[Lease]],
    is_kept: Callable[[str, frozenset[Lease]], bool] = lambda name, held: False,
) -> list[str]:
    """Remove it; what was removed, in words. Looks first and asks for the held leases then. InfrastructureError.

    ``is_kept`` says of a container's name that it belongs to somebody whom its labels do not name.
    """
    filters = {"label": f"{LABEL}={runner}"}
    removed: list[str] = []
    try:
        containers = client.containers.list(all=True, filters=filters, ignore_removed=True)
        networks, volumes = client.networks.list(filters=filters), client.volumes.list(filters=filters)
        owned = held()
        for container in containers:
            if lease_of(container.labels) not in owned and not is_kept(container.name, owned):
                with _passing():
                    container.remove(force=True, v=True)
                removed.append(f"container {container.name}")
        for network in networks:
            if lease_of(network.attrs.get("Labels") or {}) not in owned:
                with _passing():
                    remove_network(client, network.name)
                removed.append(f"network {network.name}")
        for volume in volumes:
            if lease_of(volume.attrs.get("Labels") or {}) not in owned:
                with _passing():
                    volume.remove()
                removed.append(f"volume {volume.name}")
    except (DockerException, OSError) as error:
        raise refused(error) from error
    return removed


@contextlib.contextmanager
def _passing() -> Any:
    """What is gone already, or is being removed by somebody else, stops no sweep: the next one looks again."""
    try:
        yield
    except NotFound:
        pass
    except APIError as error:
        if error.status_code != 409:
            raise
