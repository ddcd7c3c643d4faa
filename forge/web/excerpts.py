"""Problems of a workflow file, each with the lines around it."""

from __future__ import annotations

from typing import Any

from forge.actions.models import Run, RunAttempt

_AROUND = 3
_LONGEST = 400


def of_run(run: Run, attempt: RunAttempt) -> list[dict[str, Any]]:
    """Findings of a startup failure with their excerpts; those of files that the run calls have none."""
    if not attempt.problems:
        return []
    lines, path = run.source.text.splitlines(), run.workflow.path
    return [
        {**found, "excerpt": _excerpt(lines, int(found.get("line") or 0)) if found.get("file") == path else []}
        for found in attempt.problems
    ]


def _excerpt(lines: list[str], line: int) -> list[tuple[int, str, bool]]:
    if not 0 < line <= len(lines):
        return []
    first, last = max(line - _AROUND, 1), min(line + _AROUND - 1, len(lines))
    return [(number, lines[number - 1][:_LONGEST], number == line) for number in range(first, last + 1)]
