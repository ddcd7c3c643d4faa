"""A run's jobs as nodes to draw: matrix legs folded, each linked to its first bad leg, or listed where they were asked
for; the jobs of a called workflow in a box with its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from forge.actions.models import Job, JobNode
from forge.web import appearance, clock, graph, job_groups, unfolding

#: Characters that fit below a node's title.
_DETAIL = 27
#: Legs that an open node lists; the list has the rest.
MOST_LEGS = 20


@dataclass(frozen=True)
class Took:
    """How long jobs took in words, or take: ``since`` then, in ISO 8601. Nothing for those that have not begun."""

    text: str = ""
    since: str = ""


@dataclass(frozen=True)
class Leg:
    """A job in the list of an open node; ``y`` is the upper edge of its row."""

    job: Job
    look: appearance.Look
    title: str
    took: Took
    y: int


@dataclass(frozen=True)
class Drawn:
    """A node with what stands in it. ``toggle`` is the query that lists its legs, or folds them where they are listed;
    ``key`` is the job's own in its file, ``more`` how many legs are not listed."""

    place: graph.Node
    title: str
    detail: str
    took: Took
    look: appearance.Look
    job: Job | None
    node: JobNode
    key: str
    toggle: str = ""
    legs: tuple[Leg, ...] = ()
    more: int = 0


@dataclass(frozen=True)
class Box:
    """What stands around the jobs of a called workflow: the name of the call."""

    place: graph.Node
    title: str


@dataclass(frozen=True)
class Picture:
    """The whole graph."""

    boxes: tuple[Box, ...]
    nodes: tuple[Drawn, ...]
    edges: tuple[str, ...]
    width: int
    height: int


