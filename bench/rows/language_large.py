"""Reading a workflow longer than most."""

from __future__ import annotations

from bench.language import files
from bench.language.peer import Cases, beside
from bench.measurement import Measurement
from workflows import parser

NUMBER = 14
WHAT = "parse and validate a workflow of 2,000 lines"
GOAL = 1.0

_LINES = 2000


def measure(samples: int) -> Measurement:
    """A file a sample, whose expressions nobody has seen before."""
    return beside("workflow", _cases, _read, samples)


def _cases(sample: int) -> Cases:
    return [files.case(files.large(_LINES), sample)]


def _read(cases: Cases) -> None:
    for case in cases:
        parser.parse(case["text"], case["path"])
