"""Users and organisations."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.accounts import users
from forge.accounts.models import Account
from forge.accounts.needs import ANY, USER
from forge.api.addresses import base_url
from forge.api.v3 import shapes
from forge.api.v3.base import ApiView
from forge.repos.models import Repository


class CurrentUserView(ApiView):
    """GET /user"""

    permission = USER

    @extend_schema(operation_id="users_get_authenticated", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Oneself."""
        return Response(_oneself(self.need_account(), base_url(request._request)))


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
        return Response(shapes.public_user(account, base, public_repos=_count(account, private=False)))


def _oneself(account: Account, base: str) -> dict[str, Any]:
    public, private = _count(account, private=False), _count(account, private=True)
    return shapes.private_user(account, base, public_repos=public, private_repos=private)


def _count(account: Account, *, private: bool) -> int:
    return Repository.objects.filter(owner=account, private=private, deleted_at=None).count()
