"""Secrets of repositories, organisations and environments: listed by name, set in sealed boxes, deleted."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.api.addresses import base_url
from forge.api.pagination import listed, page
from forge.api.v3.base import body, required_text, text
from forge.api.v3.vault_scopes import OfEnvironment, OfOrganization, OfRepository, VaultView
from forge.api.v3.vault_shapes import secret, shared
from forge.repos.models import Right
from forge.vault import intake, queries, secrets
from forge.vault.intake import Box
from forge.vault.models import Secret
from forge.vault.scopes import Scope


class Secrets(VaultView):
    """GET …/secrets"""

    permission = "secrets"

    def get(self, request: Request, **_: Any) -> Response:
        """Names and times of all of them."""
        scope = self.scope()
        return listed(page(request, queries.entries(Secret, scope)), "secrets", lambda row: shown(row, scope, request))


class PublicKey(VaultView):
    """GET …/secrets/public-key"""

    permission = "secrets"

    def get(self, request: Request, **_: Any) -> Response:
        """The key to seal values for."""
        key_id, key = intake.public_key(self.scope(Right.READ))
        return Response({"key_id": key_id, "key": key})


class OneSecret(VaultView):
    """GET, PUT and DELETE …/secrets/{secret_name}"""

    permission = "secrets"

    def get(self, request: Request, **_: Any) -> Response:
        """Name and times."""
        scope = self.scope()
        return Response(shown(queries.entry(Secret, scope, self.kwargs["secret_name"]), scope, request))

    @extend_schema(responses={201: OpenApiTypes.OBJECT, 204: None})
    def put(self, request: Request, **_: Any) -> Response:
        """Set it: 201 when it is new, 204 when it was there."""
        scope, data = self.scope(), body(request)
        # An organisation's may come without a value, to change who may use it.
        box = None if scope.kind == "organization" and _bare(data) else _box(data)
        access = self.access(data, required=True)
        created = secrets.put(self.actor, scope, self.kwargs["secret_name"], box, access)
        return Response({}, status=201) if created else Response(status=204)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """Take it away."""
        secrets.delete(self.actor, self.scope(), self.kwargs["secret_name"])
        return Response(status=204)


class RepositorySecretsView(OfRepository, Secrets):
    """GET /repos/{owner}/{repo}/actions/secrets"""

    operation_ids = {"GET": "actions_list_repo_secrets"}


class RepositoryPublicKeyView(OfRepository, PublicKey):
    """GET /repos/{owner}/{repo}/actions/secrets/public-key"""

    operation_ids = {"GET": "actions_get_repo_public_key"}


class RepositorySecretView(OfRepository, OneSecret):
    """GET, PUT and DELETE /repos/{owner}/{repo}/actions/secrets/{secret_name}"""

    operation_ids = {
        "GET": "actions_get_repo_secret",
        "PUT": "actions_create_or_update_repo_secret",
        "DELETE": "actions_delete_repo_secret",
    }


class EnvironmentSecretsView(OfEnvironment, Secrets):
    """GET …/environments/{environment_name}/secrets"""

    operation_ids = {"GET": "actions_list_environment_secrets"}


class EnvironmentPublicKeyView(OfEnvironment, PublicKey):
    """GET …/environments/{environment_name}/secrets/public-key"""

    operation_ids = {"GET": "actions_get_environment_public_key"}


class EnvironmentSecretView(OfEnvironment, OneSecret):
    """GET, PUT and DELETE …/environments/{environment_name}/secrets/{secret_name}"""

    operation_ids = {
        "GET": "actions_get_environment_secret",
        "PUT": "actions_create_or_update_environment_secret",
        "DELETE": "actions_delete_environment_secret",
    }


class OrganizationSecretsView(OfOrganization, Secrets):
    """GET /orgs/{org}/actions/secrets"""

    permission = "organization_secrets"
    operation_ids = {"GET": "actions_list_org_secrets"}


class OrganizationPublicKeyView(OfOrganization, PublicKey):
    """GET /orgs/{org}/actions/secrets/public-key"""

    permission = "organization_secrets"
    operation_ids = {"GET": "actions_get_org_public_key"}


class OrganizationSecretView(OfOrganization, OneSecret):
    """GET, PUT and DELETE /orgs/{org}/actions/secrets/{secret_name}"""

    permission = "organization_secrets"
    operation_ids = {
        "GET": "actions_get_org_secret",
        "PUT": "actions_create_or_update_org_secret",
        "DELETE": "actions_delete_org_secret",
    }


class SharedSecretsView(OfRepository):
    """GET /repos/{owner}/{repo}/actions/organization-secrets"""

    permission = "secrets"
    operation_ids = {"GET": "actions_list_repo_organization_secrets"}

    def get(self, request: Request, **_: Any) -> Response:
        """What the organisation shares with the repository."""
        found = queries.shared_with(Secret, self.repository(Right.WRITE))
        return listed(page(request, found), "secrets", secret)


def shown(row: Secret, scope: Scope, request: Request) -> dict[str, Any]:
    """A secret with what its scope adds."""
    if scope.kind != "organization":
        return secret(row)
    return secret(row) | shared(row, str(scope.holder), base_url(request._request))


def _bare(data: dict[str, Any]) -> bool:
    return text(data, "encrypted_value") is None and text(data, "key_id") is None


def _box(data: dict[str, Any]) -> Box:
    return Box(
        key_id=required_text(data, "key_id", "Secret"),
        encrypted_value=required_text(data, "encrypted_value", "Secret"),
    )
