"""``strategy:`` to a strategy, its matrix held against its own rules where it has no expressions."""

from __future__ import annotations

from workflows import matrix as matrices
from workflows.errors import InvalidMatrix
from workflows.expressions.values import fold
from workflows.model import Strategy
from workflows.parser import read
from workflows.parser.check import is_expression, text_of
from workflows.parser.findings import Findings
from workflows.source import Mapping, Node, Scalar, Sequence

_EMPTY = {
    "include": "Matrix include mapping does not contain any values",
    "exclude": "Matrix exclude filter must not be empty",
}


def strategy(node: Node | None, findings: Findings) -> Strategy | str | None:
    """The strategy as written, or the one expression that stands for it; None without one."""
    if isinstance(node, Scalar) and is_expression(node):
        return text_of(node)
    if not isinstance(node, Mapping):
        return None
    return Strategy(
        matrix=_matrix(node.get("matrix"), findings),
        fail_fast=read.flag(node.get("fail-fast"), default=True),
        max_parallel=_max_parallel(node.get("max-parallel"), findings),
    )


def _max_parallel(node: Node | None, findings: Findings) -> int | str | None:
    given = read.number(node)
    if node is None or given is None or isinstance(given, str):
        return given if isinstance(given, str) else None
    if not given.is_integer() or given < 1:
        findings.error(node.position, "'max-parallel' must be a whole number greater than 0")
        return None
    return int(given)


def _matrix(node: Node | None, findings: Findings) -> dict[str, object] | str | None:
    if isinstance(node, Scalar):
        return text_of(node) if is_expression(node) else None
    if not isinstance(node, Mapping):
        return None
    clean = all([_check_vectors(node, findings), _check_filters(node, findings)])
    as_data = {name: read.plain(value) for name, value in read.own_entries(node)}
    if clean and not read.has_expression(node) and findings.afford(_effort(as_data)):
        try:
            matrices.expand(as_data)
        except InvalidMatrix as error:
            findings.error(node.position, str(error))
    return as_data


def _effort(matrix: dict[str, object]) -> int:
    """How many comparisons it takes to expand a matrix; 0 when nothing can be wrong with it."""
    legs, filters = 1, 0
    for name, items in matrix.items():
        if not isinstance(items, list):
            continue
        if name in _EMPTY:
            filters += len(items)
        else:
            legs *= len(items)
    return legs * (1 + filters) if filters or legs > matrices.MOST_COMBINATIONS else 0


def _check_vectors(node: Mapping, findings: Findings) -> bool:
    """No vector may be empty. False also for what the schema check has refused already."""
    clean = True
    for key, value in node.entries:
        if text_of(key) in _EMPTY or is_expression(value):
            continue
        if not isinstance(value, Sequence):
            clean = False
        elif not value.items:
            findings.error(value.position, f"Matrix vector '{text_of(key)}' does not contain any values")
            clean = False
    return clean


def _check_filters(node: Mapping, findings: Findings) -> bool:
    """Filters are not empty, and exclude what is there to be excluded."""
    vectors = {fold(text_of(key)) for key, _ in node.entries if text_of(key) not in _EMPTY}
    clean = True
    for name in _EMPTY:
        filters = node.get(name)
        for item in filters.items if isinstance(filters, Sequence) else ():
            if not isinstance(item, Mapping):
                clean = False
            elif not item.entries:
                what = "include mapping does not contain any values"
                findings.error(
                    item.position, f"Matrix {'exclude filter must not be empty' if name == 'exclude' else what}"
                )
                clean = False
            elif name == "exclude":
                clean = _check_exclude(item, vectors, findings) and clean
    return clean


def _check_exclude(item: Mapping, vectors: set[str], findings: Findings) -> bool:
    clean = True
    for key, _ in item.entries:
        if not is_expression(key) and fold(text_of(key)) not in vectors:
            message = f"Matrix exclude key '{text_of(key)}' does not match any key within the matrix"
            findings.error(key.position, message)
            clean = False
    return clean
