"""``ports:`` of a container: ``5432``, ``8080:80``, ``127.0.0.1:8080:80/udp``, ``8000-8002:9000-9002``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runner.containers.spec import ContainerSpec
from runner.errors import InfrastructureError

_PORT = re.compile(r"(?:(?:\[[0-9a-fA-F:.]+\]|\d+\.\d+\.\d+\.\d+):)?(?:([0-9-]*):)?([0-9-]+)(?:/(tcp|udp))?")
_RANGE = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


@dataclass(frozen=True)
class Port:
    """One port of a container that is to be reached where the job runs."""

    inner: int
    outer: int | None = None  # None: any that is free
    protocol: str = "tcp"


def parse(spec: ContainerSpec, given: tuple[str, ...]) -> list[Port]:
    """The ports of a container; InfrastructureError ``container_refused`` for what is none."""
    try:
        return [port for text in given for port in _read(text.strip())]
    except ValueError as error:
        raise InfrastructureError("container_refused", f"{spec.where}.ports: {error}.") from None


def _read(text: str) -> Iterator[Port]:
    found = _PORT.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is no port such as 5432, 8080:80 or 53:53/udp")
    inner = _range(text, found[2])
    outer = _range(text, found[1]) if found[1] else []
    if outer and len(outer) != len(inner):
        raise ValueError(f"'{text}' names ranges of different length")
    protocol = found[3] or "tcp"
    for at, port in enumerate(inner):
        yield Port(port, outer[at] if outer else None, protocol)


def _range(text: str, part: str) -> list[int]:
    found = _RANGE.fullmatch(part)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last <= 65535 or last - first > 255:
        raise ValueError(f"'{text}' is no port such as 5432, 8080:80 or 53:53/udp")
    return list(range(first, last + 1))
