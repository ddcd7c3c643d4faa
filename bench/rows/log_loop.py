"""A step whose shell writes a million short lines, each by a call of its own."""

from __future__ import annotations

from bench import log_step
from bench.measurement import Measurement

NUMBER = 6
WHAT = "the same, a shell's loop of 1,000,000 short lines"
GOAL = 1.1

COMMAND = """\
line=0
while [ $line -lt 1000000 ]; do
  echo "line $line"
  line=$((line + 1))
done
"""


def measure(samples: int) -> Measurement:
    """The step beside the same to a file; each sample is a job."""
    return log_step.measure(COMMAND, samples)
