"""What people see of repositories, with their rights there: shapes only, no queries but what is handed in."""

from __future__ import annotations

from typing import Any

from forge.accounts.models import Account
from forge.repos.models import Repository, Right
from forge.repos.shapes import minimal_repository, node_id, simple_user, time, webhook_repository

__all__ = [
    "collaborator",
    "full_repository",
    "minimal_repository",
    "node_id",
    "permissions",
    "repository_item",
    "simple_user",
    "time",
]


def repository_item(repository: Repository, base: str, right: Right) -> dict[str, Any]:
    """GitHub's ``repository`` in lists: with what the asker may do."""
    return {**webhook_repository(repository, base), "permissions": permissions(right)}


def full_repository(repository: Repository, base: str, right: Right) -> dict[str, Any]:
    """GitHub's ``full-repository``."""
    return {
        **repository_item(repository, base, right),
        "network_count": 0,
        "subscribers_count": 0,
        "temp_clone_token": None,
        "allow_forking": False,
    }


def collaborator(account: Account, base: str, right: Right) -> dict[str, Any]:
    """GitHub's ``collaborator``: somebody, with what he may do in a repository."""
    shown = {**simple_user(account, base), "name": account.name or None, "email": account.public_email or None}
    return {**shown, "permissions": permissions(right), "role_name": right.name.lower()}


def permissions(right: Right) -> dict[str, bool]:
    """What the asker may do, in GitHub's five words."""
    write, admin = right >= Right.WRITE, right >= Right.ADMIN
    return {"admin": admin, "maintain": admin, "push": write, "triage": write, "pull": right >= Right.READ}
