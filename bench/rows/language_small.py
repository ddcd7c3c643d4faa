"""Reading a workflow as people write them."""

from __future__ import annotations

from bench.language import files
from bench.language.peer import Cases, beside
from bench.measurement import Measurement
from workflows import parser

NUMBER = 14
WHAT = "parse and validate a workflow of 48 lines"
GOAL = 1.0

_FILES = 10


def measure(samples: int) -> Measurement:
    """Ten files a sample, whose expressions nobody has seen before."""
    return beside("workflow", _cases, _read, samples)


def _cases(sample: int) -> Cases:
    return [files.case(files.SMALL, sample * _FILES + number) for number in range(_FILES)]


def _read(cases: Cases) -> None:
    for case in cases:
        parser.parse(case["text"], case["path"])
