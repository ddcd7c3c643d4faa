"""The graph of a run's jobs: columns by what they need, curves between, ready to be drawn as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

WIDTH, HEIGHT, TALL = 208, 44, 66
COLUMN_GAP, ROW_GAP, MARGIN = 32, 20, 8
#: Of a box around nodes: what its name takes. Of an open node: a row of its list, and what is left free below.
HEAD, LEG, FOOT = 28, 24, 8
#: Above this the list alone is shown.
MOST_NODES = 40


@dataclass(frozen=True)
class Item:
    """What is drawn for one job key: ``detail`` (matrix) makes the node taller, and so do ``rows`` below it. With
    ``inner`` it is a box around that."""

    key: str
    needs: tuple[str, ...]
    title: str
    detail: str = ""
    rows: int = 0
    inner: Drawing | None = None

    @property
    def width(self) -> int:
        """In pixels."""
        return self.inner.width if self.inner else WIDTH

    @property
    def height(self) -> int:
        """In pixels."""
        if self.inner:
            return HEAD + self.inner.height
        return self.head + (self.rows * LEG + FOOT if self.rows else 0)

    @property
    def head(self) -> int:
        """What title and detail take of the height."""
        return TALL if self.detail else HEIGHT


@dataclass(frozen=True)
class Node:
    """An item with its place, in pixels."""

    item: Item
    x: int
    y: int

    @property
    def width(self) -> int:
        """Of its item."""
        return self.item.width

    @property
    def height(self) -> int:
        """Of its item."""
        return self.item.height

    @property
    def middle(self) -> int:
        """The y of its edges' ends."""
        return self.y + (self.height if self.item.inner else self.item.head) // 2


@dataclass(frozen=True)
class Edge:
    """A curve from the right side of a node to the left side of another."""

    x1: int
    y1: int
    x2: int
    y2: int

    @property
    def path(self) -> str:
        """As SVG has it."""
        half = (self.x1 + self.x2) // 2
        return f"M{self.x1} {self.y1}C{half} {self.y1} {half} {self.y2} {self.x2} {self.y2}"


@dataclass(frozen=True)
class Drawing:
    """Nodes, edges and the size of it all."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    width: int
    height: int


def draw(items: Sequence[Item]) -> Drawing:
    """Lay the items out. What is needed and unknown counts for nothing."""
    needs = _direct({item.key: item.needs for item in items})
    columns = _columns(items, needs)
    placed = {node.item.key: node for node in _place(columns)}
    edges = tuple(_edge(placed[need], node) for key, node in placed.items() for need in needs[key])
    right = max((node.x + node.width for node in placed.values()), default=MARGIN)
    bottom = max((node.y + node.height for node in placed.values()), default=0)
    return Drawing(tuple(placed.values()), edges, right + MARGIN, bottom + MARGIN)


def flat(drawing: Drawing, right: int = 0, down: int = 0) -> tuple[list[Node], list[Edge]]:
    """Everything in it with its place in the whole: a box before what stands in it."""
    nodes: list[Node] = []
    edges = [Edge(one.x1 + right, one.y1 + down, one.x2 + right, one.y2 + down) for one in drawing.edges]
    for node in drawing.nodes:
        moved = replace(node, x=node.x + right, y=node.y + down)
        nodes.append(moved)
        if node.item.inner:
            inside, between = flat(node.item.inner, moved.x, moved.y + HEAD)
            nodes += inside
            edges += between
    return nodes, edges


def _direct(needs: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Without the edges that a longer way says already."""
    above = {key: _ancestors(key, needs) for key in needs}
    known = {key: [need for need in dict.fromkeys(found) if need in needs] for key, found in needs.items()}
    return {
        key: tuple(need for need in found if not any(need in above[other] for other in found))
        for key, found in known.items()
    }


def _ancestors(key: str, needs: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    todo = [need for need in needs.get(key, ()) if need in needs]
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo += [need for need in needs[one] if need in needs]
    return found


def _columns(items: Sequence[Item], needs: Mapping[str, Sequence[str]]) -> list[list[Item]]:
    """Items by their longest way from a start, each column in the order of the middles of what it needs."""
    level: dict[str, int] = {}
    for item in items:  # one pass for each place in the longest chain at most; a cycle ends it too
        level[item.key] = 0
    for _ in items:
        moved = {key: max((level[need] + 1 for need in found), default=0) for key, found in needs.items()}
        if moved == level or max(moved.values(), default=0) >= len(items):
            break
        level = moved
    columns: list[list[Item]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for item in items:
        columns[level[item.key]].append(item)
    place: dict[str, float] = {}
    for column in columns:
        column.sort(key=lambda item: _mean([place[need] for need in needs[item.key] if need in place]))
        place.update({item.key: float(row) for row, item in enumerate(column)})
    return [column for column in columns if column]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _place(columns: Sequence[Sequence[Item]]) -> list[Node]:
    nodes, x = [], MARGIN
    for column in columns:
        y = MARGIN
        for item in column:
            nodes.append(Node(item, x, y))
            y += item.height + ROW_GAP
        x += max(item.width for item in column) + COLUMN_GAP
    return nodes


def _edge(start: Node, end: Node) -> Edge:
    return Edge(start.x + start.width, start.middle, end.x, end.middle)
