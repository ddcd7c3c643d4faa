"""An event to the runs of the workflow files that it fires.

Git is read first, outside any transaction; then one transaction writes every run of the event and marks
it expanded. Doing it twice changes nothing: the event is locked and no longer pending, and a run is
unique by event and file. An event that fails five times becomes a visible startup failure.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from forge import storable
from forge.actions import advance, called, events, payloads, plan, repeat, schedules, workflow_runs
from forge.actions.models import Event, Run, Workflow
from forge.actions.sources import File, Parsed
from forge.repos import git, policies
from forge.repos.models import Ref, Repository
from workflows import triggers

log = logging.getLogger(__name__)

TRIES = 5
#: Where workflows live; the first folder wins where both hold a file of one name.
FOLDERS = (".shithub/workflows/", ".github/workflows/")
_SKIP = re.compile(r"\[(skip ci|ci skip|no ci|skip actions|actions skip)\]", re.IGNORECASE)
_SKIP_TRAILER = re.compile(r"\n\nskip-checks: ?true\s*\Z", re.IGNORECASE)


@dataclass(frozen=True)
class _Reading:
    """What git says of an event's commit."""

    commit: Mapping[str, Any]
    files: tuple[File, ...]
    changed: tuple[str, ...] | None


def expand(event_id: int) -> list[Run]:
    """Make the runs of an event and let them go on. An event that is not pending is left alone."""
    event = Event.objects.select_related("repository__owner", "actor").filter(pk=event_id).first()
    if event is None or event.state != Event.State.PENDING:
        return []
    if event.repository.deleted_at is not None:
        _finish(event, "The repository is deleted.")
        return []
    try:
        runs = _expand(event)
    except Exception as error:
        log.exception("event %s could not be expanded", event_id)
        runs = _failed(event, error)
    for run in runs:
        advance.begin(run)
    return runs


def _expand(event: Event) -> list[Run]:
    if not _find_commit(event):
        _finish(event, f"There is no {event.ref} to run on.")
        return []
    reading = _read(event)
    why = event.quiet
    if not why and not policies.enabled(event.repository):
        why = f"{policies.DISABLED}."
    if not why and event.name == "push" and skipped(reading.commit["message"]):
        why = "The commit message asks to skip workflow runs."
    concerned = [file for file in reading.files if event.workflow_path in ("", file.path)]
    plans = [] if why else [one for file in concerned if (one := _plan(event, file, reading)) is not None]
    event.error = why
    if plans:
        event.payload = storable.data(payloads.complete(event, reading.commit))
    return _write(event, reading, plans)


def _find_commit(event: Event) -> bool:
    """Settle on the commit of an event that means whatever its ref's head is; False when there is none."""
    if not event.sha:
        found = git.resolve(event.repository, event.ref)
        event.sha = found[1] if found else ""
    return bool(event.sha)


def skipped(message: str) -> bool:
    """True when a commit message holds one of GitHub's marks that skip push runs."""
    return bool(_SKIP.search(message) or _SKIP_TRAILER.search(message))


def _read(event: Event) -> _Reading:
    repository = event.repository
    commit = git.commit(repository, event.sha)
    files = effective(git.workflow_files(repository, event.sha))
    changed = git.changed_paths(repository, event.before, event.sha) if event.name == "push" else None
    files = tuple(called.whole(repository, event.sha, file.path, file.data) for file in files)
    return _Reading(commit, files, None if changed is None else tuple(changed))


def effective(found: Sequence[tuple[str, bytes]]) -> tuple[File, ...]:
    """The files that count: of two with one name in both folders, the one in ``.shithub/workflows``."""
    by_name: dict[str, File] = {}
    for folder in FOLDERS:
        for path, data in found:
            if path.startswith(folder):
                by_name.setdefault(path.rsplit("/", 1)[-1], File(path, data))
    return tuple(sorted(by_name.values(), key=lambda file: file.path))


def _plan(event: Event, file: File, reading: _Reading) -> plan.Plan | None:
    """What the file makes of the event; None when it does not concern it. A defect of ours is its own failure."""
    try:
        parsed = file.parsed()
        if not _fires(event, file, parsed, reading):
            return None
    except Exception:
        log.exception("%s of event %s could not be read", file.path, event.pk)
        if event.tries + 1 < TRIES:
            raise
        return _broken(file, ["The file could not be processed because of an internal error."])
    return plan.Plan(file, parsed.name, parsed.workflow, parsed.problems)


def _fires(event: Event, file: File, parsed: Parsed, reading: _Reading) -> bool:
    happened = _happened(event, reading)
    if event.name == "workflow_run" and event.payload["workflow"]["path"] == file.path:
        return False  # none follows itself
    if parsed.workflow is not None:
        return triggers.matches(parsed.workflow, happened) is not None
    if parsed.partial is not None and parsed.partial.on:
        return triggers.matches(parsed.partial, happened) is not None
    # Nobody can tell what the file wants: as on GitHub, every push to a branch shows that it is broken.
    return event.name == "push" and happened.branch is not None


