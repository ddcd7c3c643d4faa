"""Organisations, and whoever asks for what is their own."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.accounts import profiles, users
from forge.accounts.actor import Actor
from forge.accounts.models import Account, Kind, Membership
from forge.api.addresses import base_url
from forge.api.v3 import account_shapes
from forge.api.v3.base import ApiView, body, flag, text
from forge.api.v3.users import count
from forge.errors import FieldError, Forbidden, Invalid, NotFound
from forge.repos import repositories

SCOPE = "admin:org"
_TEXTS = ("name", "email", "blog", "twitter_username", "company", "location", "description", "billing_email")
_CREATION = {"all": (True, True), "private": (False, True), "none": (False, False)}


def owned(actor: Actor, login: str) -> Account:
    """The organisation, if the actor is one of its owners and its credential may administer organisations."""
    found = named(login)
    account = actor.account
    owners = Membership.objects.filter(organization=found, role=Membership.Role.OWNER)
    if account is None or not (account.is_site_admin or owners.filter(user=account).exists()):
        raise Forbidden("You must be an owner of this organization", [SCOPE])
    if not actor.allows(SCOPE) or actor.only_repository_id is not None:
        raise Forbidden(f"This token lacks the scope {SCOPE}", [SCOPE])
    return found


def named(login: str) -> Account:
    """The organisation of this login; ``NotFound`` when there is none."""
    found = users.find(login)
    if found.kind != Kind.ORGANIZATION:
        raise NotFound
    return found


class OrganizationView(ApiView):
    """GET, PATCH and DELETE /orgs/{org}"""

    permission = {
        "GET": "metadata=read",
        "PATCH": "organization_administration=write",
        "DELETE": "organization_administration=write",
    }

    @extend_schema(operation_id="orgs_get", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, org: str) -> Response:
        """One organisation; its owners see its settings too."""
        found = named(org)
        try:
            owned(self.actor, org)
        except Forbidden:
            public = count(found, private=False)
            return Response(account_shapes.organization(found, base_url(request._request), public_repos=public))
        return self._shown(request, found)

    @extend_schema(operation_id="orgs_update", responses=OpenApiTypes.OBJECT)
    def patch(self, request: Request, org: str) -> Response:
        """Change its profile, what its members may do in each of its repositories, and which they may create."""
        found, data = self._owned(org), body(request)
        wanted: dict[str, Any] = {word: text(data, word) or "" for word in _TEXTS if word in data}
        wanted |= _creation(data)
        if (base := text(data, "default_repository_permission")) is not None:
            wanted["default_repository_permission"] = base
        return self._shown(request, profiles.change(self.actor, found, wanted))

    @extend_schema(operation_id="orgs_delete", responses={202: OpenApiTypes.OBJECT})
    def delete(self, request: Request, org: str) -> Response:
        """Gone for everybody at once, its repositories with it."""
        repositories.delete_organization(self.actor, self._owned(org))
        return Response({}, status=202)

    def _owned(self, org: str) -> Account:
        found = owned(self.actor, org)
        self._accepted = (SCOPE,)
        return found

    def _shown(self, request: Request, found: Account) -> Response:
        public, private = count(found, private=False), count(found, private=True)
        base = base_url(request._request)
        return Response(account_shapes.owned_organization(found, base, public_repos=public, private_repos=private))


def _creation(data: dict[str, Any]) -> dict[str, bool]:
    """Which repositories members may create; GitHub has an older word for both kinds, and an even older one."""
    wanted: dict[str, bool] = {}
    kinds = ("members_can_create_public_repositories", "members_can_create_private_repositories")
    if (word := text(data, "members_allowed_repository_creation_type")) is not None:
        if word not in _CREATION:
            message = f"members_allowed_repository_creation_type must be one of {', '.join(_CREATION)}"
            raise Invalid(message, [FieldError("Organization", "members_allowed_repository_creation_type", "invalid")])
        wanted = dict(zip(kinds, _CREATION[word], strict=True))
    if (both := flag(data, "members_can_create_repositories")) is not None:
        wanted = dict.fromkeys(kinds, both)
    return wanted | {kind: value for kind in kinds if (value := flag(data, kind)) is not None}
