"""What a job asks of containers, all expressions evaluated; and what became of its services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Login:
    """Credentials of an image's registry."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class ContainerSpec:
    """The job's container, or one service."""

    name: str  # of the service, by which others reach it; empty for the job's own container
    image: str
    env: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    options: str = ""
    login: Login | None = None
    entrypoint: str = ""
    command: str = ""

    @property
    def where(self) -> str:
        """Where it stands in the job, for a message."""
        return f"services.{self.name}" if self.name else "container"


@dataclass(frozen=True)
class JobContainers:
    """``container`` and ``services`` of one job. True when there is any."""

    job: ContainerSpec | None = None
    services: tuple[ContainerSpec, ...] = ()
    skipped: tuple[str, ...] = ()  # services without an image

    def __bool__(self) -> bool:
        return self.job is not None or bool(self.services)


@dataclass(frozen=True)
class ServiceInfo:
    """A running service, as ``job.services.<id>`` shows it."""

    id: str
    network: str
    ports: Mapping[str, str] = field(default_factory=dict)  # port of the container → port where the job runs

    def context(self) -> dict[str, object]:
        """What expressions see."""
        return {"id": self.id, "ports": dict(self.ports), "network": self.network}
