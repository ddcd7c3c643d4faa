"""Users and repositories as GitHub shows them, in answers and in the payloads of events: shapes only, no queries."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any
from urllib.parse import quote

from forge.accounts.models import Account
from forge.repos.models import Repository


def node_id(kind: str, number: int) -> str:
    """A stable opaque id."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def time(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC, whole seconds."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def simple_user(account: Account, base: str) -> dict[str, Any]:
    """GitHub's ``simple-user``; ``base`` is scheme and host."""
    login = quote(account.login)  # the bot's has brackets
    api = f"{base}/api/v3/users/{login}"
    return {
        "login": account.login,
        "id": account.pk,
        "node_id": node_id(account.kind, account.pk),
        "avatar_url": f"{base}/{login}.png",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{base}/{login}",
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": account.kind,
        "user_view_type": "public",
        "site_admin": account.is_site_admin,
    }


#: The links below a repository's API address: field, path, and the URI template after it.
_LINKS = """
archive_url {archive_format}{/ref}|assignees_url assignees{/user}|blobs_url git/blobs{/sha}
branches_url branches{/branch}|collaborators_url collaborators{/collaborator}|comments_url comments{/number}
commits_url commits{/sha}|compare_url compare/{base}...{head}|contents_url contents/{+path}
contributors_url contributors|deployments_url deployments|downloads_url downloads|events_url events
forks_url forks|git_commits_url git/commits{/sha}|git_refs_url git/refs{/sha}|git_tags_url git/tags{/sha}
hooks_url hooks|issue_comment_url issues/comments{/number}|issue_events_url issues/events{/number}
issues_url issues{/number}|keys_url keys{/key_id}|labels_url labels{/name}|languages_url languages
merges_url merges|milestones_url milestones{/number}|notifications_url notifications{?since,all,participating}
pulls_url pulls{/number}|releases_url releases{/id}|stargazers_url stargazers|statuses_url statuses/{sha}
subscribers_url subscribers|subscription_url subscription|tags_url tags|teams_url teams|trees_url git/trees{/sha}
"""
LINKS = [pair.split(" ", 1) for line in _LINKS.strip().split("\n") for pair in line.split("|")]


def minimal_repository(repository: Repository, base: str) -> dict[str, Any]:
    """GitHub's ``minimal-repository``, as runs and lists carry it (select_related("owner") first)."""
    api = f"{base}/api/v3/repos/{repository.full_name}"
    return {
        "id": repository.pk,
        "node_id": node_id("Repository", repository.pk),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "owner": simple_user(repository.owner, base),
        "html_url": f"{base}/{repository.full_name}",
        "description": repository.description or None,
        "fork": False,
        "url": api,
        **{field: f"{api}/{rest}" for field, rest in LINKS},
    }


def webhook_repository(repository: Repository, base: str) -> dict[str, Any]:
    """GitHub's ``repository`` as webhooks and lists carry it: the minimal one, its counters, switches and times."""
    host = base.split("://", 1)[1]
    name = repository.full_name
    return {
        **minimal_repository(repository, base),
        "git_url": f"git://{host}/{name}.git",
        "ssh_url": f"git@{host.split(':')[0]}:{name}.git",
        "clone_url": f"{base}/{name}.git",
        "svn_url": f"{base}/{name}",
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "size": 0,
        "topics": [],
        **dict.fromkeys(_COUNTS, 0),
        **dict.fromkeys(_SWITCHES, False),
        "default_branch": repository.default_branch,
        "visibility": "private" if repository.private else "public",
        "pushed_at": time(repository.pushed_at or repository.created_at),
        "created_at": time(repository.created_at),
        "updated_at": time(repository.updated_at),
    }


_COUNTS = (
    "forks",
    "forks_count",
    "open_issues",
    "open_issues_count",
    "stargazers_count",
    "watchers",
    "watchers_count",
)
_SWITCHES = (
    "archived",
    "disabled",
    "has_discussions",
    "has_downloads",
    "has_issues",
    "has_pages",
    "has_projects",
    "has_wiki",
    "is_template",
    "web_commit_signoff_required",
)
