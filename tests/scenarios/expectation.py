"""What a case expects against what came, difference by difference."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Words that stand alone for a job: it is over with this conclusion, or stands at this status.
_OPEN = ("queued", "pending", "waiting", "in_progress", "requested")
#: Steps that every job has, of the agent's own.
_OURS = ("Set up job", "Complete job")


@dataclass(frozen=True)
class Looks:
    """How to see what is not in the API's answer for a job."""

    log: Callable[[Mapping[str, Any]], str]
    outputs: Callable[[Mapping[str, Any]], Mapping[str, str]]
    annotations: Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]]


def of_run(
    expected: Mapping[str, Any], run: Mapping[str, Any], jobs: Sequence[Mapping[str, Any]], looks: Looks
) -> Iterator[str]:
    """Differences of a run as of one attempt, whose jobs are given."""
    shown = {
        "workflow": run["path"].rsplit("/", 1)[-1],
        "name": run["name"],
        "event": run["event"],
        "title": run["display_title"],
        "branch": run["head_branch"],
        "number": run["run_number"],
        "attempt": run["run_attempt"],
        "status": run["status"],
        "conclusion": run["conclusion"],
    }
    wanted = {"status": "completed", **expected} if "conclusion" in expected else dict(expected)
    yield from _fields(wanted, shown)
    yield from _reason(expected, run["reason"])
    if "problems" in expected:
        yield from _problems(expected["problems"], run["problems"])
    if "jobs" in expected:
        yield from _jobs(expected["jobs"], jobs, looks)


def _fields(expected: Mapping[str, Any], shown: Mapping[str, Any]) -> Iterator[str]:
    for name, value in shown.items():
        if name in expected and not _same(expected[name], value):
            yield f"{name}: {value!r}, expected {expected[name]!r}"


def _same(expected: Any, value: Any) -> bool:
    """Equal; a text between slashes is a regular expression."""
    if isinstance(expected, str) and len(expected) > 1 and expected.startswith("/") and expected.endswith("/"):
        return isinstance(value, str) and re.fullmatch(expected[1:-1], value) is not None
    return bool(expected == value)


def _reason(expected: Mapping[str, Any], reason: Mapping[str, Any] | None) -> Iterator[str]:
    """``reason`` is a code, or fields of the reason; ``says`` its sentence, or a part of it."""
    shown = reason or {}
    if "reason" in expected:
        wanted = expected["reason"]
        wanted = wanted if isinstance(wanted, Mapping) else {"code": wanted}
        for name, value in wanted.items():
            if not _same(value, shown.get(name)):
                yield f"reason.{name}: {shown.get(name)!r}, expected {value!r}"
    if "says" in expected and expected["says"] not in shown.get("text", ""):
        yield f"says: {shown.get('text')!r}, expected {expected['says']!r} in it"


def _problems(expected: Sequence[str], problems: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    shown = [f"{one['line']}:{one['column']}: {one['message']}" for one in problems]
    for one in expected:
        if not any(_same(one, text) or text.startswith(one) for text in shown):
            yield f"problems: {shown}, expected one that begins with {one!r}"
    if len(shown) != len(expected):
        yield f"problems: {len(shown)}, expected {len(expected)}: {shown}"


def _jobs(expected: Mapping[str, Any], jobs: Sequence[Mapping[str, Any]], looks: Looks) -> Iterator[str]:
    names = [job["name"] for job in jobs]
    if sorted(names) != sorted(map(str, expected)):
        yield f"jobs: {sorted(names)}, expected {sorted(map(str, expected))}"
    by_name = {job["name"]: job for job in jobs}
    for name, wanted in expected.items():
        job = by_name.get(str(name))
        if job is not None:
            yield from (f"job {name}: {difference}" for difference in _job(_in_full(wanted), job, looks))


def _in_full(wanted: Any) -> Mapping[str, Any]:
    if isinstance(wanted, str):
        return {"status": wanted} if wanted in _OPEN else {"conclusion": wanted}
    return wanted  # type: ignore[no-any-return]  # as the file has it


def _job(expected: Mapping[str, Any], job: Mapping[str, Any], looks: Looks) -> Iterator[str]:
    shown = {
        "status": job["status"],
        "conclusion": job["conclusion"],
        "carried": job["carried_from_job_id"] is not None,
        "runner": job["runner_name"],
        "labels": job["labels"],
    }
    wanted = {"status": "completed", **expected} if "conclusion" in expected else expected
    yield from _fields(wanted, shown)
    yield from _reason(expected, job["reason"])
    if "steps" in expected:
        yield from _steps(expected["steps"], job["steps"])
    if "outputs" in expected and (outputs := looks.outputs(job)) != expected["outputs"]:
        yield f"outputs: {outputs}, expected {expected['outputs']}"
    if "log" in expected or "no-log" in expected:
        yield from _log(expected, looks.log(job))
    if "annotations" in expected:
        found = [f"{one['annotation_level']}: {one['message']}" for one in looks.annotations(job)]
        if found != expected["annotations"]:
            yield f"annotations: {found}, expected {expected['annotations']}"


def _steps(expected: Mapping[str, str], steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """All steps of the workflow's own, in order, each with its conclusion or, while it is not over, its status."""
    shown = [(one["name"], one["conclusion"] or one["status"]) for one in steps if one["name"] not in _OURS]
    if shown != [(str(name), word) for name, word in expected.items()]:
        yield f"steps: {shown}, expected {list(expected.items())}"


def _log(expected: Mapping[str, Any], text: str) -> Iterator[str]:
    """Whole lines of what steps printed; each of ``log`` stands there, in this order."""
    lines = [line.partition(" ")[2] for line in text.splitlines()]
    rest = iter(lines)
    for wanted in expected.get("log", ()):
        if not any(_same(str(wanted), line) for line in rest):
            yield f"log: {str(wanted)!r} is not there, or not in this place:\n" + "\n".join(lines)
            return
    for unwanted in expected.get("no-log", ()):
        if any(_same(str(unwanted), line) for line in lines):
            yield f"log: {unwanted!r} stands there"