def _happened(event: Event, reading: _Reading) -> triggers.Event:
    """What the filters of ``on:`` look at."""
    said = event.payload
    run = said.get("workflow_run", {}) if event.name == "workflow_run" else {}
    return triggers.Event(
        event.name,
        event.ref,
        reading.changed,
        action=said.get("action"),
        head_branch=run.get("head_branch") or None,
        workflow=run.get("name"),
        schedule=said.get("schedule"),
    )


def _broken(file: File, messages: Sequence[str]) -> plan.Plan:
    return plan.Plan(file, file.path, None, plan.problems_of(file.path, messages))


@repeat.on_deadlock
def _write(event: Event, reading: _Reading, plans: Sequence[plan.Plan]) -> list[Run]:
    runs = []
    with transaction.atomic():
        if not Event.objects.select_for_update().filter(pk=event.pk, state=Event.State.PENDING).exists():
            return []
        # The repository's row first, then its workflows: one order for all who count runs.
        Repository.objects.select_for_update(no_key=True).get(pk=event.repository_id)
        rows = _register(event, reading.files) if _moves_default_branch(event) else {}
        for one in plans:
            row = rows.get(one.file.path) or plan.row_of(event.repository, one.file.path, one.name)
            if row.state != Workflow.State.DISABLED_MANUALLY:
                runs.append(plan.make(event, row, one, reading.commit))
        _mark(event, Event.State.EXPANDED)
    return runs


def _moves_default_branch(event: Event) -> bool:
    """True when the event brought the default branch to where it is now: one that is expanded late must not
    undo what a newer one has said of the workflows."""
    if event.name not in ("push", "default_branch") or event.ref != events.default_ref(event.repository):
        return False
    now = Ref.objects.filter(repository=event.repository_id, name=event.ref).values_list("sha", flat=True).first()
    return now in (None, event.sha)


def _register(event: Event, files: Sequence[File]) -> dict[str, Workflow]:
    """Hold the workflow rows and their schedules against the files at the default branch's head; the rows by path."""
    repository, rows = event.repository, Workflow.objects.filter(repository=event.repository)
    known = {row.path: row for row in rows}
    found = {file.path: _row_of(repository, file, known.get(plan.kept_path(file.path))) for file in files}
    there = {row.pk for row in found.values()}
    gone = [row.pk for row in known.values() if row.state == Workflow.State.ACTIVE and row.pk not in there]
    if gone:
        left = rows.filter(pk__in=gone, state=Workflow.State.ACTIVE)
        left.update(state=Workflow.State.DELETED, follows=None, updated_at=timezone.now())
    schedules.keep(repository, [(found[file.path], file) for file in files], event.actor)
    return found


def _row_of(repository: Repository, file: File, row: Workflow | None) -> Workflow:
    """The row of a file, made where there is none, and what the file says of it now."""
    parsed = file.parsed()
    name = storable.text(parsed.name or file.path)
    row = row or plan.row_of(repository, file.path, name)
    alive = Workflow.State.ACTIVE if row.state == Workflow.State.DELETED else row.state
    said = {"name": name, "follows": workflow_runs.followed(parsed.workflow), "state": alive}
    changed = [field for field, value in said.items() if getattr(row, field) != value]
    for field in changed:
        setattr(row, field, said[field])
    if changed:
        row.save(update_fields=[*changed, "updated_at"])
    return row


def _finish(event: Event, why: str) -> None:
    event.error = why
    _mark(event, Event.State.EXPANDED)


def _mark(event: Event, state: Event.State) -> None:
    rows = Event.objects.filter(pk=event.pk, state=Event.State.PENDING)
    rows.update(state=state, error=event.error, payload=event.payload, sha=event.sha)
    event.state = state


def _failed(event: Event, error: Exception) -> list[Run]:
    """Try again later, each time a little later; after the fifth time say so where people look."""
    text = storable.text(f"{type(error).__name__}: {error}")[:2000]
    tries = event.tries + 1
    if tries < TRIES:
        later = timezone.now() + timedelta(seconds=2**tries)
        Event.objects.filter(pk=event.pk, state=Event.State.PENDING).update(tries=tries, error=text, next_try_at=later)
        return []
    return _show_failure(event, text)


@repeat.on_deadlock
def _show_failure(event: Event, text: str) -> list[Run]:
    """One startup failure for each workflow that the repository has, or for its folder when it has none."""
    commit: dict[str, Any] = {
        "id": event.sha or git.ZERO,
        "message": "",
        "timestamp": None,
        "tree_id": "",
        "author": {},
        "committer": {},
    }
    with transaction.atomic():
        if not Event.objects.select_for_update().filter(pk=event.pk, state=Event.State.PENDING).exists():
            return []
        Repository.objects.select_for_update(no_key=True).get(pk=event.repository_id)
        known = Workflow.objects.filter(repository=event.repository, state=Workflow.State.ACTIVE)
        paths = [event.workflow_path] if event.workflow_path else list(known.values_list("path", flat=True))
        runs = []
        for path in paths or [FOLDERS[0].rstrip("/")]:
            why = [f"This event could not be turned into a run, {TRIES} times: {text}"]
            row = plan.row_of(event.repository, path, path)
            runs.append(plan.make(event, row, _broken(File(path, b""), why), commit))
        event.error = text
        Event.objects.filter(pk=event.pk).update(tries=TRIES)
        _mark(event, Event.State.FAILED)
    return runs
