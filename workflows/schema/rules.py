"""The vocabulary of the schema: what may stand at a place of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from workflows.schema.contexts import Context


@dataclass(frozen=True)
class Key:
    """A key of a mapping: what its value may be, and whether it must be there."""

    place: Place
    required: bool = False


@dataclass(frozen=True)
class Shape:
    """One form of mapping: named keys, or any keys (``loose``) with one kind of value, or both."""

    keys: Mapping[str, Key] = field(default_factory=dict)
    loose: Place | None = None
    hinted: bool = True  # its keys are offered when nothing tells which of several forms is meant
    unknown_is_warning: bool = False  # GitHub ignores unknown keys here

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The keys that must be there, in the order of the schema."""
        return tuple(name for name, key in self.keys.items() if key.required)


@dataclass(frozen=True)
class Place:
    """What may stand somewhere: any of the forms that are set.

    ``context`` None inherits from the place around it; without any, expressions are refused. Where there is one, an
    expression may also stand for a whole mapping or list.
    """

    text: bool = False
    non_empty: bool = False
    words: tuple[str, ...] = ()  # the only texts allowed, when given
    null: bool = False
    flag: bool = False
    number: bool = False
    items: Place | None = None
    shapes: tuple[Shape, ...] = ()
    anything: bool = False
    condition: bool = False  # an expression also without ${{ }}
    context: Context | None = None


def text(context: Context | None = None, *, non_empty: bool = False) -> Place:
    """Any text; numbers and booleans count as the text that they print as."""
    return Place(text=True, non_empty=non_empty, context=context)


def words(*allowed: str) -> Place:
    """One of a few texts."""
    return Place(text=True, words=allowed)


def flag(context: Context | None = None) -> Place:
    """true or false."""
    return Place(flag=True, context=context)


def number(context: Context | None = None) -> Place:
    """A number."""
    return Place(number=True, context=context)


def condition(context: Context) -> Place:
    """An ``if``: an expression with or without ``${{ }}``."""
    return Place(text=True, condition=True, context=context)


def many(item: Place) -> Place:
    """A list."""
    return Place(items=item)


def one_or_many(item: Place) -> Place:
    """One, or a list of them."""
    return replace(item, items=item)


def shape(context: Context | None = None, /, **keys: Key | Place) -> Place:
    """A mapping with these keys; ``_`` in a name stands for ``-``."""
    return Place(shapes=(form(**keys),), context=context)


def form(**keys: Key | Place) -> Shape:
    """One form of mapping; a bare place is an optional key."""
    return Shape({name.replace("_", "-"): _key(key) for name, key in keys.items()})


def table(value: Place, context: Context | None = None) -> Place:
    """A mapping with keys of the author's own."""
    return Place(shapes=(Shape(loose=value),), context=context)


def required(place: Place) -> Key:
    """A key that must be there."""
    return Key(place, required=True)


def or_null(place: Place) -> Place:
    """The same, or nothing."""
    return replace(place, null=True)


def _key(key: Key | Place) -> Key:
    return key if isinstance(key, Key) else Key(key)
