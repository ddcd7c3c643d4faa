"""A matrix of 256 legs beside one of 4: what each step of the run asks of the database."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bench.measurement import Measurement, Samples
from bench.rows import CannotRun

NUMBER = 19
WHAT = "database statements a step of a run with a matrix of 256 legs, needs and groups"
GOAL = 1.01  # the same
FLOOR = "4 legs"

MANY, FEW = 256, 4
_ROOT = Path(__file__).resolve().parents[2]


def measure(samples: int) -> Measurement:
    """Counted, so once is enough: each value is the statements of one kind of step."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.engine.legs", str(FEW), str(MANY)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotRun(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it ended without a word")
    few, many = json.loads(done.stdout)
    lines = [f"{many[step]:>4} / {few[step]:<4} {step}" for step in many]
    ours = Samples(f"{MANY} legs", tuple(many.values()), "statements")
    return Measurement(ours, Samples(FLOOR, tuple(few[step] for step in many), "statements"), "\n".join(lines))
