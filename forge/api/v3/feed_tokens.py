"""The token of one's own feed address: Forge's own, since feed readers cannot log in."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.accounts.needs import USER
from forge.api.v3.base import ApiView
from forge.api.v3.places import Place
from forge.repos import feed_tokens
from forge.repos.models import Right


class FeedTokenView(ApiView):
    """POST and DELETE …/actions/feed-token"""

    permission = USER

    @extend_schema(operation_id="forge_renew_feed_token", request=None, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request, **_: Any) -> Response:
        """A new token, shown this once; the one before it ends."""
        repository = self.repository(Right.READ)
        token = feed_tokens.renew(self.need_account("repo:read"), repository)
        url = f"{Place.of(repository, request).html}/actions.atom?token={token}"
        return Response({"token": token, "url": url}, status=201)

    @extend_schema(operation_id="forge_revoke_feed_token", responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """No feed is read with it any more; nothing changes when there was none."""
        repository = self.repository(Right.READ)
        feed_tokens.revoke(self.need_account("repo:read"), repository)
        return Response(status=204)
