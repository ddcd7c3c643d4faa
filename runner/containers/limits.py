"""What one container may use of the machine, and what an option may make of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True)
class Limits:
    """Resources of one container; 0 means none set."""

    memory: int = 0  # bytes
    cpus: float = 0
    pids: int = 4096

    def __str__(self) -> str:
        memory = size_text(self.memory) if self.memory else "all memory"
        cpus = f"{self.cpus:g} processors" if self.cpus else "all processors"
        return f"{memory}, {cpus}, {self.pids or 'any number of'} processes"

    def lowered(self, memory: int = 0, cpus: float = 0, pids: int = 0) -> Limits:
        """These, and below them what is asked for; more than these is never given."""
        return Limits(
            _least(self.memory, memory),
            _least(self.cpus, cpus),
            _least(self.pids, pids),
        )

    def arguments(self) -> dict[str, object]:
        """Keywords of the SDK's create."""
        arguments: dict[str, object] = {"pids_limit": self.pids or None}
        if self.memory:
            arguments |= {"mem_limit": self.memory, "memswap_limit": self.memory}
        if self.cpus:
            arguments["nano_cpus"] = int(self.cpus * 1e9)
        return arguments


def _least(limit: _Number, asked: _Number) -> _Number:
    return min(limit, asked) if limit and asked else limit or asked


def size_text(size: int) -> str:
    """A number of bytes for a person."""
    for unit, name in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size >= 1 << unit:
            return f"{size / (1 << unit):.4g} {name}"
    return f"{size} bytes"
