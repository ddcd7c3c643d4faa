"""The description of the API, in OpenAPI 3.1, generated from the views.

The two ways to name a repository are one set of views: they are described once and then written twice,
so that every route stands in the description under an operation id of its own.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes

_BY_NAME = "/api/v3/repos/{owner}/{repo}"
_NAMES = ("owner", "repo")


class Synonym(NamedTuple):
    """Paths that are served by the views of a repository: how they begin, with which parameter instead."""

    begins: str
    instead_of: str
    parameter: str
    kind: str
    suffix: str


_SYNONYMS = (
    Synonym("/api/v3/repositories/{repository_id}", _BY_NAME, "repository_id", "integer", "_by_id"),
    Synonym("/api/v3/orgs/{org}/actions/runners", f"{_BY_NAME}/actions/runners", "org", "string", "_for_org"),
)

Endpoint = tuple[str, str, str, Any]


class Schema(AutoSchema):
    """Bodies are JSON objects wherever a view says nothing closer; a view may name its operations by method."""

    def get_operation_id(self) -> str:
        """The view's own name for it, where it has one."""
        named: str = getattr(self.view, "operation_ids", {}).get(self.method) or super().get_operation_id()
        return named

    def get_request_serializer(self) -> Any:
        """Any object."""
        return OpenApiTypes.OBJECT

    def get_response_serializers(self) -> Any:
        """Any object."""
        return OpenApiTypes.OBJECT


class Credentials(OpenApiAuthenticationExtension):
    """How one shows who one is."""

    target_class = "forge.api.authentication.ForgeAuthentication"
    name = ["bearer", "basic", "session"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        """A token in either header scheme, or a browser's session."""
        return [
            {"type": "http", "scheme": "bearer"},
            {"type": "http", "scheme": "basic", "description": "A token as the password"},
            {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
        ]


def once(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Leave out what stands under a second address; ``write_synonyms`` puts it back."""
    begins = tuple(one.begins for one in _SYNONYMS)
    kept, seen = [], set()
    for endpoint in endpoints:
        path, _, method, _ = endpoint
        plain = (path.rstrip("/"), method)
        if not path.startswith(begins) and plain not in seen:
            seen.add(plain)
            kept.append(endpoint)
    return kept


def write_synonyms(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The paths that ``once`` left out, after the model of the repository's."""
    for path, operations in list(result["paths"].items()):
        for one in _SYNONYMS:
            if path.startswith(one.instead_of):
                result["paths"][one.begins + path.removeprefix(one.instead_of)] = _renamed(operations, one)
    return result


def _renamed(operations: dict[str, Any], synonym: Synonym) -> dict[str, Any]:
    own = {"in": "path", "name": synonym.parameter, "schema": {"type": synonym.kind}, "required": True}
    copies: dict[str, Any] = deepcopy(operations)
    for operation in copies.values():
        operation["operationId"] += synonym.suffix
        others = [one for one in operation.get("parameters", []) if one["name"] not in _NAMES]
        operation["parameters"] = [own, *others]
    return copies


@cache
def document() -> dict[str, Any]:
    """The whole description, made once a process."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return {**made, "servers": [{"url": settings.PUBLIC_URL}]}
