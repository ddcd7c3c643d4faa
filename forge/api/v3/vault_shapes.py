"""Secrets and variables as GitHub shows them. Of a secret there is nothing but name and times."""

from __future__ import annotations

from typing import Any

from forge.api.addresses import API
from forge.api.v3.shapes import time
from forge.vault.models import Secret, Variable, Visibility


def secret(row: Secret) -> dict[str, Any]:
    """GitHub's ``actions-secret``."""
    return {"name": row.name, "created_at": time(row.created_at), "updated_at": time(row.updated_at)}


def variable(row: Variable) -> dict[str, Any]:
    """GitHub's ``actions-variable``."""
    times = {"created_at": time(row.created_at), "updated_at": time(row.updated_at)}
    return {"name": row.name, "value": row.value, **times}


def shared(row: Secret | Variable, login: str, base: str) -> dict[str, Any]:
    """What an organisation's ones have beside: who may use them."""
    kind = "secrets" if isinstance(row, Secret) else "variables"
    url = f"{base}{API}/orgs/{login}/actions/{kind}/{row.name}/repositories"
    chosen = {"selected_repositories_url": url} if row.visibility == Visibility.SELECTED else {}
    return {"visibility": row.visibility, **chosen}
