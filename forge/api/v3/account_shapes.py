"""People and organisations as GitHub shows them: shapes only."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from forge.accounts.models import Account
from forge.repos.shapes import node_id, simple_user, time


def public_user(account: Account, base: str, *, public_repos: int) -> dict[str, Any]:
    """GitHub's ``public-user``."""
    return {
        **simple_user(account, base),
        "name": account.name or None,
        "company": account.company or None,
        "blog": account.blog,
        "location": account.location or None,
        "email": account.public_email or None,
        "hireable": account.hireable,
        "bio": account.about or None,
        "twitter_username": account.twitter_username or None,
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
        "email": account.public_email or account.email or None,
        "notification_email": account.email or None,
        "private_gists": 0,
        "total_private_repos": private_repos,
        "owned_private_repos": private_repos,
        "disk_usage": 0,
        "collaborators": 0,
        "two_factor_authentication": False,
    }


def simple_organization(account: Account, base: str) -> dict[str, Any]:
    """GitHub's ``organization-simple``."""
    api = f"{base}/api/v3/orgs/{quote(account.login)}"
    return {
        "login": account.login,
        "id": account.pk,
        "node_id": node_id(account.kind, account.pk),
        "url": api,
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events",
        "hooks_url": f"{api}/hooks",
        "issues_url": f"{api}/issues",
        "members_url": f"{api}/members{{/member}}",
        "public_members_url": f"{api}/public_members{{/member}}",
        "avatar_url": f"{base}/{quote(account.login)}.png",
        "description": account.about or None,
    }


def organization(account: Account, base: str, *, public_repos: int) -> dict[str, Any]:
    """GitHub's ``organization-full``, as everybody sees it. What it does not say of itself is left out."""
    said = {
        "name": account.name,
        "company": account.company,
        "blog": account.blog,
        "location": account.location,
        "email": account.public_email,
    }
    return {
        **simple_organization(account, base),
        **{word: text for word, text in said.items() if text},
        "twitter_username": account.twitter_username or None,
        "is_verified": False,
        "has_organization_projects": False,
        "has_repository_projects": False,
        "public_repos": public_repos,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "html_url": f"{base}/{quote(account.login)}",
        "type": account.kind,
        "created_at": time(account.created_at),
        "updated_at": time(account.updated_at),
        "archived_at": None,
    }


def owned_organization(account: Account, base: str, *, public_repos: int, private_repos: int) -> dict[str, Any]:
    """The same as its owners see it: with its settings."""
    public = account.members_can_create_public_repositories
    private = account.members_can_create_private_repositories
    return {
        **organization(account, base, public_repos=public_repos),
        "total_private_repos": private_repos,
        "owned_private_repos": private_repos,
        "private_gists": 0,
        "disk_usage": 0,
        "collaborators": 0,
        "billing_email": account.email or None,
        "default_repository_permission": account.default_repository_permission,
        "members_can_create_repositories": public or private,
        "members_allowed_repository_creation_type": "all" if public else "private" if private else "none",
        "members_can_create_public_repositories": public,
        "members_can_create_private_repositories": private,
        "members_can_create_internal_repositories": False,
        "members_can_fork_private_repositories": False,
        "web_commit_signoff_required": False,
        "two_factor_requirement_enabled": False,
    }
