"""What an expression costs that was evaluated before, as each is: for every event, job and step anew."""

from __future__ import annotations

from bench.language.peer import Cases, beside
from bench.language.questions import CONTEXTS, cases
from bench.measurement import Measurement
from workflows.expressions import evaluate, parse

NUMBER = 14
WHAT = "evaluate an expression, from its text"
GOAL = 1.0

_ROUNDS = 20
_NAMES = frozenset(CONTEXTS)


def measure(samples: int) -> Measurement:
    """Sixteen expressions twenty times a sample. GitHub's package has no cache: it reads each text again."""
    return beside("evaluate", _cases, _evaluate, samples)


def _cases(_: int) -> Cases:
    return cases() * _ROUNDS


def _evaluate(given: Cases) -> None:
    for case in given:
        evaluate(parse(case["expr"], _NAMES), case["contexts"])
