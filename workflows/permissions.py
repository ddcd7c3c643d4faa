"""What a job's GITHUB_TOKEN may do: from what files say, callers allow and the repository's default gives.

Levels stand by the names of ``permissions:``; what is not named is ``none``. ``metadata`` is no name that a
file can use: a token always reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workflows.schema.jobs import PERMISSIONS

LEVELS = ("none", "read", "write")
METADATA = "metadata"
#: Every permission that a token can hold at all.
NAMES = frozenset(PERMISSIONS) | {METADATA}
#: A token for another party is only ever given to a job that asks for it by name.
_ONLY_WHEN_ASKED = "id-token"


def _permissive() -> dict[str, str]:
    found = {name: "write" if "write" in place.words else "read" for name, place in PERMISSIONS.items()}
    del found[_ONLY_WHEN_ASKED]
    return {**found, METADATA: "read"}


#: GitHub's two defaults for files that say nothing, by the words of its setting.
DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "read": {"contents": "read", "packages": "read", METADATA: "read"},
    "write": _permissive(),
}


def said(job: Mapping[str, str] | None, workflow: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """What one file says of one of its jobs: the job's own words replace those of the workflow."""
    return workflow if job is None else job


def effective(chain: Sequence[Mapping[str, str] | None], default: Mapping[str, str]) -> dict[str, str]:
    """The levels that a job holds, ``none`` left out.

    ``chain`` has what each file on the way says of its job (see ``said``), the outermost caller first and
    the job itself last; None where a file says nothing. The first may ask for anything and gets ``default``
    when it does not ask. Each one after it keeps what its caller holds, or less: asking for more gives the
    caller's level.
    """
    held: Mapping[str, str] = default
    for number, asked in enumerate(chain):
        if asked is not None:
            held = asked if number == 0 else _lowered(held, asked)
    return {name: level for name, level in {**held, METADATA: "read"}.items() if level != "none"}


def allows(held: Mapping[str, str], name: str, level: str) -> bool:
    """True when ``held`` gives this level of a permission, or a higher one."""
    return LEVELS.index(held.get(name, "none")) >= LEVELS.index(level)


def _lowered(held: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, str]:
    return {name: min(level, held.get(name, "none"), key=LEVELS.index) for name, level in asked.items()}
