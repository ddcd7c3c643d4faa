"""The graph of a run's jobs: columns by what they need, curves between, ready to be drawn as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, TALL = 208, 44, 66
COLUMN_GAP, ROW_GAP, MARGIN = 64, 20, 8
#: Above this the list alone is shown.
MOST_NODES = 40


@dataclass(frozen=True)
class Item:
    """What is drawn for one job key: ``detail`` (matrix) makes the node taller."""

    key: str
    needs: tuple[str, ...]
    title: str
    detail: str = ""


@dataclass(frozen=True)
class Node:
    """An item with its place, in pixels."""

    item: Item
    x: int
    y: int
    height: int

    @property
    def middle(self) -> int:
        """The y of its edges' ends."""
        return self.y + self.height // 2


@dataclass(frozen=True)
class Drawing:
    """Nodes, curves (SVG paths) and the size of it all."""

    nodes: tuple[Node, ...]
    edges: tuple[str, ...]
    width: int
    height: int


def draw(items: Sequence[Item]) -> Drawing:
    """Lay the items out. What is needed and unknown counts for nothing."""
    needs = _direct({item.key: item.needs for item in items})
    columns = _columns(items, needs)
    placed = {node.item.key: node for node in _place(columns)}
    edges = tuple(_curve(placed[need], node) for key, node in placed.items() for need in needs[key])
    bottom = max((node.y + node.height for node in placed.values()), default=0)
    width = 2 * MARGIN + len(columns) * WIDTH + max(len(columns) - 1, 0) * COLUMN_GAP
    return Drawing(tuple(placed.values()), edges, width, bottom + MARGIN)


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
    nodes = []
    for number, column in enumerate(columns):
        y = MARGIN
        for item in column:
            height = TALL if item.detail else HEIGHT
            nodes.append(Node(item, MARGIN + number * (WIDTH + COLUMN_GAP), y, height))
            y += height + ROW_GAP
    return nodes


def _curve(start: Node, end: Node) -> str:
    x1, x2 = start.x + WIDTH, end.x
    half = (x1 + x2) // 2
    return f"M{x1} {start.middle}C{half} {start.middle} {half} {end.middle} {x2} {end.middle}"
