"""The three places that have secrets and variables, with their addresses here and in the official description."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.test import Client

from tests.forge.vault import sender


class Place(NamedTuple):
    """Where the calls begin: an address, the same in the description, and what bodies need beside."""

    api: str
    official: str
    more: dict[str, Any]


_OFFICIAL = "/repos/{owner}/{repo}/environments/{environment_name}"
REPOSITORY = Place("/api/v3/repos/acme/hello/actions", "/repos/{owner}/{repo}/actions", {})
ENVIRONMENT = Place("/api/v3/repos/acme/hello/environments/prod/eu", _OFFICIAL, {})
BY_ID = Place("/api/v3/repositories/{id}/environments/Prod%2Feu", _OFFICIAL, {})
ORGANIZATION = Place("/api/v3/orgs/acme/actions", "/orgs/{org}/actions", {"visibility": "all"})
PLACES = {
    "repository": REPOSITORY,
    "environment": ENVIRONMENT,
    "environment by id": BY_ID,
    "organization": ORGANIZATION,
}


def put_secret(client: Client, base: str, name: str, value: str, **more: Any) -> Any:
    """Set a secret as clients do: ask for the public key, seal, send."""
    key = client.get(f"{base}/secrets/public-key").json()
    body = {"encrypted_value": sender.sealed(value, key["key"]), "key_id": key["key_id"], **more}
    return client.put(f"{base}/secrets/{name}", body, content_type="application/json")
