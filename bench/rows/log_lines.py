"""A step that writes a million lines, a hundred megabytes, at the speed of its program."""

from __future__ import annotations

from bench import log_step
from bench.measurement import Measurement

NUMBER = 6
WHAT = "a step that writes 100 MB in 1,000,000 lines"
GOAL = 1.1

COMMAND = """\
python3 -c "
import sys
text = 'building a target of this project, and then the next one, with the flags -O2 -g -Wall -Wextra'[:91]
for number in range(1000):
    sys.stdout.write(''.join(f'{number * 1000 + line:07d} {text}\\n' for line in range(1000)))
"
"""


def measure(samples: int) -> Measurement:
    """The step beside the same to a file; each sample is a job."""
    return log_step.measure(COMMAND, samples)
