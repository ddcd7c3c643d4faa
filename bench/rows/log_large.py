"""A step that writes a hundred megabytes in lines of a megabyte."""

from __future__ import annotations

from bench import log_step
from bench.measurement import Measurement

NUMBER = 6
WHAT = "the same, 100 MB in lines of 1 MB"
GOAL = 1.1

COMMAND = """\
python3 -c "
import base64, os, sys
for number in range(100):
    sys.stdout.write(base64.b64encode(os.urandom(750_000)).decode() + '\\n')
"
"""


def measure(samples: int) -> Measurement:
    """The step beside the same to a file; each sample is a job."""
    return log_step.measure(COMMAND, samples)
