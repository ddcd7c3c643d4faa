"""Rows for tests, each made with one call and sensible values for whatever is not given.

They write rows as the engine would leave them, without running it. Keyword arguments are the fields of
the model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pygit2

from forge.accounts import tokens
from forge.accounts.models import Account, Kind, Membership
from forge.actions.models import (
    Annotation,
    Event,
    Job,
    JobLog,
    JobNode,
    LabelSet,
    LogChunk,
    Run,
    RunAttempt,
    Step,
    Workflow,
    WorkflowSource,
)
from forge.artifacts import artifacts, caches
from forge.artifacts.models import Artifact, Cache
from forge.environments import environments
from forge.environments.models import BranchPolicy, Environment, ProtectionRule
from forge.repos import git
from forge.repos.models import Repository
from forge.runners import groups
from forge.runners.models import Runner
from forge.vault import sealing
from forge.vault.models import Secret, Variable
from forge.vault.scopes import Scope

#: Every time of a made row is counted from here.
START = datetime(2026, 1, 15, 12, 0, 0, tzinfo=UTC)
SHA = "0123456789abcdef0123456789abcdef01234567"
_numbers = count(1)


def push(within: Repository, files: Mapping[str, str], *refs: str, parents: Sequence[str] = ()) -> str:
    """One commit of these files in the repository's git folder (made if need be), at these refs, upon these commits.
    Its sha."""
    if not git.path(within).exists():
        git.init(within)
    store = pygit2.Repository(str(git.path(within)))
    index = pygit2.Index()
    for path, text in files.items():
        index.add(pygit2.IndexEntry(path, store.create_blob(text.encode()), pygit2.enums.FileMode.BLOB))
    person = pygit2.Signature("Ada", "ada@example.org", int(START.timestamp()), 0)
    upon = [pygit2.Oid(hex=one) for one in parents]
    sha = store.create_commit(None, person, person, "Change", index.write_tree(store), upon)
    for ref in refs:
        store.references.create(ref, sha, force=True)
    return str(sha)


def account(login: str = "", *, kind: str = Kind.USER, **fields: Any) -> Account:
    """A user, or an organisation with ``kind``."""
    login = login or f"user{next(_numbers)}"
    made = Account(login=login, login_key=login.lower(), kind=kind, **fields)
    made.set_unusable_password()
    made.save()
    return made


def token(owner: Account, *scopes: str, **options: Any) -> str:
    """The text of a new access token; scope ``repo`` when none is given."""
    return tokens.create(owner, "test", scopes or ("repo",), **options)[1]


def repository(owner: Account | None = None, name: str = "", **fields: Any) -> Repository:
    """A repository row (no git folder)."""
    name = name or f"project{next(_numbers)}"
    return Repository.objects.create(owner=owner or account(), name=name, name_key=name.lower(), **fields)


def workflow(within: Repository, file: str = "ci.yml", **fields: Any) -> Workflow:
    """A workflow; a bare file name stands in ``.github/workflows``."""
    path = file if "/" in file else f".github/workflows/{file}"
    return Workflow.objects.create(repository=within, path=path, **{"name": "CI", **fields})


def source(text: str = "on: push\n") -> WorkflowSource:
    """The text of a workflow file."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return WorkflowSource.objects.get_or_create(sha256=digest, defaults={"text": text})[0]


