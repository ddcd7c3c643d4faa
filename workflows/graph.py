"""``needs``: which jobs are unknown, which wait for each other for ever, what comes before what.

A graph is a mapping from each job id to the ids that it needs. Ids are compared as they are: the parser
has already brought the ids in ``needs`` to the spelling of the job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Graph = Mapping[str, Sequence[str]]


def unknown(graph: Graph) -> tuple[tuple[str, str], ...]:
    """Every (job, need) where no job of that name exists, in file order."""
    return tuple((job, need) for job, needs in graph.items() for need in needs if need not in graph)


def levels(graph: Graph) -> tuple[tuple[str, ...], ...]:
    """Jobs by depth: each level needs only jobs of earlier levels. Jobs that can never start are left out."""
    done: set[str] = set()
    result: list[tuple[str, ...]] = []
    rest = list(graph)
    while True:
        ready = [job for job in rest if all(need in done for need in graph[job])]
        if not ready:
            return tuple(result)
        result.append(tuple(ready))
        done.update(ready)
        rest = [job for job in rest if job not in done]


def order(graph: Graph) -> tuple[str, ...]:
    """Every job that can start, each after all that it needs."""
    return tuple(job for level in levels(graph) for job in level)


def stuck(graph: Graph) -> tuple[tuple[str, str], ...]:
    """Every (job, need) that keeps a job from ever starting although the need exists.

    These are the edges of the cycles and of what comes after them.
    """
    startable = set(order(graph))
    return tuple(
        (job, need)
        for job, needs in graph.items()
        if job not in startable
        for need in needs
        if need in graph and need not in startable
    )


def cycles(graph: Graph) -> tuple[tuple[str, ...], ...]:
    """The cycles, each named by its jobs in order of need, beginning with the first in the file."""
    found: list[tuple[str, ...]] = []
    placed: set[str] = set()
    startable = set(order(graph))
    for start in graph:
        if start in placed or start in startable:
            continue
        path: list[str] = []
        job: str | None = start
        while job is not None and job not in path and job not in placed:
            path.append(job)
            job = next((need for need in graph[job] if need in graph and need not in startable), None)
        if job is not None and job in path:
            found.append(tuple(path[path.index(job) :]))
        placed.update(path)
    return tuple(found)


def ancestors(graph: Graph, job: str) -> tuple[str, ...]:
    """Every job that this one needs, directly or through others, nearest first."""
    seen: dict[str, None] = {}
    queue = list(graph[job])
    for need in queue:
        if need not in seen and need in graph:
            seen[need] = None
            queue.extend(graph[need])
    return tuple(seen)
