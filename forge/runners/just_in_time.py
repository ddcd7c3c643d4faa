"""Runners for one job whose whole configuration is made here: nobody has to register them.

The configuration holds the runner's credential and is answered once; only the hash of that is kept.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from forge.accounts import audit
from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.errors import Conflict, FieldError, Invalid, NotFound
from forge.repos.models import Repository
from forge.runners import credentials, groups, labels, registration
from forge.runners.models import Runner, RunnerGroup

WORK_FOLDER = "_work"
_PREFIX = "shc_"  # as agents begin the credentials that they make themselves
_FOLDER = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True)
class Wanted:
    """The runner that is asked for. ``group`` is the group's number."""

    name: str
    group: int
    labels: Sequence[str]
    work_folder: str = WORK_FOLDER
    container_url: str = ""  # how job containers reach the server, where that differs


def create(
    actor: Actor, wanted: Wanted, url: str, *, owner: Account | None = None, repository: Repository | None = None
) -> tuple[Runner, str]:
    """The runner, and its configuration for ``forge-runner run --jitconfig``: ``url`` is the server as it knows it.

    NotFound for an unknown group, Conflict for a name that is taken, Invalid for what is no name or label.
    """
    _check(wanted)
    group = _group(owner, wanted.group)
    credential = credentials.new(_PREFIX)
    with transaction.atomic():
        registration.lock(owner, repository)
        others = Runner.objects.filter(owner=owner, repository=repository, removed_at=None)
        if others.filter(name__iexact=wanted.name).exists():
            raise Conflict(f"Already exists - A runner with the name {wanted.name} already exists.")
        made = Runner.objects.create(
            name=wanted.name,
            owner=owner,
            repository=repository,
            group=group,
            labels=list(wanted.labels),
            os=_said(wanted.labels, labels.SYSTEMS),
            arch=_said(wanted.labels, labels.ARCHITECTURES),
            ephemeral=True,
            container_url=wanted.container_url.rstrip("/"),
            credential_hash=credentials.hashed(credential),
        )
        details = {"labels": list(wanted.labels), "group": groups.title(group)[1]}
        audit.write("runner.just_in_time", actor=actor, names=[made.name], details=details, **labels.audited(made))
    return made, _encoded(made, credential, url, wanted.work_folder)


def _encoded(runner: Runner, credential: str, url: str, work_folder: str) -> str:
    said = {
        "url": url,
        "name": runner.name,
        "labels": runner.labels,
        "credential": credential,
        "work_folder": work_folder,
    }
    return base64.b64encode(json.dumps(said).encode()).decode()


def _said(given: Sequence[str], known: Sequence[str]) -> str:
    """What the labels say of the machine; nothing where they say nothing, since nobody else knows yet."""
    small = {label.lower() for label in given}
    return next((word for word in known if word.lower() in small), "")


def _group(owner: Account | None, number: int) -> RunnerGroup | None:
    if owner is not None:
        return groups.find(owner, number)
    if number != groups.DEFAULT_NUMBER:
        raise NotFound
    return None


def _check(wanted: Wanted) -> None:
    if not wanted.labels:
        raise Invalid("Validation Failed", [FieldError("Runner", "labels", "missing_field")])
    labels.check(wanted.labels)
    if not registration.is_name(wanted.name):
        reason = "must be 1 to 64 characters without line breaks"
        raise Invalid("Validation Failed", [FieldError("Runner", "name", "invalid", reason)])
    if wanted.container_url and not registration.is_own_address(wanted.container_url):
        reason = "is not on the server's list of addresses"
        raise Invalid("Validation Failed", [FieldError("Runner", "container_url", "invalid", reason)])
    if not _FOLDER.fullmatch(wanted.work_folder):
        reason = "must be the name of a folder"
        raise Invalid("Validation Failed", [FieldError("Runner", "work_folder", "invalid", reason)])
