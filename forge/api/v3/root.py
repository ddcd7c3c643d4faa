"""The API's front door: where things are, which version this is, how much one may still ask."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.accounts.needs import ANY
from forge.api import throttling
from forge.api.addresses import base_url
from forge.api.middleware import ENTERPRISE_VERSION, api_version
from forge.api.v3.base import ApiView

#: GitHub's list of links, as far as it is required there: field and path below the API's root.
_LINKS = {
    "current_user_url": "/user",
    "authorizations_url": "/authorizations",
    "code_search_url": "/search/code?q={query}{&page,per_page,sort,order}",
    "commit_search_url": "/search/commits?q={query}{&page,per_page,sort,order}",
    "emails_url": "/user/emails",
    "emojis_url": "/emojis",
    "events_url": "/events",
    "feeds_url": "/feeds",
    "followers_url": "/user/followers",
    "following_url": "/user/following{/target}",
    "gists_url": "/gists{/gist_id}",
    "issue_search_url": "/search/issues?q={query}{&page,per_page,sort,order}",
    "issues_url": "/issues",
    "keys_url": "/user/keys",
    "label_search_url": "/search/labels?q={query}&repository_id={repository_id}{&page,per_page}",
    "notifications_url": "/notifications",
    "organization_url": "/orgs/{org}",
    "organization_repositories_url": "/orgs/{org}/repos{?type,page,per_page,sort}",
    "organization_teams_url": "/orgs/{org}/teams",
    "public_gists_url": "/gists/public",
    "rate_limit_url": "/rate_limit",
    "repository_url": "/repos/{owner}/{repo}",
    "repository_search_url": "/search/repositories?q={query}{&page,per_page,sort,order}",
    "current_user_repositories_url": "/user/repos{?type,page,per_page,sort}",
    "starred_url": "/user/starred{/owner}{/repo}",
    "starred_gists_url": "/gists/starred",
    "user_url": "/users/{user}",
    "user_organizations_url": "/user/orgs",
    "user_repositories_url": "/users/{user}/repos{?type,page,per_page,sort}",
    "user_search_url": "/search/users?q={query}{&page,per_page,sort,order}",
}


class RootView(ApiView):
    """GET / : what clients ask to see whether this is an API and what their token may do."""

    permission = ANY

    @extend_schema(operation_id="meta_root", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The links."""
        base = base_url(request._request)
        links = {field: f"{base}/api/v3{place}" for field, place in _LINKS.items()}
        links["current_user_authorizations_html_url"] = f"{base}/settings/tokens"
        return Response(links)


class MetaView(ApiView):
    """GET /meta"""

    permission = ANY

    @extend_schema(operation_id="meta_get", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The version that clients decide by."""
        return Response({"verifiable_password_authentication": False, "installed_version": ENTERPRISE_VERSION})


class RateLimitView(ApiView):
    """GET /rate_limit; asking costs nothing."""

    permission = ANY

    throttle_classes = []

    @extend_schema(operation_id="rate_limit_get", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Where the asker stands, in every resource the same count."""
        rate = throttling.peek(self.actor, request._request)
        request._request.rate = rate  # type: ignore[attr-defined]  # for the headers
        core = {
            "limit": rate.limit,
            "used": min(rate.used, rate.limit),
            "remaining": rate.remaining,
            "reset": rate.reset,
        }
        shown: dict[str, Any] = {"resources": {"core": core, "search": core, "graphql": core}}
        if api_version(request._request) < "2026-03-10":
            shown["rate"] = core
        return Response(shown)
