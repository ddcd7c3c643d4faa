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
    place = {job: number for number, job in enumerate(graph)}
    unmet = {job: len(set(needs)) for job, needs in graph.items()}
    waiting: dict[str, list[str]] = {}
    for job, needs in graph.items():
        for need in set(needs):
            waiting.setdefault(need, []).append(job)
    result: list[tuple[str, ...]] = []
    ready = [job for job in graph if not unmet[job]]
    while ready:
        result.append(tuple(ready))
        freed = []
        for job in (after for done in ready for after in waiting.get(done, ())):
            unmet[job] -= 1
            if not unmet[job]:
                freed.append(job)
        ready = sorted(freed, key=place.__getitem__)
    return tuple(result)


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
        path: dict[str, int] = {}
        job: str | None = start
        while job is not None and job not in path and job not in placed:
            path[job] = len(path)
            job = next((need for need in graph[job] if need in graph and need not in startable), None)
        if job is not None and job in path:
            found.append(tuple(path)[path[job] :])
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
