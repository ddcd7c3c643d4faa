"""Artifacts: kept, found, opened, deleted."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from forge.actions.models import Job, Run, RunAttempt
from forge.actions.queries.runs import LARGEST_ID
from forge.artifacts.models import Artifact
from forge.artifacts.storage import storage
from forge.errors import Conflict, Gone, Invalid, NotFound
from forge.repos import policies
from forge.repos.models import Repository

_GONE = "Artifact has expired"


def add(job: Job, name: str, data: bytes | Iterable[bytes]) -> Artifact:
    """Keep the zip that a job has made. ``Conflict`` when its attempt has one of this name; give the job with its
    run's repository and owner."""
    if not name or len(name) > 255:
        raise Invalid("The name of an artifact has 1 to 255 characters")
    if Artifact.objects.filter(attempt=job.attempt_id, name=name).exists():
        raise Conflict(f"an artifact with this name already exists on the workflow run: {name}")
    stored = storage().put(f"artifacts/{job.repository_id}/{uuid.uuid4().hex}", data)
    days = policies.retention(job.run.repository).days
    return Artifact.objects.create(
        repository_id=job.repository_id,
        run_id=job.run_id,
        attempt_id=job.attempt_id,
        job=job,
        name=name,
        size=stored.length,
        digest=f"sha256:{stored.sha256}",
        storage_key=stored.key,
        expires_at=timezone.now() + timedelta(days=days),
    )


def of_repository(repository: Repository, name: str = "") -> QuerySet[Artifact]:
    """Those of all its runs, newest first; with ``name``, those that are called exactly so."""
    found = Artifact.objects.filter(repository=repository, run__isnull=False)
    return _shown(found.filter(name=name) if name else found).order_by("-id")


def of_run(run: Run, name: str = "", *, oldest_first: bool = False) -> QuerySet[Artifact]:
    """Those that belong to the run's latest attempt: of its jobs, and of the jobs whose results it carries over."""
    found = _of_attempt(run.pk, run.latest_attempt_id)
    return _shown(found.filter(name=name) if name else found).order_by("id" if oldest_first else "-id")


def of_attempt(attempt: RunAttempt) -> QuerySet[Artifact]:
    """The same of any attempt, by name."""
    return _shown(_of_attempt(attempt.run_id, attempt.pk)).order_by("name", "id")


def _of_attempt(run_id: int, attempt_id: int | None) -> QuerySet[Artifact]:
    ran = Job.objects.filter(attempt=attempt_id).annotate(ran=Coalesce("carries", "pk")).values("ran")
    return Artifact.objects.filter(Q(job__in=ran) | Q(job=None, attempt=attempt_id), run=run_id)


def find(repository: Repository, artifact_id: int) -> Artifact:
    """One of the repository's; ``NotFound`` when there is none of this id."""
    if artifact_id > LARGEST_ID:
        raise NotFound
    found = _shown(Artifact.objects.filter(repository=repository, run__isnull=False, pk=artifact_id)).first()
    if found is None:
        raise NotFound
    return found


def check(artifact: Artifact) -> None:
    """``Gone`` for one that has expired, ``NotFound`` where its bytes are missing."""
    if is_expired(artifact):
        raise Gone(_GONE)
    if not storage().exists(artifact.storage_key):
        raise NotFound("Not Found: the bytes of this artifact are missing")


def is_expired(artifact: Artifact) -> bool:
    """True from its time on, whether its bytes are gone already or not."""
    return artifact.expired or artifact.expires_at <= timezone.now()


def read(artifact: Artifact) -> Iterator[bytes]:
    """The zip, piece by piece."""
    return storage().read(artifact.storage_key)


def delete(artifact: Artifact) -> None:
    """Row and bytes, at once and for good."""
    with transaction.atomic():
        Artifact.objects.filter(pk=artifact.pk).delete()
        transaction.on_commit(lambda: storage().delete(artifact.storage_key))


def _shown(found: QuerySet[Artifact]) -> QuerySet[Artifact]:
    return found.select_related("run")