def run(of: Workflow, *, status: str = "completed", conclusion: str | None = None, **fields: Any) -> Run:
    """A run with its event and its first attempt, counted as the engine counts.

    A completed one succeeds unless ``conclusion`` says otherwise; ``attempt`` gives fields of the attempt.
    """
    repository = of.repository
    number = of.last_run_number = of.last_run_number + 1
    of.run_count += 1
    of.save()
    index = repository.last_run_index = repository.last_run_index + 1
    repository.run_count += 1
    repository.save()
    of_attempt = fields.pop("attempt", {})
    branch = fields.get("head_branch", repository.default_branch)
    values = {
        "run_number": number,
        "run_index": index,
        "workflow_name": of.name,
        "title": f"Change {number}",
        "event_name": "push",
        "ref": f"refs/heads/{branch}",
        "head_branch": branch,
        "head_sha": SHA,
        "head_commit": commit(f"Change {number}", fields.get("head_sha", SHA)),
        "actor": repository.owner,
        "created_at": START + timedelta(seconds=index),
        **fields,
    }
    event = Event.objects.create(
        repository=repository,
        name=values["event_name"],
        key=f"test:{next(_numbers)}",
        ref=values["ref"],
        sha=values["head_sha"],
        actor=values["actor"],
        state=Event.State.EXPANDED,
    )
    made = Run.objects.create(
        **{"repository": repository, "workflow": of, "event": event, "source": source(), **values}
    )
    attempt(made, status=status, conclusion=conclusion, **of_attempt)
    return made


def commit(message: str = "Change", sha: str = SHA) -> dict[str, Any]:
    """A commit as ``repos.git.commit`` tells it."""
    person = {"name": "Ada", "email": "ada@example.org"}
    return {
        "id": sha,
        "tree_id": "f" * 40,
        "message": message,
        "timestamp": "2026-01-15T11:59:00+00:00",
        "author": person,
        "committer": person,
    }


def attempt(of: Run, *, status: str = "completed", conclusion: str | None = None, **fields: Any) -> RunAttempt:
    """The next attempt of a run, from now on the one it shows."""
    before = of.attempts.filter(latest=True).first()
    of.attempts.update(latest=False)
    number = before.number + 1 if before else 1
    started = fields.pop("started_at", of.created_at + timedelta(minutes=number))
    values = {
        "triggering_actor": of.actor,
        "started_at": started,
        "updated_at": started + timedelta(seconds=90),
        "completed_at": started + timedelta(seconds=90) if status == "completed" else None,
        **fields,
    }
    made = RunAttempt.objects.create(
        run=of,
        repository=of.repository,
        workflow=of.workflow,
        number=number,
        status=status,
        conclusion=_ended(status, conclusion),
        **values,
    )
    of.latest_attempt = made
    of.save()
    return made


def job(
    of: RunAttempt,
    key: str = "build",
    *,
    status: str = "completed",
    conclusion: str | None = None,
    labels: Sequence[str] = ("ubuntu-latest",),
    **fields: Any,
) -> Job:
    """A job of an attempt, with a node of its own (one leg) unless ``node`` is given."""
    node = fields.pop("node", None)
    node = node or JobNode.objects.create(attempt=of, key=key, position=of.nodes.count(), expanded=True)
    begun, ended = status in ("in_progress", "completed"), status == "completed"
    values = {
        "name": key,
        "leg": node.jobs.count(),
        "free": status == "queued",
        "created_at": of.started_at,
        "queued_at": of.started_at,
        "started_at": of.started_at + timedelta(seconds=1) if begun else None,
        "completed_at": of.started_at + timedelta(seconds=61) if ended else None,
        **fields,
    }
    return Job.objects.create(
        repository=of.repository,
        owner=of.repository.owner,
        run=of.run,
        attempt=of,
        node=node,
        label_set=label_set(labels),
        status=status,
        conclusion=_ended(status, conclusion),
        **values,
    )


def label_set(labels: Sequence[str]) -> LabelSet:
    """The one row for these labels."""
    key = "\n".join(sorted(label.lower() for label in labels))
    return LabelSet.objects.get_or_create(key=key, defaults={"labels": list(labels)})[0]


def step(of: Job, number: int = 1, name: str = "Run tests", **fields: Any) -> Step:
    """A step that succeeded, unless ``status`` or ``conclusion`` say otherwise."""
    status = fields.pop("status", "completed")
    conclusion = _ended(status, fields.pop("conclusion", None))
    begun = START + timedelta(seconds=number)
    values = {"started_at": begun, "completed_at": begun + timedelta(milliseconds=250), **fields}
    if status != "completed":
        values["completed_at"] = None
    return Step.objects.create(
        job=of, number=number, name=name, status=status, conclusion=conclusion, outcome=conclusion, **values
    )


