"""Environments, their rules and what waits for them as GitHub shows them. Give environments with all their rules."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from forge.accounts.models import Account
from forge.actions import approve
from forge.actions.models import DeploymentReview, PendingDeployment, Run
from forge.api.v3.places import Place
from forge.api.v3.run_shapes import person
from forge.api.v3.shapes import node_id, simple_user, time
from forge.environments.models import BranchPolicy, Environment, ProtectionRule

#: GitHub numbers an environment's rules beside each other; here each kind has a number of its environment's.
_KINDS = ("wait_timer", "required_reviewers", "branch_policy")


def environment(row: Environment, at: Place) -> dict[str, Any]:
    """GitHub's ``environment``."""
    policy = {"protected_branches": row.protected_branches, "custom_branch_policies": row.custom_branch_policies}
    return {
        **dated(row, at),
        "can_admins_bypass": row.can_admins_bypass,
        "protection_rules": _rules(row, at),
        "deployment_branch_policy": policy if any(policy.values()) else None,
    }


def dated(row: Environment, at: Place) -> dict[str, Any]:
    """An environment without its rules, as reviews have it."""
    return {**named(row, at), "created_at": time(row.created_at), "updated_at": time(row.updated_at)}


def named(row: Environment, at: Place) -> dict[str, Any]:
    """An environment by its name, as what waits for it has it."""
    name = quote(row.name, safe="")
    return {
        "id": row.pk,
        "node_id": node_id("Environment", row.pk),
        "name": row.name,
        "url": f"{at.api}/environments/{name}",
        "html_url": f"{at.html}/deployments/activity_log?environments_filter={name}",
    }


def reviewers(row: Environment, at: Place) -> list[dict[str, Any]]:
    """GitHub's list of ``deployment-reviewer``."""
    return [{"type": "User", "reviewer": simple_user(one.user, at.base)} for one in row.reviewers.all()]


def branch_policy(row: BranchPolicy) -> dict[str, Any]:
    """GitHub's ``deployment-branch-policy``."""
    return {"id": row.pk, "node_id": node_id("DeploymentBranchPolicy", row.pk), "name": row.name, "type": row.kind}


def protection_rule(row: ProtectionRule, at: Place) -> dict[str, Any]:
    """GitHub's ``deployment-protection-rule``. Switching one off takes it away, so each is enabled."""
    return {
        "id": row.pk,
        "node_id": node_id("DeploymentProtectionRule", row.pk),
        "enabled": True,
        "app": app(row.integration, at),
    }


def app(row: Account, at: Place) -> dict[str, Any]:
    """GitHub's ``custom-deployment-rule-app``."""
    return {
        "id": row.pk,
        "slug": row.login,
        "integration_url": f"{at.base}/api/v3/users/{quote(row.login)}",
        "node_id": node_id("Integration", row.pk),
    }


def pending(row: Environment, first: PendingDeployment, at: Place, *, may_review: bool) -> dict[str, Any]:
    """GitHub's ``pending-deployment``: an environment for which jobs wait, of which ``first`` came first."""
    return {
        "environment": named(row, at),
        "wait_timer": row.wait_timer,
        "wait_timer_started_at": time(first.created_at) if row.wait_timer else None,
        "current_user_can_approve": may_review,
        "reviewers": reviewers(row, at),
    }


def review(row: DeploymentReview, at: Place) -> dict[str, Any]:
    """GitHub's ``environment-approvals``."""
    return {
        "environments": [dated(one, at) for one in row.environments.all()],
        "state": approve.APPROVED if row.state == approve.BYPASSED else row.state,  # GitHub has no word for it
        "user": person(row.user, at.base),
        "comment": row.comment,
    }


def deployment(row: PendingDeployment, run: Run, at: Place) -> dict[str, Any]:
    """GitHub's ``deployment`` of a job that waits for one."""
    url = f"{at.api}/deployments/{row.pk}"
    return {
        "url": url,
        "id": row.pk,
        "node_id": node_id("Deployment", row.pk),
        "sha": run.head_sha,
        "ref": run.head_branch,
        "task": "deploy",
        "payload": {},
        "original_environment": row.environment_name,
        "environment": row.environment_name,
        "description": None,
        "creator": person(run.actor, at.base),
        "created_at": time(row.created_at),
        "updated_at": time(row.created_at),
        "statuses_url": f"{url}/statuses",
        "repository_url": at.api,
    }


def _rules(row: Environment, at: Place) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if row.wait_timer:
        found.append({**_rule(row, "wait_timer"), "wait_timer": row.wait_timer})
    if row.reviewers.all():
        asked = {"prevent_self_review": row.prevent_self_review, "reviewers": reviewers(row, at)}
        found.append({**_rule(row, "required_reviewers"), **asked})
    if row.protected_branches or row.custom_branch_policies:
        found.append(_rule(row, "branch_policy"))
    return found


def _rule(row: Environment, kind: str) -> dict[str, Any]:
    number = row.pk * len(_KINDS) + _KINDS.index(kind)
    return {"id": number, "node_id": node_id("GateRule", number), "type": kind}
