"""How much one query may ask, measured before anything of it is looked up or even validated.

The text is limited first, then what it comes to when its fragments are written out: each limit ends the counting, so
that measuring costs no more than the limits allow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    StringValueNode,
    VariableNode,
    Visitor,
    get_named_type,
    parse,
    visit,
)

from forge.api.graphql.connections import MOST

#: Characters of the text, and tokens (words, numbers, signs) in it.
TEXT, TOKENS = 100_000, 6_000
#: Operations and fragments.
DEFINITIONS = 50
#: Selections when all fragments are written out, and how deep they stand in each other.
SELECTIONS, DEPTH = 1_500, 25
#: How often a name stands again beside itself: to see whether the two mean the same, all below them is compared.
REPETITIONS = 50
#: Values in the answer, counted with full pages; of a query about the schema.
VALUES, SCHEMA_VALUES = 30_000, 20_000
#: Lists of rows, each of which asks the database.
LISTS = 10
#: Changes in one query.
CHANGES = 5

#: How many values stand below one field about the schema, on the average of all types; a type that is asked for by its
#: name may be the largest.
_IN_SCHEMA: dict[str, float] = {"types": 80, "__type": 25, "fields": 4, "directives": 5, "args": 1}
_IN_SCHEMA |= dict.fromkeys(("enumValues", "inputFields", "interfaces", "possibleTypes", "ofType"), 0.5)
#: Those that the database is asked for; all others are empty.
_LISTS = ("RepositoryConnection", "OrganizationConnection", "SearchResultItemConnection")
_NUL = re.compile(r"\\u\{?0")


class TooMuch(GraphQLError):
    """A query beyond one of the limits; the message names it."""


@dataclass
class Measured:
    """What a query comes to, and the repositories that it names at its root."""

    selections: int = 0
    values: float = 0
    lists: float = 0
    names: set[tuple[str, str]] = field(default_factory=set)


def read(text: str) -> DocumentNode:
    """The parsed text; GraphQLError for what is none, is too long, or is nested too deeply to be read."""
    if len(text) > TEXT:
        raise TooMuch(f"The query is too long: {TEXT} characters at most")
    try:
        document = parse(text, max_tokens=TOKENS)
    except RecursionError:
        raise TooMuch("The query is nested too deeply") from None
    if len(document.definitions) > DEFINITIONS:
        raise TooMuch(f"The query has too many operations and fragments: {DEFINITIONS} at most")
    if _NUL.search(text):
        visit(document, _NoNul())
    return document


def check_size(document: DocumentNode) -> None:
    """``TooMuch`` when its operations, fragments written out, select too much or stand too deep: validating such a
    text would take long already."""
    measuring = _Measuring(None, _fragments(document), {})
    for one in document.definitions:
        if isinstance(one, OperationDefinitionNode):
            measuring.walk(one.selection_set)


def measure(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Measured:
    """What one operation comes to; ``TooMuch`` as soon as that is beyond a limit."""
    root = schema.get_root_type(operation.operation)
    measuring = _Measuring(schema, _fragments(document), _with_defaults(operation, variables))
    measuring.selection(operation.selection_set, root, 1, 1)
    changes = operation.operation is OperationType.MUTATION
    if changes and sum(1 for _ in measuring.fields(operation.selection_set, root, 1)) > CHANGES:
        raise TooMuch(f"The query makes too many changes: {CHANGES} at most")
    return measuring.found


class _Measuring:
    """The walk over one operation."""

    def __init__(
        self,
        schema: GraphQLSchema | None,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
    ) -> None:
        self._types = schema.type_map if schema is not None else {}
        self._query = schema.query_type if schema is not None else None
        self._fragments, self._variables = fragments, variables
        self._repetitions = 0
        self.found = Measured()

    def walk(self, chosen: SelectionSetNode, depth: int = 1) -> None:
        """Count selections, depth and repetitions alone."""
        names = set()
        for node, _ in self.fields(chosen, None, depth):
            name = (node.alias or node.name).value
            self._repetitions += name in names
            if self._repetitions > REPETITIONS:
                raise TooMuch(f"The query repeats too many names: {REPETITIONS} at most")
            names.add(name)
            if node.selection_set is not None:
                self.walk(node.selection_set, depth + 1)

    def selection(self, chosen: SelectionSetNode, on: GraphQLNamedType | None, times: float, depth: int) -> None:
        """Everything below one pair of braces, which stands ``times`` times in the answer."""
        for node, parent in self.fields(chosen, on, depth):
            self._field(node, parent, times, depth)

    def fields(
        self, chosen: SelectionSetNode, on: GraphQLNamedType | None, depth: int
    ) -> Iterator[tuple[FieldNode, GraphQLNamedType | None]]:
        """The fields of a selection with the type on which they stand, fragments written out."""
        if depth > DEPTH:
            raise TooMuch(f"The query is nested too deeply: {DEPTH} levels at most")
        for node in chosen.selections:
            self.found.selections += 1
            if self.found.selections > SELECTIONS:
                raise TooMuch(f"The query selects too much: {SELECTIONS} fields at most, fragments written out")
            if isinstance(node, FieldNode):
                yield node, on
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition.name.value if node.type_condition else ""
                yield from self.fields(node.selection_set, self._types.get(condition) or on, depth + 1)
            elif isinstance(node, FragmentSpreadNode) and (found := self._fragments.get(node.name.value)):
                of = self._types.get(found.type_condition.name.value)
                yield from self.fields(found.selection_set, of, depth + 1)

    def _field(self, node: FieldNode, on: GraphQLNamedType | None, times: float, depth: int) -> None:
        name = node.name.value
        of = self._type_of(on, name)
        about_schema = name.startswith("__") or (on is not None and on.name.startswith("__"))
        self._count(times, SCHEMA_VALUES if about_schema else VALUES)
        if on is not None and on is self._query and name == "repository":
            self._remember(node)
        if of is not None and of.name in _LISTS:
            self.found.lists += times
            if self.found.lists > LISTS:
                raise TooMuch(f"The query asks for too many lists: {LISTS} at most, those within lists counted singly")
            times *= self._page(node)
        elif about_schema:
            times *= _IN_SCHEMA.get(name, 1)
        if node.selection_set is not None:
            self.selection(node.selection_set, of, times, depth + 1)

    def _count(self, times: float, most: int) -> None:
        self.found.values += times
        if self.found.values > most:
            raise TooMuch(f"The query asks for too much: {most} values at most, counted with full pages")

    def _type_of(self, on: GraphQLNamedType | None, name: str) -> GraphQLNamedType | None:
        if isinstance(on, GraphQLObjectType | GraphQLInterfaceType) and name in on.fields:
            return get_named_type(on.fields[name].type)
        if name in ("__schema", "__type"):
            return self._types.get("__" + name[2:].capitalize())
        return None

    def _page(self, node: FieldNode) -> int:
        sizes = [self._value(one.value) for one in node.arguments or () if one.name.value in ("first", "last")]
        return max([1, *(min(MOST, one) if isinstance(one, int) else MOST for one in sizes)])

    def _remember(self, node: FieldNode) -> None:
        given = {one.name.value: self._value(one.value) for one in node.arguments or ()}
        owner, name = given.get("owner"), given.get("name")
        if isinstance(owner, str) and isinstance(name, str):
            self.found.names.add((owner, name))

    def _value(self, node: Any) -> Any:
        """What an argument's value is worth here; None for what plays no part."""
        if isinstance(node, VariableNode):
            return self._variables.get(node.name.value)
        if isinstance(node, IntValueNode):
            return int(node.value) if len(node.value) < 10 else MOST
        return node.value if isinstance(node, StringValueNode) else None


class _NoNul(Visitor):
    """NUL stands in no name, and PostgreSQL fails on it."""

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        """Refuse it."""
        if "\0" in node.value:
            raise GraphQLError("A text in the query holds a NUL character", node)


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}


def _with_defaults(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    defaults = {
        one.variable.name.value: one.default_value.value
        for one in operation.variable_definitions or ()
        if isinstance(one.default_value, StringValueNode)
    }
    return {**defaults, **variables}