def log(of: Job, *steps: tuple[str, Iterable[str]]) -> bytes:
    """A job's log, still in chunks: each pair is a step's name and its lines. Returns the whole text."""
    whole = b""
    epoch = max(of.epoch, 1)
    for number, (name, lines) in enumerate(steps, start=1):
        text = "".join(f"2026-01-15T12:00:{number:02}.0000000Z {line}\n" for line in lines).encode()
        if text:
            LogChunk.objects.create(job=of, epoch=epoch, offset=len(whole), data=text)
        step(of, number, name, log_start=len(whole), log_end=len(whole) + len(text))
        whole += text
    JobLog.objects.create(
        job=of,
        epoch=epoch,
        length=len(whole),
        final_length=len(whole),
        sha256=hashlib.sha256(whole).hexdigest(),
    )
    Job.objects.filter(pk=of.pk).update(epoch=epoch)
    of.epoch = epoch
    return whole


def artifact(of: Job, name: str = "dist", data: bytes = b"PK\x05\x06" + bytes(18), **fields: Any) -> Artifact:
    """An artifact that a job has uploaded, with its bytes: an empty zip unless others are given."""
    made = artifacts.add(of, name, data)
    Artifact.objects.filter(pk=made.pk).update(**fields)
    made.refresh_from_db()
    return made


def cache(
    within: Repository, key: str = "deps", data: bytes = b"cached", ref: str = "refs/heads/main", **fields: Any
) -> Cache:
    """A cache of the main branch, with its bytes."""
    made = caches.add(within, ref, key, fields.pop("version", "v1"), data)
    Cache.objects.filter(pk=made.pk).update(**fields)
    made.refresh_from_db()
    return made


def annotation(of: Job, message: str = "Something to see", **fields: Any) -> Annotation:
    """A warning of step 1, unless told otherwise."""
    return Annotation.objects.create(job=of, message=message, **{"step": 1, "level": "warning", **fields})


def runner(name: str = "", **fields: Any) -> Runner:
    """A registered runner of the whole site, unless ``owner`` or ``repository`` is given; never seen."""
    name = name or f"runner{next(_numbers)}"
    digest = hashlib.sha256(name.encode()).hexdigest()
    if fields.get("owner") is not None:
        fields.setdefault("group", groups.default(fields["owner"]))
    return Runner.objects.create(name=name, credential_hash=digest, **{"labels": ["ubuntu-latest"], **fields})


def environment_rules(of: Environment) -> tuple[BranchPolicy, ProtectionRule]:
    """A pattern of branches and an integration as rules of an environment; its branch policy takes patterns."""
    of.custom_branch_policies = True
    of.save()
    rule = ProtectionRule.objects.create(environment=of, integration=account(kind=Kind.BOT))
    return BranchPolicy.objects.create(environment=of, name="main"), rule


def vault(within: Repository, secret: str = "TOKEN", variable: str = "") -> Account:
    """The same secret and the same variable (called as the repository) in a repository, in its environment
    ``production``, and in a new organisation of its owner, for selected repositories. The organisation."""
    organization = account(f"{within.owner.login}-org", kind=Kind.ORGANIZATION)
    Membership.objects.create(organization=organization, user=within.owner, role=Membership.Role.OWNER)
    environment = environments.get_or_create(within, "production")
    for scope in (
        Scope.of_organization(organization),
        Scope.of_repository(within),
        Scope.of_environment(environment),
    ):
        visibility = "selected" if scope.kind == "organization" else ""
        key_id, sealed = sealing.seal("a value", scope, secret)
        columns = {**scope.columns, "visibility": visibility}
        Secret.objects.create(**columns, name=secret, key_id=key_id, sealed=sealed)
        Variable.objects.create(**columns, name=(variable or within.name).upper(), value="a value")
    return organization


def _ended(status: str, conclusion: str | None) -> str | None:
    return (conclusion or "success") if status == "completed" else None
