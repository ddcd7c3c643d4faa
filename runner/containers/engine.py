"""The Docker engine: reached once, its failures in our words."""

from __future__ import annotations

import os
import threading
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound

from runner.errors import InfrastructureError

PATIENCE = 120  # s that one call of the engine may take
_CONNECTIONS = 64


class Engine:
    """The engine at an address; without one, where DOCKER_HOST says or at the usual place."""

    def __init__(self, address: str = "") -> None:
        self.address = address
        self._lock = threading.Lock()
        self._client: Any = None

    def client(self) -> Any:
        """The SDK's client; InfrastructureError ``engine_unavailable``."""
        with self._lock:
            if self._client is None:
                try:
                    self._client = _connect(self.address)
                except (DockerException, OSError) as error:
                    text = f"The Docker engine cannot be reached: {error}"
                    raise InfrastructureError("engine_unavailable", text) from error
            return self._client


def refused(error: Exception, reason: str = "engine_failed") -> InfrastructureError:
    """What the engine said, as a failure of the machine."""
    if isinstance(error, ImageNotFound):
        reason = "image_unavailable"
    explanation = error.explanation if isinstance(error, APIError) else ""
    return InfrastructureError(reason, f"The Docker engine says: {explanation or error}")


def _connect(address: str) -> Any:
    place = address or os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    if place.startswith("unix://") and not os.path.exists(place.removeprefix("unix://")):
        raise FileNotFoundError(f"there is no {place.removeprefix('unix://')}")
    if not address:
        return docker.from_env(timeout=PATIENCE, max_pool_size=_CONNECTIONS)
    return docker.DockerClient(address, version="auto", timeout=PATIENCE, max_pool_size=_CONNECTIONS)
