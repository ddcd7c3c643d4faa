"""The rows, one module each.

A row is a module with

    NUMBER   int: its place in the table
    WHAT     str: what is measured, as in "push accepted → first byte of the first step, cold container"
    GOAL     float or None: our median is to stay below so many times the floor's
    GOAL_P95 float, optional: our p95 is to stay below so many times the floor's median
    MOST_P95 float, optional: our p95 is to stay below this, in the unit of the samples
    measure(samples: int) -> bench.measurement.Measurement

It measures the floor or the peer in the same run, sample beside sample, and leaves nothing behind. `samples` is how
many it is asked for; a row that takes long may give fewer. What keeps it from running at all it says by raising
`CannotRun`.
"""


class CannotRun(Exception):
    """Something that the row needs is not on this machine; the message says what."""
