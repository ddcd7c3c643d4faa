"""What an expression costs the first time."""

from __future__ import annotations

from bench.language.peer import Cases, beside
from bench.language.questions import CONTEXTS, cases
from bench.measurement import Measurement
from workflows.expressions import evaluate, parse

NUMBER = 14
WHAT = "parse and evaluate an expression never seen before"
GOAL = None  # JavaScript is compiled to machine code; Python is not

_ROUNDS = 20
_NAMES = frozenset(CONTEXTS)


def measure(samples: int) -> Measurement:
    """Sixteen expressions in twenty forms a sample, no form twice."""
    return beside("evaluate", _cases, _evaluate, samples)


def _cases(sample: int) -> Cases:
    return [
        {**case, "expr": f"{case['expr']} || {sample + 1000}{number}"} for number, case in enumerate(cases() * _ROUNDS)
    ]


def _evaluate(given: Cases) -> None:
    for case in given:
        evaluate(parse(case["expr"], _NAMES), case["contexts"])
