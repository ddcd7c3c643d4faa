"""One job to its combinations, by the rules of GitHub's matrix.

Vectors multiply in file order, the last varying fastest; ``exclude`` takes combinations away; each
``include`` whose vector keys all fit a combination adds its other keys to it, one that fits none becomes
a combination of its own. Keys and texts are compared as expressions compare them: without case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod

from workflows.errors import InvalidMatrix
from workflows.expressions.values import equals, fold, is_primitive, to_text

#: GitHub's limit of jobs from one matrix.
MOST_COMBINATIONS = 256
#: Combinations that are looked at before ``exclude``.
_MOST_PRODUCTS = 16 * MOST_COMBINATIONS
#: Leaves of filters times combinations: how much is compared at most.
_MOST_COMPARISONS = 500_000
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Combination:
    """One leg: its ``matrix`` context, and what its name shows of it."""

    values: Mapping[str, object]
    segments: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Value:
    """An item of a vector, and the same with folded keys, as filters look at it."""

    plain: object
    folded: object


@dataclass
class _Filter:
    """An item of ``include`` or ``exclude``: what must fit, and what it adds."""

    wanted: dict[str, _Value] = field(default_factory=dict)
    extra: dict[str, object] = field(default_factory=dict)
    used: bool = False


def expand(matrix: Mapping[str, object]) -> tuple[Combination, ...]:
    """Every combination of an evaluated matrix, in GitHub's order; InvalidMatrix when there can be none."""
    vectors = {key: _vector(key, value) for key, value in matrix.items() if fold(key) not in ("INCLUDE", "EXCLUDE")}
    names = {fold(key): key for key in vectors}
    includes = [_include(item, names) for item in _mappings(matrix, "include")]
    excludes = [_exclude(item, names) for item in _mappings(matrix, "exclude")]
    _check_work(vectors, [*includes, *excludes])
    found: list[Combination] = []
    for items in product(*vectors.values()) if vectors else ():
        leg = dict(zip(vectors, items, strict=True))
        if not any(_fits(exclude, leg) for exclude in excludes):
            found.append(_combination(leg, _extra(includes, leg)))
    found.extend(_combination(include.wanted, include.extra, named=True) for include in includes if not include.used)
    if not found:
        raise InvalidMatrix("The matrix does not contain any combinations")
    if len(found) > MOST_COMBINATIONS:
        raise InvalidMatrix(f"The matrix has {len(found)} combinations; at most {MOST_COMBINATIONS} are allowed")
    return tuple(found)


def display_name(name: str, segments: Sequence[str] = ()) -> str:
    """``job (v1, v2)``, cut to 100 characters."""
    whole = f"{name} ({', '.join(segments)})" if segments else name
    return whole if len(whole) <= _LONGEST_NAME else whole[: _LONGEST_NAME - 3] + "..."


def _combination(leg: Mapping[str, _Value], extra: Mapping[str, object], *, named: bool = False) -> Combination:
    """A leg's values and name; ``named``: the name shows the extra values as well."""
    values = {key: value.plain for key, value in leg.items()}
    whole = {**values, **extra}
    return Combination(whole, tuple(_segments(whole if named else values)))


def _check_work(vectors: Mapping[str, list[_Value]], filters: Sequence[_Filter]) -> None:
    """Refuse what would take long to multiply and to compare."""
    size = prod(map(len, vectors.values()))
    if size > _MOST_PRODUCTS:
        raise InvalidMatrix(f"The matrix has {size} combinations; at most {MOST_COMBINATIONS} are allowed")
    leaves = sum(_leaves(value.plain) for one in filters for value in one.wanted.values())
    extras = sum(len(one.extra) for one in filters)
    if size * (leaves + extras + len(filters)) > _MOST_COMPARISONS:
        raise InvalidMatrix("The matrix has too many include and exclude filters for its size")


def _leaves(value: object) -> int:
    if isinstance(value, Mapping):
        return 1 + sum(map(_leaves, value.values()))
    return 1 + sum(map(_leaves, value)) if isinstance(value, list | tuple) else 1


def _folded(value: object) -> object:
    """The value with its keys folded, the first of two spellings winning."""
    if isinstance(value, Mapping):
        return {fold(key): _folded(value[key]) for key in reversed(list(value))}
    return [_folded(item) for item in value] if isinstance(value, list | tuple) else value


def _vector(key: str, value: object) -> list[_Value]:
    if not isinstance(value, list | tuple):
        raise InvalidMatrix(f"Matrix vector '{key}' is not a list")
    if not value:
        raise InvalidMatrix(f"Matrix vector '{key}' does not contain any values")
    return [_Value(item, _folded(item)) for item in value]


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
            made.wanted[names[fold(key)]] = _Value(value, _folded(value))
        else:
            made.extra[key] = value
    return made


def _exclude(item: Mapping[str, object], names: Mapping[str, str]) -> _Filter:
    if not item:
        raise InvalidMatrix("Matrix exclude filter must not be empty")
    for key in item:
        if fold(key) not in names:
            raise InvalidMatrix(f"Matrix exclude key '{key}' does not match any key within the matrix")
    return _Filter({names[fold(key)]: _Value(value, _folded(value)) for key, value in item.items()})


def _extra(includes: Sequence[_Filter], leg: Mapping[str, _Value]) -> dict[str, object]:
    """What the includes add to a combination; a later one wins."""
    extra: dict[str, object] = {}
    spelling: dict[str, str] = {}
    for include in includes:
        if _fits(include, leg):
            include.used = True
            for key, value in include.extra.items():
                extra[spelling.setdefault(fold(key), key)] = value
    return extra


def _fits(one: _Filter, leg: Mapping[str, _Value]) -> bool:
    """True for a filter without vector keys as well."""
    return all(_same(value.folded, leg[key].folded) for key, value in one.wanted.items())


def _same(wanted: object, given: object) -> bool:
    """Every leaf that is wanted is there with an equal value; what else is there does not matter."""
    if isinstance(wanted, dict):
        there = given if isinstance(given, dict) else {}
        return all(_same(value, there.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        items = given if isinstance(given, list) else []
        return all(_same(item, items[at] if at < len(items) else None) for at, item in enumerate(wanted))
    return equals(given, wanted)


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
