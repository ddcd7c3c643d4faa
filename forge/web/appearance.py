"""How states look: one class, icon and word each; the same on every page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from workflows.states import Status


class Stated(Protocol):
    """What has a state: an attempt, a job or a step."""

    status: str
    conclusion: str | None


@dataclass(frozen=True)
class Look:
    """``key`` names the CSS class (``s-<key>``); filled icons are final good or bad, outlines the rest."""

    key: str
    icon: str
    word: str


_LOOKS = {
    look.key: look
    for look in (
        Look("success", "check-circle-fill", "Success"),
        Look("failure", "x-circle-fill", "Failed"),
        Look("in_progress", "spinner", "In progress"),
        Look("waiting", "clock", "Waiting"),
        Look("pending", "clock", "Waiting"),
        Look("requested", "clock", "Requested"),
        Look("queued", "circle", "Queued"),
        Look("timed_out", "stopwatch", "Timed out"),
        Look("cancelled", "stop", "Cancelled"),
        Look("skipped", "skip", "Skipped"),
        Look("neutral", "dot-fill", "Neutral"),
        Look("action_required", "alert", "Action required"),
        Look("startup_failure", "alert-fill", "Could not start"),
        Look("runner_lost", "history", "Runner lost"),
        Look("stale", "history", "Stale"),
    )
}

#: Which state a group of legs shows: the first of these that any leg has.
_ORDER = (
    "startup_failure",
    "failure",
    "timed_out",
    "runner_lost",
    "cancelled",
    "action_required",
    "in_progress",
    "waiting",
    "pending",
    "queued",
    "requested",
    "success",
    "neutral",
    "stale",
    "skipped",
)


def look(status: str, conclusion: str | None, reason: Mapping[str, Any] | None = None) -> Look:
    """The look of a status and conclusion; a lost runner has a look of its own."""
    if conclusion == "failure" and (reason or {}).get("code") == "runner_lost":
        return _LOOKS["runner_lost"]
    return _LOOKS.get(conclusion or status, _LOOKS["neutral"])


def of(thing: Stated) -> Look:
    """The look of an attempt, a job or a step."""
    reason = getattr(thing, "reason", None)
    return look(thing.status, thing.conclusion, reason if isinstance(reason, Mapping) else None)


def rank(shown: Look) -> int:
    """Its place among the states, the worst first."""
    return _ORDER.index(shown.key)


@dataclass(frozen=True)
class Standing:
    """What a browser's tab says of a list: its picture has the look, its title begins with the words."""

    look: Look
    words: str


def standing(listed: Iterable[Stated | None]) -> Standing | None:
    """How many of a list run, else how the first of it stands, which is the newest; None of an empty one."""
    things = [one for one in listed if one is not None]
    going = sum(one.status == Status.IN_PROGRESS for one in things)
    if going:
        return Standing(_LOOKS["in_progress"], f"{going} running")
    return Standing(of(things[0]), of(things[0]).word) if things else None


def worst(looks: Iterable[Look]) -> Look:
    """What a folded group shows; queued when there is nothing in it."""
    keys = {one.key for one in looks}
    return _LOOKS[next((key for key in _ORDER if key in keys), "queued")]
