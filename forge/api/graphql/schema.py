"""The schema: the words of ``schema.graphql``, answered by the attributes of our classes."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
)

from forge.repos.shapes import time

_WORD = re.compile(r"(?<!^)[A-Z]")


@cache
def schema() -> GraphQLSchema:
    """Built once a process, when it is first asked for."""
    made = build_schema((Path(__file__).parent / "schema.graphql").read_text())
    for kind in made.type_map.values():
        if kind.name.startswith("__"):
            continue
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kind.resolve_type = _type_of
        if isinstance(kind, GraphQLInputObjectType):
            for name, of_input in kind.fields.items():
                of_input.out_name = snake(name)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for one in kind.fields.values():
                for name, argument in one.args.items():
                    argument.out_name = snake(name)
    moment = made.get_type("DateTime")
    assert isinstance(moment, GraphQLScalarType)
    moment.serialize = _moment  # type: ignore[method-assign]  # graphql-core's own way to give a scalar its verbs
    return made


@cache
def snake(name: str) -> str:
    """GitHub's ``nameWithOwner`` as ours, ``name_with_owner``."""
    return _WORD.sub(lambda found: "_" + found[0], name).lower()


def resolve(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    """The value of any field: an attribute, or what a method answers to the arguments."""
    value = getattr(source, snake(info.field_name))
    return value(**arguments) if callable(value) else value


def _type_of(value: Any, *_: Any) -> str:
    return str(value.type_name)


def _moment(value: datetime) -> str | None:
    return time(value)
