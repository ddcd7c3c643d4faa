"""The same from trees that both sides have made before."""

from __future__ import annotations

from bench.language.peer import Cases, beside
from bench.language.questions import CONTEXTS, EXPRESSIONS, cases
from bench.measurement import Measurement
from workflows.expressions import evaluate, parse

NUMBER = 14
WHAT = "evaluate an expression that was parsed before"
GOAL = None  # JavaScript is compiled to machine code; Python is not

_ROUNDS = 20
_TREES = [parse(text, CONTEXTS) for text in EXPRESSIONS]


def measure(samples: int) -> Measurement:
    """Sixteen trees twenty times a sample."""
    return beside("evaluate-parsed", _cases, _evaluate, samples)


def _cases(_: int) -> Cases:
    return cases() * _ROUNDS


def _evaluate(given: Cases) -> None:
    for _ in range(len(given) // len(_TREES)):
        for tree in _TREES:
            evaluate(tree, CONTEXTS)
