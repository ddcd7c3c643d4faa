"""People: oneself, others, and the organisations that one belongs to."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.accounts import profiles, users
from forge.accounts.models import Account, Kind
from forge.accounts.needs import ANY, USER
from forge.api.addresses import base_url
from forge.api.pagination import bare, page
from forge.api.v3 import account_shapes
from forge.api.v3.base import ApiView, body, flag, text
from forge.errors import NotFound
from forge.repos.models import Repository

_TEXTS = ("name", "email", "blog", "twitter_username", "company", "location", "bio")


class CurrentUserView(ApiView):
    """GET and PATCH /user"""

    permission = USER

    @extend_schema(operation_id="users_get_authenticated", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Oneself."""
        return Response(_oneself(self.need_account(), base_url(request._request)))

    @extend_schema(operation_id="users_update_authenticated", responses=OpenApiTypes.OBJECT)
    def patch(self, request: Request) -> Response:
        """Change one's public profile; ``email`` is the address that everybody sees."""
        account, data = self.need_account("user", "user:write"), body(request)
        wanted: dict[str, Any] = {word: text(data, word) or "" for word in _TEXTS if word in data}
        if "hireable" in data:
            wanted["hireable"] = flag(data, "hireable")
        return Response(_oneself(profiles.change(self.actor, account, wanted), base_url(request._request)))


class UserView(ApiView):
    """GET /users/{username}; with one's own name more is shown."""

    permission = ANY

    @extend_schema(operation_id="users_get_by_username", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, username: str) -> Response:
        """Somebody."""
        account = users.find(username)
        base = base_url(request._request)
        own = self.actor.account is not None and self.actor.account.pk == account.pk
        if own and self.actor.allows("user:read"):
            return Response(_oneself(account, base))
        return Response(account_shapes.public_user(account, base, public_repos=count(account, private=False)))


class OwnOrganizationsView(ApiView):
    """GET /user/orgs"""

    permission = USER

    @extend_schema(operation_id="orgs_list_for_authenticated_user", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The organisations that one belongs to."""
        account = self.need_account("user", "user:read", "read:org")
        base = base_url(request._request)
        return bare(
            page(request, users.organizations(account)), lambda one: account_shapes.simple_organization(one, base)
        )


class UserOrganizationsView(ApiView):
    """GET /users/{username}/orgs"""

    permission = ANY

    @extend_schema(operation_id="orgs_list_for_user", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, username: str) -> Response:
        """Of others the organisations that one shares with them: memberships are nobody else's business."""
        account, asker = users.find(username), self.actor.account
        if account.kind != Kind.USER:
            raise NotFound
        found = users.organizations(account)
        reads = asker is not None and (self.actor.allows("read:org") or self.actor.allows("user:read"))
        if asker is None or not reads:
            found = found.none()
        elif not asker.is_site_admin:
            found = found.filter(pk__in=users.organizations(asker).values("pk"))
        base = base_url(request._request)
        return bare(page(request, found), lambda one: account_shapes.simple_organization(one, base))


def count(account: Account, *, private: bool) -> int:
    """How many repositories an account has."""
    return Repository.objects.filter(owner=account, private=private, deleted_at=None).count()


def _oneself(account: Account, base: str) -> dict[str, Any]:
    public, private = count(account, private=False), count(account, private=True)
    return account_shapes.private_user(account, base, public_repos=public, private_repos=private)
