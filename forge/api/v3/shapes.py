"""What people see of users and repositories, with their rights there: shapes only, no queries but what is handed in."""

from __future__ import annotations

from typing import Any

from forge.accounts.models import Account
from forge.repos.models import Repository, Right
from forge.repos.shapes import minimal_repository, node_id, simple_user, time, webhook_repository

__all__ = [
    "full_repository",
    "minimal_repository",
    "node_id",
    "permissions",
    "private_user",
    "public_user",
    "repository_item",
    "simple_user",
    "time",
]


def public_user(account: Account, base: str, *, public_repos: int) -> dict[str, Any]:
    """GitHub's ``public-user``."""
    return {
        **simple_user(account, base),
        "name": account.name or None,
        "company": None,
        "blog": "",
        "location": None,
        "email": None,
        "hireable": None,
        "bio": None,
        "public_repos": public_repos,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": time(account.created_at),
        "updated_at": time(account.updated_at),
    }


def private_user(account: Account, base: str, *, public_repos: int, private_repos: int) -> dict[str, Any]:
    """GitHub's ``private-user``: what one sees of oneself."""
    return {
        **public_user(account, base, public_repos=public_repos),
        "user_view_type": "private",
        "email": account.email or None,
        "private_gists": 0,
        "total_private_repos": private_repos,
        "owned_private_repos": private_repos,
        "disk_usage": 0,
        "collaborators": 0,
        "two_factor_authentication": False,
    }


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


def permissions(right: Right) -> dict[str, bool]:
    """What the asker may do, in GitHub's five words."""
    write, admin = right >= Right.WRITE, right >= Right.ADMIN
    return {"admin": admin, "maintain": admin, "push": write, "triage": write, "pull": right >= Right.READ}
