"""The contexts and functions that an expression may use, by place.

The functions that every place has (``contains``, ``format`` …) are not named here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Least and most number of arguments.
Arity = tuple[int, int]

ANY = 255
_JOB_STATUS: Mapping[str, Arity] = {"always": (0, 0), "cancelled": (0, 0), "success": (0, ANY), "failure": (0, ANY)}
_STEP_STATUS: Mapping[str, Arity] = {"always": (0, 0), "cancelled": (0, 0), "success": (0, 0), "failure": (0, 0)}
_HASH: Mapping[str, Arity] = {"hashFiles": (1, 255)}


@dataclass(frozen=True, eq=False)
class Context:
    """What an expression sees: the names of contexts, and functions beside those of every place."""

    names: frozenset[str]
    functions: Mapping[str, Arity] = field(default_factory=dict)


def _context(names: str, functions: Mapping[str, Arity] | None = None) -> Context:
    return Context(frozenset(names.split()), functions or {})


WORKFLOW = _context("github inputs vars")
WORKFLOW_ENV = _context("github inputs vars secrets")
CALL_OUTPUT = _context("github inputs vars jobs")
NEEDS = _context("github inputs vars needs")
JOB_IF = _context("github inputs vars needs", _JOB_STATUS)
JOB = _context("github inputs vars needs strategy matrix")
JOB_ENV = _context("github inputs vars needs strategy matrix secrets")
JOB_DEFAULTS = _context("github inputs vars needs strategy matrix env")
CREDENTIALS = _context("github inputs vars needs strategy matrix secrets env")
SNAPSHOT_IF = _context("github inputs vars needs strategy matrix", _JOB_STATUS)
RUNNER = _context("github inputs vars needs strategy matrix secrets steps job runner env")
RUNNER_NO_SECRETS = _context("github inputs vars needs strategy matrix steps job runner env")
STEP = _context("github inputs vars needs strategy matrix secrets steps job runner env", _HASH)
STEP_IF = _context("github inputs vars needs strategy matrix steps job runner env", {**_STEP_STATUS, **_HASH})
ACTION_DEFAULT = _context("github strategy matrix job runner", _HASH)
ACTION_OUTPUT = _context("github strategy matrix steps inputs job runner env")
ACTION_ARGUMENT = _context("inputs")
ACTION_IF = _context("runner github job strategy matrix env inputs", {**_STEP_STATUS, **_HASH})
ACTION_STEP = _context("github inputs strategy matrix steps job runner env", _HASH)
ACTION_STEP_IF = _context("github inputs strategy matrix steps job runner env", {**_STEP_STATUS, **_HASH})
