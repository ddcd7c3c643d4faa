"""The payloads of events, as GitHub's webhooks have them: what ``github.event`` holds in a workflow.

An event row keeps its own part (``action``, ``client_payload``, the run that ended …) from the moment it
happened. ``complete`` adds what can be read later, once a workflow file wants to see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.conf import settings

from forge.accounts.models import Account, Kind
from forge.actions.models import Event, RunAttempt, Workflow
from forge.repos import git, shapes
from forge.repos.models import Push, Ref, Repository

#: Commits of one push that its payload tells; the newest of more.
COMMITS = 2048


def complete(event: Event, commit: Mapping[str, Any]) -> dict[str, Any]:
    """The whole payload of an event whose run will use ``commit``. Reads git: never within a transaction."""
    if "sender" in event.payload:  # a re-run brings the one of its first run
        return dict(event.payload)
    if event.name == "push":
        return _push(event, commit)
    return {**event.payload, **common(event.repository, event.actor)}


def common(repository: Repository, actor: Account | None) -> dict[str, Any]:
    """What every event carries: repository, sender, and the organisation where there is one."""
    payload = {
        "repository": shapes.webhook_repository(repository, settings.PUBLIC_URL),
        "sender": account(actor) if actor else None,
    }
    if repository.owner.kind == Kind.ORGANIZATION:
        payload["organization"] = _organization(repository.owner)
    return payload


def account(who: Account) -> dict[str, Any]:
    """An account as it stands in payloads."""
    return shapes.simple_user(who, settings.PUBLIC_URL)


def dispatch(
    repository: Repository, actor: Account | None, ref: str, path: str, inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """The payload of a workflow_dispatch."""
    return {"ref": ref, "workflow": path, "inputs": dict(inputs) or None, **common(repository, actor)}


def ref_change(repository: Repository, ref: str, *, created: bool) -> dict[str, Any]:
    """The own part of a create or a delete."""
    kind, _, name = ref.removeprefix("refs/").partition("/")
    payload: dict[str, Any] = {"ref": name, "ref_type": "tag" if kind == "tags" else "branch", "pusher_type": "user"}
    if created:
        payload |= {"master_branch": repository.default_branch, "description": repository.description or None}
    return payload


def workflow_run(action: str, attempt: RunAttempt) -> dict[str, Any]:
    """The own part of a workflow_run: the run as of this attempt, now. Its run, workflow, repository with
    owner and people are loaded."""
    return {
        "action": action,
        "workflow": workflow(attempt.run.workflow),
        "workflow_run": run(attempt),
    }


def workflow(row: Workflow) -> dict[str, Any]:
    """A workflow as the API shows it."""
    html = f"{settings.PUBLIC_URL}/{row.repository.full_name}"
    return {
        "id": row.pk,
        "node_id": shapes.node_id("Workflow", row.pk),
        "name": row.name,
        "path": row.path,
        "state": row.state,
        "created_at": shapes.time(row.created_at),
        "updated_at": shapes.time(row.updated_at),
        "url": f"{_api(row.repository)}/actions/workflows/{row.pk}",
        "html_url": f"{html}/actions/workflows/{quote(row.path.rsplit('/', 1)[-1])}",
        "badge_url": f"{html}/workflows/{quote(row.name, safe='')}/badge.svg",
    }


def run(attempt: RunAttempt) -> dict[str, Any]:
    """A run as of one attempt, as the API shows it."""
    found = attempt.run
    api = _api(found.repository)
    url = f"{api}/actions/runs/{found.pk}"
    minimal = shapes.minimal_repository(found.repository, settings.PUBLIC_URL)
    return {
        "id": found.pk,
        "name": found.workflow_name,
        "node_id": shapes.node_id("WorkflowRun", found.pk),
        "check_suite_id": found.pk,
        "check_suite_node_id": shapes.node_id("CheckSuite", found.pk),
        "head_branch": found.head_branch,
        "head_sha": found.head_sha,
        "path": found.workflow.path,
        "display_title": found.title,
        "run_number": found.run_number,
        "run_attempt": attempt.number,
        "event": found.event_name,
        "status": str(attempt.status),
        "conclusion": str(attempt.conclusion) if attempt.conclusion else None,
        "workflow_id": found.workflow_id,
        "url": url,
        "html_url": f"{html_url(found.repository)}/actions/runs/{found.pk}",
        "pull_requests": [],
        "created_at": shapes.time(found.created_at),
        "updated_at": shapes.time(max(found.updated_at, attempt.updated_at)),
        "run_started_at": shapes.time(attempt.started_at),
        "actor": account(found.actor) if found.actor else None,
        "triggering_actor": account(attempt.triggering_actor) if attempt.triggering_actor else None,
        "referenced_workflows": [],
        "jobs_url": f"{url}/jobs",
        "logs_url": f"{url}/logs",
        "check_suite_url": f"{api}/check-suites/{found.pk}",
        "artifacts_url": f"{url}/artifacts",
        "cancel_url": f"{url}/cancel",
        "rerun_url": f"{url}/rerun",
        "previous_attempt_url": f"{url}/attempts/{attempt.number - 1}" if attempt.number > 1 else None,
        "workflow_url": f"{api}/actions/workflows/{found.workflow_id}",
        "head_commit": found.head_commit or None,
        "repository": minimal,
        "head_repository": minimal,
    }


def html_url(repository: Repository) -> str:
    """The address of the repository's page."""
    return f"{settings.PUBLIC_URL}/{repository.full_name}"


