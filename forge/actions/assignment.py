"""Everything that a runner needs for one job, and the two tokens that live as long as its claim.

Tokens are derived, not kept: HMAC(key of this installation, claim, epoch, purpose). So a claim answer
that was lost is answered again with the same ones, and a token dies with its claim, checked uncached.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from forge.accounts.actor import Actor
from forge.actions import definitions, permissions, places, snapshots, sources
from forge.actions.models import Claim, Job, Place
from forge.actions.refusals import BadCredential, LeaseLost
from forge.environments import environments
from forge.errors import ForgeError
from forge.repos.models import Repository
from forge.runners.models import Runner
from forge.vault import visible
from forge.vault.visible import Visible
from workflows import decide
from workflows.decide import Leg, Snapshot
from workflows.errors import ExpressionError
from workflows.messages import Assignment, RepositoryInfo, Urls
from workflows.states import Status

LEASE, JOB = "shl_", "shj_"
#: How long the lease token of an ended claim may repeat its final report and append log.
AFTERLIFE = timedelta(hours=24)


class CannotBuild(Exception):
    """The job cannot be given to any runner; says why in words for a person."""


def build(claim: Claim) -> Assignment:
    """The message for the runner. Reads only; CannotBuild when the job can never be given out."""
    job = Job.objects.select_related(
        "run__repository__owner", "run__workflow", "run__event", "attempt__triggering_actor", "node"
    ).get(pk=claim.job_id)
    run, repository = job.run, job.run.repository
    if repository.deleted_at is not None:
        raise CannotBuild("The repository is deleted.")
    asked = snapshots.asked(job.attempt)
    now = snapshots.take(run, job.attempt, asked)
    if now is None:
        raise CannotBuild(f"{run.workflow.path} is not valid any more.")
    defined = decide.definition(now.workflow, job.node.key)
    is_guarded = bool(job.environment) or any(place.state == Place.State.HOLDING for place in asked)
    urls = _urls(claim.runner)
    token = job_token(claim)
    seen = _vault(job, claim)
    secrets = {**_secrets(now, job, seen), "GITHUB_TOKEN": token}
    return Assignment(
        job=job.pk,
        epoch=claim.epoch,
        lease_token=lease_token(claim),
        lease_seconds=settings.LEASE_SECONDS,
        offline_limit_seconds=places.offline_limit(is_guarded=is_guarded),
        run=run.pk,
        run_number=run.run_number,
        attempt=job.attempt.number,
        job_name=job.name,
        repository=_repository(repository, urls),
        sha=run.head_sha,
        ref=run.ref,
        workflow_path=run.workflow.path,
        definition=defined.job,
        workflow_env=defined.workflow.env,
        workflow_defaults=defined.workflow.defaults,
        contexts={**_contexts(job, now, urls), "vars": seen.variables, "job": _of_file(job, defined.workflow.path)},
        secrets=secrets,
        masks=tuple(sorted(filter(None, {*seen.secrets.values(), *secrets.values()}))),
        github_token=token,
        permissions=permissions.of_job(job, now.workflow),
        urls=urls,
        timeout_minutes=job.timeout_minutes,
        cancel_timeout_minutes=job.cancel_timeout_minutes,
        debug=job.attempt.debug or _debug(secrets, seen.variables),
    )


def _vault(job: Job, claim: Claim) -> Visible:
    """What the vault has for the job. An environment that nobody made yet is made when a job names it."""
    repository = job.run.repository
    try:
        if job.environment:
            environments.get_or_create(repository, job.environment)
        # Every event so far comes from somebody with the right to write, none from a fork.
        place = {"job_id": job.pk, "run_id": job.run_id, "epoch": claim.epoch}
        return visible.for_job(repository, job.environment or None, **place, trusted=True)
    except ForgeError as error:
        raise CannotBuild(str(error)) from error


def _secrets(now: Snapshot, job: Job, seen: Visible) -> dict[str, str]:
    """What the job sees as ``secrets``: in a called file what its callers hand on, and its environment's own."""
    own = {name: value for name, value in seen.secrets.items() if name in seen.of_environment}
    try:
        handed = decide.secrets(now, job.node.key, seen.inherited) if job.node.parent_id else seen.secrets
        return {**handed, **own}
    except ExpressionError as error:
        raise CannotBuild(f"The secrets of a called workflow cannot be evaluated. {error.message}") from error


