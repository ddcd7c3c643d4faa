"""Caches of a repository: listed, deleted, counted, limited."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.api.pagination import listed, page
from forge.api.v3 import organizations
from forge.api.v3.base import ApiView, body, direction, required_number
from forge.api.v3.shapes import time
from forge.artifacts import caches
from forge.artifacts.models import Cache
from forge.errors import FieldError, Invalid
from forge.repos import policies
from forge.repos.models import Repository, Right

_KEY, _REF = OpenApiParameter("key", OpenApiTypes.STR), OpenApiParameter("ref", OpenApiTypes.STR)


class CachesView(ApiView):
    """GET and DELETE …/actions/caches"""

    permission = "actions"

    @extend_schema(
        operation_id="actions_get_actions_cache_list",
        parameters=[
            _KEY,
            _REF,
            OpenApiParameter("sort", OpenApiTypes.STR, enum=list(caches.SORTS)),
            OpenApiParameter("direction", OpenApiTypes.STR, enum=["asc", "desc"]),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, **_: Any) -> Response:
        """Those whose key begins with ``key``, last used first unless ``sort`` and ``direction`` say otherwise."""
        given = request.GET
        found = caches.of_repository(
            self.repository(Right.READ),
            key=given.get("key", ""),
            ref=given.get("ref", ""),
            sort=given.get("sort") or "last_accessed_at",
            ascending=direction(request),
        )
        return listed(page(request, found), "actions_caches", shape)

    @extend_schema(
        operation_id="actions_delete_actions_cache_by_key",
        parameters=[OpenApiParameter("key", OpenApiTypes.STR, required=True), _REF],
        responses=OpenApiTypes.OBJECT,
    )
    def delete(self, request: Request, **_: Any) -> Response:
        """Delete every one of exactly this key, and answer which they were."""
        repository = self.repository(Right.WRITE)
        key = request.GET.get("key", "")
        if not key:
            raise Invalid("key is missing", [FieldError("Cache", "key", "missing_field")])
        gone = caches.delete_key(repository, key, request.GET.get("ref", ""))
        return Response({"total_count": len(gone), "actions_caches": [shape(row) for row in gone]})


class CacheView(ApiView):
    """DELETE …/actions/caches/{cache_id}"""

    permission = "actions"

    @extend_schema(operation_id="actions_delete_actions_cache_by_id", responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """Delete one."""
        caches.delete_one(self.repository(Right.WRITE), self.kwargs["cache_id"])
        return Response(status=204)


class CacheUsageView(ApiView):
    """GET …/actions/cache/usage"""

    permission = "actions"

    @extend_schema(operation_id="actions_get_actions_cache_usage", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """How many and how much."""
        repository = self.repository(Right.READ)
        used = caches.usage(repository)
        return Response(_usage(repository, used.count, used.size))


class CachePolicyView(ApiView):
    """GET and PATCH …/actions/cache/usage-policy"""

    permission = {"GET": "actions=read", "PATCH": "administration=write"}

    @extend_schema(operation_id="actions_get_actions_cache_usage_policy", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """How much they may have together."""
        return Response({"repo_cache_size_limit_in_gb": policies.cache_limit_gb(self.repository(Right.READ))})

    @extend_schema(operation_id="actions_set_actions_cache_usage_policy", responses={204: None})
    def patch(self, request: Request, **_: Any) -> Response:
        """Choose it."""
        repository = self.repository(Right.ADMIN)
        limit = required_number(body(request), "repo_cache_size_limit_in_gb", "CachePolicy")
        policies.limit_caches(self.actor, repository, limit)
        return Response(status=204)


class OrganizationCacheUsageView(ApiView):
    """GET /orgs/{org}/actions/cache/usage"""

    permission = "organization_administration"

    @extend_schema(operation_id="actions_get_actions_cache_usage_for_org", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, org: str) -> Response:
        """Of all its repositories together."""
        used = caches.usage_of_organization(organizations.owned(self.actor, org))
        return Response({"total_active_caches_count": used.count, "total_active_caches_size_in_bytes": used.size})


class OrganizationCacheUsagesView(ApiView):
    """GET /orgs/{org}/actions/cache/usage-by-repository"""

    permission = "organization_administration"

    @extend_schema(operation_id="actions_get_actions_cache_usage_by_repo_for_org", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, org: str) -> Response:
        """Of each repository that has caches."""
        found = caches.usage_by_repository(organizations.owned(self.actor, org))
        return listed(
            page(request, found),
            "repository_cache_usages",
            lambda one: _usage(one, one.cache_count, one.cache_size),
        )


def shape(row: Cache) -> dict[str, Any]:
    """One of GitHub's ``actions-cache-list``."""
    return {
        "id": row.pk,
        "ref": row.ref,
        "key": row.key,
        "version": row.version,
        "last_accessed_at": time(row.last_accessed_at),
        "created_at": time(row.created_at),
        "size_in_bytes": row.size,
    }


def _usage(repository: Repository, count: int, size: int) -> dict[str, Any]:
    return {
        "full_name": repository.full_name,
        "active_caches_size_in_bytes": size,
        "active_caches_count": count,
    }
