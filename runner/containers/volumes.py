"""``volumes:`` of a container: volumes of the job, and paths of the machine where the administrator allows them.

A named volume belongs to one job: all of its containers find the same volume by that name, no other job does, and it
is removed with the job. A path of the machine is allowed only when the administrator lists exactly this path: below
a folder that is listed a job could have left a link to somewhere else.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from runner.containers.options import Policy
from runner.containers.spec import ContainerSpec
from runner.errors import InfrastructureError

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_MODES = frozenset(("ro", "rw", "nocopy"))
#: The runner's own folders in a job's container.
_OWN = ("/__e", "/__w", "/__t", "/github/home", "/github/workflow")


@dataclass(frozen=True)
class Volume:
    """One mount. ``source`` is a name, a path of the machine, or nothing for a volume without a name."""

    source: str
    target: str
    modes: tuple[str, ...] = ()

    @property
    def is_path(self) -> bool:
        """A path of the machine."""
        return self.source.startswith("/")


def parse(spec: ContainerSpec, given: tuple[str, ...], policy: Policy) -> list[Volume]:
    """The volumes of a container; InfrastructureError ``container_refused`` says what to do about one."""
    found = []
    for text in given:
        try:
            volume = _read(text.strip())
            _check(volume, policy, is_job=not spec.name)
        except ValueError as error:
            raise InfrastructureError("container_refused", f"{spec.where}.volumes: '{text}' {error}.") from None
        found.append(volume)
    return found


def _read(text: str) -> Volume:
    parts = text.split(":")
    if len(parts) == 1:
        parts = ["", *parts]
    elif not parts[0]:
        raise ValueError("names no source")
    source, target, *rest = parts
    modes = tuple(mode for each in rest for mode in each.split(","))
    if len(rest) > 1 or not _MODES.issuperset(modes):
        raise ValueError(f"has a mode that is none of {', '.join(sorted(_MODES))}")
    if not target.startswith("/"):
        raise ValueError("does not end at an absolute path of the container")
    if source and not source.startswith("/") and not _NAME.fullmatch(source):
        raise ValueError("begins with neither the name of a volume nor an absolute path")
    return Volume(source, target, modes)


def _check(volume: Volume, policy: Policy, *, is_job: bool) -> None:
    target = posixpath.normpath(volume.target)
    if target == "/":
        raise ValueError("would hide the whole image")
    if is_job and any(target == own or own.startswith(f"{target}/") or target.startswith("/__e/") for own in _OWN):
        raise ValueError(f"would hide the runner's own {target}")
    if not volume.is_path:
        return
    allowed = volume.source in policy.volumes
    if not allowed and not (f"{volume.source}:ro" in policy.volumes and "ro" in volume.modes):
        way = " to be written (it may with :ro)" if f"{volume.source}:ro" in policy.volumes else ""
        raise ValueError(
            f"mounts a path of the runner's machine, which this runner does not allow{way}. Use a named volume, or let "
            f"the runner's administrator add '{volume.source}' to docker.allow_volumes in its config.toml"
        )
