"""One job to its combinations, by the rules of GitHub's matrix.

Vectors multiply in file order, the last varying fastest; ``exclude`` takes combinations away; each
``include`` whose vector keys all fit a combination adds its other keys to it, one that fits none becomes
a combination of its own. Keys and texts are compared as expressions compare them: without case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from workflows.errors import InvalidMatrix
from workflows.expressions.values import equals, fold, is_primitive, to_text

#: GitHub's limit of jobs from one matrix.
MOST_COMBINATIONS = 256
#: Combinations that are looked at before ``exclude``.
_MOST_PRODUCTS = 16 * MOST_COMBINATIONS
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Combination:
    """One leg: its ``matrix`` context, and what its name shows of it."""

    values: Mapping[str, object]
    segments: tuple[str, ...] = ()


@dataclass
class _Filter:
    """An item of ``include`` or ``exclude``: what must fit, and what it adds."""

    wanted: dict[str, object] = field(default_factory=dict)
    extra: dict[str, object] = field(default_factory=dict)
    used: bool = False


def expand(matrix: Mapping[str, object]) -> tuple[Combination, ...]:
    """Every combination of an evaluated matrix, in GitHub's order; InvalidMatrix when there can be none."""
    vectors = {key: _vector(key, value) for key, value in matrix.items() if fold(key) not in ("INCLUDE", "EXCLUDE")}
    names = {fold(key): key for key in vectors}
    includes = [_include(item, names) for item in _mappings(matrix, "include")]
    excludes = [_exclude(item, names) for item in _mappings(matrix, "exclude")]
    found: list[Combination] = []
    for values in _products(vectors):
        if any(_fits(exclude, values) for exclude in excludes):
            continue
        found.append(Combination({**values, **_extra(includes, values)}, tuple(_segments(values))))
    for include in includes:
        if not include.used:
            values = {**include.wanted, **include.extra}
            found.append(Combination(values, tuple(_segments(values))))
    if not found:
        raise InvalidMatrix("The matrix does not contain any combinations")
    if len(found) > MOST_COMBINATIONS:
        raise InvalidMatrix(f"The matrix has {len(found)} combinations; at most {MOST_COMBINATIONS} are allowed")
    return tuple(found)


def display_name(name: str, segments: Sequence[str] = ()) -> str:
    """``job (v1, v2)``, cut to 100 characters."""
    whole = f"{name} ({', '.join(segments)})" if segments else name
    return whole if len(whole) <= _LONGEST_NAME else whole[: _LONGEST_NAME - 3] + "..."


def _products(vectors: Mapping[str, list[object]]) -> Iterator[dict[str, object]]:
    """The product of the vectors; nothing when there are none."""
    size = 1
    for vector in vectors.values():
        size *= len(vector)
    if size > _MOST_PRODUCTS:
        raise InvalidMatrix(f"The matrix has {size} combinations; at most {MOST_COMBINATIONS} are allowed")
    if vectors:
        for values in product(*vectors.values()):
            yield dict(zip(vectors, values, strict=True))


def _vector(key: str, value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise InvalidMatrix(f"Matrix vector '{key}' is not a list")
    if not value:
        raise InvalidMatrix(f"Matrix vector '{key}' does not contain any values")
    return list(value)


def _mappings(matrix: Mapping[str, object], name: str) -> Iterator[Mapping[str, object]]:
    for key, value in matrix.items():
        if key.lower() != name or value is None:
            continue
        if not isinstance(value, list | tuple):
            raise InvalidMatrix(f"Matrix {name} is not a list")
        for item in value:
            if not isinstance(item, Mapping):
                raise InvalidMatrix(f"Matrix {name} has an item that is not a mapping")
            yield item


def _include(item: Mapping[str, object], names: Mapping[str, str]) -> _Filter:
    if not item:
        raise InvalidMatrix("Matrix include mapping does not contain any values")
    made = _Filter()
    for key, value in item.items():
        if fold(key) in names:
            made.wanted[names[fold(key)]] = value
        else:
            made.extra[key] = value
    return made


def _exclude(item: Mapping[str, object], names: Mapping[str, str]) -> _Filter:
    if not item:
        raise InvalidMatrix("Matrix exclude filter must not be empty")
    for key in item:
        if fold(key) not in names:
            raise InvalidMatrix(f"Matrix exclude key '{key}' does not match any key within the matrix")
    return _Filter({names[fold(key)]: value for key, value in item.items()})


def _extra(includes: Sequence[_Filter], values: Mapping[str, object]) -> dict[str, object]:
    """What the includes add to a combination; a later one wins."""
    extra: dict[str, object] = {}
    for include in includes:
        if _fits(include, values):
            include.used = True
            for key, value in include.extra.items():
                extra[next((known for known in extra if fold(known) == fold(key)), key)] = value
    return extra


def _fits(wanted: _Filter, values: Mapping[str, object]) -> bool:
    return all(_same(value, values[key]) for key, value in wanted.wanted.items())


def _same(wanted: object, given: object) -> bool:
    """Every leaf that is wanted is there with an equal value; what else is there does not matter."""
    if isinstance(wanted, Mapping):
        return all(_same(value, _member(given, key)) for key, value in wanted.items())
    if isinstance(wanted, list | tuple):
        items = given if isinstance(given, list | tuple) else ()
        return all(_same(item, items[at] if at < len(items) else None) for at, item in enumerate(wanted))
    return equals(given, wanted)


def _member(given: object, key: str) -> object:
    if not isinstance(given, Mapping):
        return None
    return next((value for name, value in given.items() if fold(name) == fold(key)), None)


def _segments(value: object) -> Iterator[str]:
    """The leaves of a combination as texts, depth first; empty ones show nothing."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _segments(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _segments(item)
    elif is_primitive(value) and to_text(value):
        yield to_text(value)