def picture(nodes: Sequence[JobNode], jobs: Sequence[Job], opened: Sequence[int] = ()) -> Picture | None:
    """The graph of an attempt, with the legs of the nodes of these ids; None when it has nothing to say or is too large
    to be read. Where the jobs of called workflows are too many, each call is one node."""
    plan = _Plan(nodes, jobs, opened)
    if plan.count(boxes=True) > graph.MOST_NODES:
        plan.boxed = False
    if not 1 < plan.count(boxes=plan.boxed) <= graph.MOST_NODES:
        return None
    drawing = graph.draw(plan.items())
    placed, edges = graph.flat(drawing)
    boxes = tuple(Box(one, _short(one.item.title, one.width // 8)) for one in placed if one.item.inner)
    drawn = tuple(plan.drawn(one) for one in placed if not one.item.inner)
    return Picture(boxes, drawn, tuple(one.path for one in edges), drawing.width, drawing.height)


@dataclass
class _Plan:
    """What becomes an item of the graph, and what of the run stands behind each."""

    nodes: Sequence[JobNode]
    jobs: Sequence[Job]
    opened: Sequence[int]
    boxed: bool = True
    _behind: dict[str, tuple[JobNode, list[Job], str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._children: dict[tuple[int | None, int], list[JobNode]] = {}
        for node in self.nodes:
            self._children.setdefault((node.parent_id, node.leg if node.parent_id else 0), []).append(node)
        self._jobs: dict[int, list[Job]] = {}
        for job in self.jobs:
            self._jobs.setdefault(job.node_id, []).append(job)

    def count(self, *, boxes: bool) -> int:
        """How many nodes there are, with those in boxes or with a node for each call."""
        if boxes:
            return sum(1 for node in self.nodes if not self._is_call(node))
        return sum(1 for node in self.nodes if node.parent_id is None)

    def items(self, parent: JobNode | None = None, leg: int = 0) -> list[graph.Item]:
        """The jobs of the run's file, or of a call; a call in a matrix has a box for each leg."""
        siblings = self._children.get((parent.pk if parent else None, leg), [])
        prefix = f"{parent.calls[leg]['name']} / " if parent else ""
        keys = {node.key: self._keys(node) for node in siblings}
        found = []
        for node in siblings:
            needs = tuple(key for need in node.needs for key in keys.get(need, ()))
            if not self._is_box(node):
                found.append(self._item(node, needs, prefix))
                continue
            for index, key in enumerate(keys[node.key]):
                title = str(node.calls[index]["name"]).removeprefix(prefix)
                found.append(graph.Item(key, needs, title, inner=graph.draw(self.items(node, index))))
        return found

    def drawn(self, place: graph.Node) -> Drawn:
        """A placed item with the state of its jobs."""
        node, legs, key = self._behind[place.item.key]
        shown = appearance.worst(appearance.of(job) for job in legs) if legs else appearance.look("waiting", None)
        listed = self._listed(place, legs) if place.item.rows else ()
        took = _took(legs, shown)
        return Drawn(
            place,
            _short(place.item.title, 22 if took.text else 28),
            _short(place.item.detail, _DETAIL),
            took,
            shown,
            next((one for one in legs if appearance.of(one) == shown), None),
            node,
            key,
            toggle=unfolding.toggle("graph", node.pk, self.opened) if len(legs) > 1 else "",
            legs=listed,
            more=len(legs) - len(listed) if listed else 0,
        )

    def _is_call(self, node: JobNode) -> bool:
        return bool(node.calls) and any((node.pk, leg) in self._children for leg in range(len(node.calls)))

    def _is_box(self, node: JobNode) -> bool:
        return self.boxed and self._is_call(node)

    def _keys(self, node: JobNode) -> list[str]:
        """Keys of the items that a node becomes."""
        return [f"{node.key}.{leg}" for leg in range(len(node.calls))] if self._is_box(node) else [node.key]

    def _below(self, node: JobNode) -> list[Job]:
        """The jobs of a node, and of what it calls."""
        found = list(self._jobs.get(node.pk, ()))
        for leg in range(len(node.calls)):
            for child in self._children.get((node.pk, leg), ()):
                found += self._below(child)
        return found

    def _item(self, node: JobNode, needs: tuple[str, ...], prefix: str) -> graph.Item:
        legs, key = self._below(node), node.key.rpartition("/")[2]
        self._behind[node.key] = (node, legs, key)
        many = len(legs) > 1 or bool(node.calls)
        title = f"{key} × {len(legs)}" if many else (legs[0].name.removeprefix(prefix) if legs else key)
        rows = min(len(legs), MOST_LEGS) + (len(legs) > MOST_LEGS) if node.pk in self.opened and len(legs) > 1 else 0
        return graph.Item(node.key, needs, title, _detail(legs) if many else "", rows)

    def _listed(self, place: graph.Node, legs: Sequence[Job]) -> tuple[Leg, ...]:
        top = place.y + place.item.head
        shown = job_groups.by_state(legs)[:MOST_LEGS]
        rows = []
        for number, job in enumerate(shown):
            look = appearance.of(job)
            took = _took([job], look)
            rows.append(Leg(job, look, _short(job.name, 21 if took.text else 26), took, top + number * graph.LEG))
        return tuple(rows)


def _detail(legs: Sequence[Job]) -> str:
    """``4 of 6 passed · 2 failed``; shorter where that is too long for the node."""
    looks = [appearance.of(job) for job in legs]
    counted = Counter(look.word.lower() for look in looks)
    passed = counted.pop("success", 0)
    rest = [f"{number} {word}" for word, number in counted.items()]
    whole = " · ".join([f"{passed} of {len(legs)} passed", *rest])
    return whole if len(whole) <= _DETAIL else " · ".join([f"{passed} passed", *rest])


def _took(legs: Sequence[Job], shown: appearance.Look) -> Took:
    """From the first one's start to the last one's end."""
    starts = [one.started_at for one in legs if one.started_at]
    if not starts or shown.key == "skipped":
        return Took()
    ends = [one.completed_at for one in legs]
    last = max((end for end in ends if end), default=None) if all(ends) else None
    return Took(clock.between(min(starts), last), "" if last else clock.iso(min(starts)))


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
