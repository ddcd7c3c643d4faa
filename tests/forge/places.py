"""Two repositories with everything that addresses can name, for sweeps over the URL table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from forge.accounts.models import Account
from forge.actions.models import Run
from forge.environments import environments
from forge.repos.models import Repository
from forge.runners import downloads
from tests import factories

#: What no row has, for each named part of an address.
NOTHING: dict[str, object] = {
    "owner": "nobody-here",
    "repo": "nothing-here",
    "name": "nothing-here",
    "repository_id": 987_654,
    "run_id": 987_654,
    "job_id": 987_654,
    "check_run_id": 987_654,
    "runner_id": 987_654,
    "runner_group_id": 987_654,
    "filename": "nothing.whl",
    "operation_id": "nothing_here",
    "artifact_id": 987_654,
    "branch_policy_id": 987_654,
    "protection_rule_id": 987_654,
    "archive_format": "zip",
    "cache_id": 987_654,
    "attempt_number": 77,
    "number": 77,
    "workflow_id": "nothing.yml",
    "workflow": "nothing",
    "file": "nothing.yml",
    "org": "nobody-here",
    "login": "nobody-here",
    "username": "nobody-here",
    "branch": "nothing",
    "ref": "nothing",
    "path": "nothing",
    "rest": "nothing/here",
    "sha": "0" * 40,
    "names": "nothing.css",
    "offset": 987_654,
    "git_ref": "heads/nothing",
    "folder": "nothing",
    "token": "nothing",
    "token_id": 987_654,
    "secret_name": "NOTHING_HERE",
    "environment_name": "nothing-here",
}


@dataclass(frozen=True)
class World:
    """Somebody's repository with a finished run, its job and log, a runner, a commit, an artifact, a cache, an
    environment with a secret and a variable; and an organisation of theirs with the same."""

    account: Account
    repository: Repository
    token: str
    values: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, login: str, *, private: bool) -> World:
        """Made of rows, and a commit in its git folder."""
        account = factories.account(login)
        # ``name`` stands for a repository in one place and for a variable in another: this can be both.
        repository = factories.repository(account, f"of_{login}", private=private)
        sha = factories.push(
            repository, {"README.md": f"of {login}", "docs/README.md": "", ".github/workflows/ci.yml": TEXT}, MAIN
        )
        workflow = factories.workflow(repository)
        run = factories.run(workflow, head_sha=sha)
        job = factories.job(run.latest_attempt)
        factories.log(job, ("Run tests", ["one line"]))
        factories.annotation(job)
        artifact, cache = factories.artifact(job), factories.cache(repository)
        policy, rule = factories.environment_rules(environments.get_or_create(repository, "production"))
        runner = factories.runner(f"runner-of-{login}", repository=repository)
        values = {
            "owner": login,
            "repo": repository.name,
            "name": repository.name,
            "repository_id": repository.pk,
            "run_id": run.pk,
            "job_id": job.pk,
            "check_run_id": job.pk,
            "runner_id": runner.pk,
            "runner_group_id": 1,
            "filename": downloads.package().filename,
            "artifact_id": artifact.pk,
            "branch_policy_id": policy.pk,
            "protection_rule_id": rule.pk,
            "archive_format": "zip",
            "cache_id": cache.pk,
            "attempt_number": 1,
            "number": 1,
            "workflow_id": workflow.pk,
            "workflow": workflow.name,
            "file": "ci.yml",
            "branch": "main",
            "ref": "main",
            "path": "README.md",
            "rest": "main/README.md",
            "sha": sha,
            "git_ref": "heads/main",
            "folder": "docs",
            "username": login,
            "org": (organization := factories.vault(repository).login),
            "login": organization,
            "secret_name": "TOKEN",
            "environment_name": "production",
        }
        return cls(account, repository, factories.token(account, "repo", "workflow", "user", "admin:org"), values)

    def unchanged(self) -> bool:
        """True when the run is as it was made."""
        run = Run.objects.select_related("latest_attempt").get(pk=self.values["run_id"])
        attempt = run.latest_attempt
        return attempt is not None and attempt.number == 1 and attempt.conclusion == "success"


MAIN = "refs/heads/main"
TEXT = """\
on: {push: {}, workflow_dispatch: {}}
jobs: {build: {runs-on: ubuntu-latest, steps: [{run: "true"}]}}
"""
