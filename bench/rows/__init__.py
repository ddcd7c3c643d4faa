"""The rows, one module each.

A row is a module with

    NUMBER   int: its place in the table; from 101 on the goals of the pages
    WHAT     str: what is measured, as in "push accepted → first byte of the first step, cold container"
    GOAL     float or None: our median is to stay below so many times the floor's
    GOAL_P95 float, optional: our p95 is to stay below so many times the floor's median
    MOST     float, optional: our median is to stay below this, in the unit of the samples
    MOST_P95 float, optional: our p95 is to stay below this, in the unit of the samples
    measure(samples: int) -> bench.measurement.Measurement

It measures the floor or the peer in the same run, sample beside sample, and leaves nothing behind. Where it has
further figures (another browser, another measure), each stands in ``figures`` with a goal of its own. `samples` is how
many it is asked for; a row that takes long may give fewer. What keeps it from running at all it says by raising
`CannotRun`.
"""


class CannotRun(Exception):
    """Something that the row needs is not on this machine; the message says what."""