def _debug(secrets: Mapping[str, str], variables: Mapping[str, str]) -> bool:
    """GitHub's switches for debug logging of a whole repository; a secret goes before a variable."""
    names = ("ACTIONS_STEP_DEBUG", "ACTIONS_RUNNER_DEBUG")
    return any(secrets.get(name, variables.get(name, "")).strip().lower() == "true" for name in names)


def lease_token(claim: Claim) -> str:
    """Opens ``/jobs/{id}/…`` of this claim; it never enters a container."""
    return _token(LEASE, claim)


def job_token(claim: Claim) -> str:
    """The job's GITHUB_TOKEN."""
    return _token(JOB, claim)


def lease_claim(text: str, job_id: int) -> Claim:
    """The claim that a lease token opens at this job's doors, also within a day after its end.

    BadCredential for any other text or job; whether the claim still holds is for the verb to say.
    """
    claim = _claim_of(text, LEASE)
    if claim is None or claim.job_id != job_id:
        raise BadCredential("This is not the lease token of this job")
    if claim.ended_at is not None and not Claim.objects.filter(pk=claim.pk, ended_at__gt=Now() - AFTERLIFE).exists():
        raise LeaseLost
    return claim


def actor_for_token(text: str) -> Actor | None:
    """Who a GITHUB_TOKEN speaks for while its job lives; None for any other text."""
    claim = _claim_of(text, JOB)
    if claim is None or claim.ended_at is not None:
        return None
    jobs = Job.objects.select_related("node", "run__workflow", "run__repository__owner")
    job = jobs.filter(pk=claim.job_id, epoch=claim.epoch).exclude(status=Status.COMPLETED).first()
    if job is None:
        return None
    workflow = sources.of_run(job.run)
    held = {} if workflow is None else permissions.of_job(job, workflow)
    return Actor.for_job(job.repository_id, held, token_id=f"job:{job.pk}:{claim.epoch}")


def _token(prefix: str, claim: Claim) -> str:
    return f"{prefix}{claim.pk:x}_{_mac(prefix, claim)}"


def _mac(prefix: str, claim: Claim) -> str:
    key = hmac.digest(settings.SECRET_KEY.encode(), b"forge.claims.tokens", "sha256")
    return hmac.new(key, f"{prefix}:{claim.pk}:{claim.epoch}".encode(), hashlib.sha256).hexdigest()


def _claim_of(text: str, prefix: str) -> Claim | None:
    """The claim that a token of this kind was derived from; every other text opens nothing."""
    number, mark, mac = text.removeprefix(prefix).partition("_")
    if not text.startswith(prefix) or not mark or not text.isascii() or len(number) > 15:
        return None
    try:
        claim = Claim.objects.filter(pk=int(number, 16)).first()
    except ValueError:
        return None
    return claim if claim is not None and hmac.compare_digest(_mac(prefix, claim), mac) else None


def _urls(runner: Runner) -> Urls:
    server = runner.container_url or settings.PUBLIC_URL
    return Urls(server, f"{server}/api/v3", f"{server}/api/graphql")


def _repository(repository: Repository, urls: Urls) -> RepositoryInfo:
    return RepositoryInfo(
        id=repository.pk,
        full_name=repository.full_name,
        clone_url=f"{urls.server}/{repository.full_name}.git",
        private=repository.private,
        default_branch=repository.default_branch,
    )


def _contexts(job: Job, now: Snapshot, urls: Urls) -> dict[str, Any]:
    """github, vars and inputs of the run, needs, matrix and strategy of the job."""
    of_job = decide.contexts_for_job(now, job.node.key, _leg(job))
    github: dict[str, Any] = dict(now.contexts["github"])  # type: ignore[call-overload]
    github |= {
        "job": job.node.key.rpartition("/")[2],
        "server_url": urls.server,
        "api_url": urls.api,
        "graphql_url": urls.graphql,
        "repositoryUrl": f"{urls.server}/{job.run.repository.full_name}.git",
    }
    return {**now.contexts, "github": github, **of_job}


def _of_file(job: Job, path: str) -> dict[str, Any]:
    """What the ``job`` context says of the job itself and of the file that defines it, which may be a called one."""
    found = definitions.file_at(job.run, path)
    return {
        "check_run_id": job.pk,
        "workflow_ref": f"{found.repository}/{found.path}@{found.ref}",
        "workflow_sha": found.sha,
        "workflow_repository": found.repository,
        "workflow_file_path": found.path,
    }


def _leg(job: Job) -> Leg:
    return Leg(job.leg, job.name, (), job.matrix)
