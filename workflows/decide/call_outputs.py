"""What comes of a called workflow for the one that called it."""

from __future__ import annotations

from collections.abc import Mapping

from workflows import expressions
from workflows.decide.snapshot import CallLeg
from workflows.errors import ExpressionError
from workflows.model import Workflow


def outputs(
    called: Workflow, leg: CallLeg, jobs: Mapping[str, object], contexts: Mapping[str, object]
) -> dict[str, str]:
    """The outputs that a called workflow gives, worked out of its jobs' outputs. What cannot be is empty, as GitHub
    has it: by then there is nobody left to fail."""
    seen = {**contexts, "inputs": leg.inputs, "jobs": jobs}
    found = {}
    for one in called.interface.outputs if called.interface else ():
        try:
            found[one.name] = expressions.render(one.value, seen)
        except ExpressionError:
            found[one.name] = ""
    return found
