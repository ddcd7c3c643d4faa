"""A run's jobs as nodes to draw: matrix legs folded, each linked to its first bad leg."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from forge.actions.models import Job, JobNode
from forge.web import appearance, clock, graph

#: Characters that fit below a node's title.
_DETAIL = 27


@dataclass(frozen=True)
class Drawn:
    """A node with what stands in it."""

    place: graph.Node
    title: str
    detail: str
    took: str
    look: appearance.Look
    job: Job | None


@dataclass(frozen=True)
class Picture:
    """The whole graph."""

    nodes: tuple[Drawn, ...]
    edges: tuple[str, ...]
    width: int
    height: int


def picture(nodes: Sequence[JobNode], jobs: Sequence[Job]) -> Picture | None:
    """The graph of an attempt; None when it has nothing to say or is too large to be read."""
    roots = [node for node in nodes if node.parent_id is None]
    if not 1 < len(roots) <= graph.MOST_NODES:
        return None
    # What a job calls is drawn as legs of it: keys of nodes begin with that of the run's own file.
    root_of = {node.pk: node.key.partition(".")[0] for node in nodes}
    by_key: dict[str, list[Job]] = {node.key: [] for node in roots}
    for job in jobs:
        by_key[root_of[job.node_id]].append(job)
    drawing = graph.draw([_item(node, by_key[node.key]) for node in roots])
    drawn = tuple(_drawn(place, by_key[place.item.key]) for place in drawing.nodes)
    return Picture(drawn, drawing.edges, drawing.width, drawing.height)


def _item(node: JobNode, legs: Sequence[Job]) -> graph.Item:
    many = len(legs) > 1 or bool(node.calls)
    title = f"{node.key} × {len(legs)}" if many else (legs[0].name if legs else node.key)
    return graph.Item(node.key, tuple(node.needs), title, _detail(legs) if many else "")


def _detail(legs: Sequence[Job]) -> str:
    """``4 of 6 passed · 2 failed``; shorter where that is too long for the node."""
    looks = [appearance.of(job) for job in legs]
    counted = Counter(look.word.lower() for look in looks)
    passed = counted.pop("success", 0)
    rest = [f"{number} {word}" for word, number in counted.items()]
    whole = " · ".join([f"{passed} of {len(legs)} passed", *rest])
    return whole if len(whole) <= _DETAIL else " · ".join([*rest, f"{passed} passed"])


def _drawn(place: graph.Node, legs: Sequence[Job]) -> Drawn:
    shown = appearance.worst(appearance.of(job) for job in legs) if legs else appearance.look("waiting", None)
    job = next((one for one in legs if appearance.of(one) == shown), None)
    starts = [one.started_at for one in legs if one.started_at]
    ends = [one.completed_at for one in legs]
    last = max((end for end in ends if end), default=None) if all(ends) else None
    took = clock.between(min(starts), last) if starts and shown.key != "skipped" else ""
    return Drawn(
        place, _short(place.item.title, 22 if took else 28), _short(place.item.detail, _DETAIL), took, shown, job
    )


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
