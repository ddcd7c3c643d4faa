"""POST /api/graphql: what gh asks there, run by graphql-core."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from graphql import DocumentNode, ExecutionResult, GraphQLError, execute_sync, get_operation_ast, validate
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from forge.accounts.needs import ANY
from forge.api.addresses import base_url
from forge.api.declared import DeclaredView
from forge.api.graphql import errors, limits
from forge.api.graphql.asker import Asker
from forge.api.graphql.root import Root
from forge.api.graphql.schema import resolve, schema
from forge.errors import Forbidden

#: Of the errors that a query has, so many are told.
_ERRORS = 20
#: Texts up to this length are kept parsed: clients send the same few over and over.
_KEPT = 10_000


class GraphqlView(DeclaredView):
    """POST /api/graphql. It is open to every credential; each field asks for the rights that it needs."""

    permission = ANY

    @extend_schema(operation_id="graphql", responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """Run a query of GitHub's GraphQL, as far as the command gh needs it."""
        if self.actor.is_anonymous:
            raise Forbidden("This endpoint requires you to be authenticated.")
        text, variables, name = _read(request.data)
        asker = Asker(self.actor, base_url(request._request), getattr(request._request, "rate", None))
        result = run(text, variables, name, asker)
        shown: dict[str, Any] = {} if result.data is None and result.errors else {"data": result.data}
        if result.errors:
            shown["errors"] = [errors.shape(one) for one in result.errors]
        return Response(shown)


def run(text: str, variables: dict[str, Any], name: str | None, asker: Asker) -> ExecutionResult:
    """The answer to a query; whatever is wrong with it stands among its errors. A fault of ours is raised."""
    try:
        document, wrong = _understood(text)
        operation = get_operation_ast(document, name)
        if wrong or operation is None:
            missing = GraphQLError("Name one of the operations of the query in operationName")
            return ExecutionResult(None, list(wrong) or [missing])
        measured = limits.measure(schema(), document, operation, variables)
    except GraphQLError as error:
        return ExecutionResult(None, [error])
    asker.expect(measured.names)
    result = execute_sync(
        schema(),
        document,
        Root(asker),
        asker,
        variables,
        name,
        field_resolver=resolve,
    )
    fault = errors.fault(result.errors or [])
    if fault is not None:
        raise fault
    return result


def _understood(text: str) -> tuple[DocumentNode, tuple[GraphQLError, ...]]:
    return _parsed(text) if len(text) > _KEPT else _kept(text)


def _parsed(text: str) -> tuple[DocumentNode, tuple[GraphQLError, ...]]:
    """The document, and what is wrong with it; GraphQLError when it is none, or too much."""
    document = limits.read(text)
    limits.check_size(document)
    return document, tuple(validate(schema(), document, max_errors=_ERRORS))


_kept = lru_cache(maxsize=256)(_parsed)


def _read(data: Any) -> tuple[str, dict[str, Any], str | None]:
    """Text, variables and name of the operation, out of a body; 400 when they are none."""
    if not isinstance(data, dict):
        raise ParseError("Body should be a JSON object")
    text, variables, name = data.get("query"), data.get("variables"), data.get("operationName")
    if not isinstance(text, str) or not text.strip():
        raise ParseError("A query attribute must be specified and must be a string.")
    if not isinstance(variables, dict | None):
        raise ParseError("The variables must be a JSON object")
    if not isinstance(name, str | None):
        raise ParseError("The operationName must be a string")
    return text, variables or {}, name or None
