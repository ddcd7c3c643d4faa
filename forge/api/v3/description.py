"""The description of this API, for programs."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.accounts.needs import ANY
from forge.api import description
from forge.api.v3.base import ApiView


class DescriptionView(ApiView):
    """GET /openapi.json"""

    permission = ANY

    @extend_schema(operation_id="meta_get_description", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """OpenAPI 3.1."""
        return Response(description.document())