def _push(event: Event, commit: Mapping[str, Any]) -> dict[str, Any]:
    repository, created = event.repository, event.before == git.ZERO
    came = git.pushed(repository, event.ref, event.before, event.sha, _others(event), COMMITS)
    url = html_url(repository)
    commits = [_commit(one, url, event.actor) for one in came.commits]
    head = next((one for one in reversed(commits) if one["id"] == commit["id"]), None)
    return {
        "ref": event.ref,
        "before": event.before,
        "after": event.sha,
        "base_ref": came.base_ref,
        "created": created,
        "deleted": False,
        "forced": came.forced,
        "compare": _compare(event, url, [one["id"] for one in came.commits]),
        "commits": commits,
        "head_commit": head or _commit({**commit, "distinct": True}, url, event.actor),
        "pusher": {"name": event.actor.login, "email": event.actor.email or None} if event.actor else {"name": "ghost"},
        **_as_push_has_it(common(repository, event.actor), repository),
    }


def _others(event: Event) -> dict[str, str]:
    """Where the other branches are; without those that the same push made, for what they hold is as new."""
    refs = Ref.objects.filter(repository=event.repository_id, name__startswith="refs/heads/").exclude(sha=git.ZERO)
    found = dict(refs.values_list("name", "sha"))
    push = Push.objects.filter(pk=event.key.split(":", 2)[1]).first() if event.before == git.ZERO else None
    made = {one["ref"] for one in push.commands if one["before"] == git.ZERO} if push else set()
    return {name: sha for name, sha in found.items() if name not in made}


def _compare(event: Event, url: str, new: list[str]) -> str:
    if event.before != git.ZERO:
        return f"{url}/compare/{event.before[:12]}...{event.sha[:12]}"
    if len(new) > 1:
        return f"{url}/compare/{new[0][:12]}^...{event.sha[:12]}"
    return f"{url}/commit/{event.sha}" if new else f"{url}/compare/{quote(event.ref.split('/', 2)[-1])}"


def _as_push_has_it(payload: dict[str, Any], repository: Repository) -> dict[str, Any]:
    """In a push GitHub tells a few things about the repository in another way than anywhere else."""
    shown, owner = payload["repository"], repository.owner
    shown |= {
        "owner": {**shown["owner"], "name": owner.login, "email": None},
        "url": shown["html_url"],
        "created_at": _seconds(repository.created_at),
        "pushed_at": _seconds(repository.pushed_at or repository.created_at),
        "stargazers": 0,
        "master_branch": repository.default_branch,
    }
    if owner.kind == Kind.ORGANIZATION:
        shown["organization"] = owner.login
    return payload


def _commit(commit: Mapping[str, Any], url: str, pusher: Account | None) -> dict[str, Any]:
    people = {role: _person(commit[role], pusher) for role in ("author", "committer")}
    return {**commit, **people, "url": f"{url}/commit/{commit['id']}"}


def _person(signature: Mapping[str, Any], pusher: Account | None) -> dict[str, Any]:
    """Who wrote a commit; the login is only told of the one who pushed, whom we know."""
    if pusher is not None and pusher.email and pusher.email.lower() == str(signature.get("email", "")).lower():
        return {**signature, "username": pusher.login}
    return dict(signature)


def _organization(owner: Account) -> dict[str, Any]:
    api = f"{settings.PUBLIC_URL}/api/v3/orgs/{owner.login}"
    return {
        "login": owner.login,
        "id": owner.pk,
        "node_id": shapes.node_id(owner.kind, owner.pk),
        "url": api,
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events",
        "hooks_url": f"{api}/hooks",
        "issues_url": f"{api}/issues",
        "members_url": f"{api}/members{{/member}}",
        "public_members_url": f"{api}/public_members{{/member}}",
        "avatar_url": f"{settings.PUBLIC_URL}/{owner.login}.png",
        "description": owner.name or None,
    }


def _api(repository: Repository) -> str:
    return f"{settings.PUBLIC_URL}/api/v3/repos/{repository.full_name}"


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
