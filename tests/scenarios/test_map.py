"""Every promise of the engine and every move of ``workflows.states`` has a scenario that shows it: ``map.yml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scenarios.case import cases
from tests.scenarios.outcome import Transition
from tests.scenarios.stage import Stage
from workflows import states
from workflows.states import Status

KINDS = ("run", "job", "step")


@cache
def written() -> Mapping[str, Any]:
    """The map."""
    found: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "map.yml").read_text())
    return found


def promises() -> list[tuple[str, Sequence[str]]]:
    """Each promise, below its heading, with the scenarios that show it."""
    return [(f"{area}: {text}", names) for area, each in written()["promises"].items() for text, names in each.items()]


def allowed() -> set[str]:
    """The moves that the rules allow. An attempt is worked out anew from its jobs: only its end is for good."""
    moves = set()
    for before in Status:
        for after in Status:
            if states.may_move(before, after):
                moves |= {str(Transition(kind, before, after)) for kind in ("job", "step")}
            if before not in (Status.COMPLETED, after):
                moves.add(str(Transition("run", before, after)))
    return moves | {str(Transition("job", before, Status.QUEUED)) for before in states.REQUEUE_FROM}


def impossible(move: str) -> bool:
    """True for a move that nobody makes, as the map says."""
    return any(fnmatchcase(move, pattern) for each in written()["never"] for pattern in each["moves"])


def unknown(names: Iterable[str]) -> list[str]:
    """Names that no scenario has."""
    return sorted(set(names) - set(cases()))


@pytest.mark.parametrize("promise", [text for text, _ in promises()])
def test_every_promise_has_its_scenarios(promise: str) -> None:
    names = dict(promises())[promise]
    assert names
    assert unknown(names) == []


def test_every_scenario_shows_something_promised() -> None:
    shown = {name for _, names in promises() for name in names}
    assert sorted(set(cases()) - shown) == []


def test_every_move_is_in_the_map() -> None:
    mapped = written()["moves"]
    assert sorted(set(mapped) - allowed()) == [], "moves that the rules do not allow"
    assert sorted(move for move in allowed() if (move in mapped) == impossible(move)) == []
    assert unknown(name for names in mapped.values() for name in names) == []


@pytest.mark.timeout(600)
def test_every_move_is_seen_where_the_map_says(stage: Stage) -> None:
    seen = {name: {str(move) for move in outcome.transitions} for name, outcome in stage.outcomes().items()}
    missing = [
        f"{move}: {name}"
        for move, names in written()["moves"].items()
        for name in names
        if name in seen and move not in seen[name]
    ]
    assert missing == []
    everything = {move for moves in seen.values() for move in moves}
    assert sorted(everything - allowed()) == [], "moves that the rules do not allow"
    assert sorted(move for move in everything if impossible(move)) == []
