"""What somebody has to know who lets a run go on that waits as a whole for an approval: who started it, and which
workflow files would run in another form than on the default branch."""

from __future__ import annotations

from dataclasses import dataclass

from forge.accounts.models import Account
from forge.actions.models import Run
from forge.repos import access, git, history
from forge.repos.models import Repository, Right
from forge.web import places
from workflows.states import Hold


@dataclass(frozen=True)
class Change:
    """A workflow file that is not as it was where the run's commit left the default branch. ``how``: added, changed,
    removed."""

    path: str
    how: str


@dataclass(frozen=True)
class Asked:
    """``changes`` is None where there is nothing to compare with."""

    is_first: bool
    changes: tuple[Change, ...] | None


def of_run(run: Run) -> Asked:
    """What to say of a run that waits."""
    return Asked(_is_first(run.repository, run.actor, run), _changes(run.repository, run.head_sha))


def _is_first(repository: Repository, person: Account | None, run: Run) -> bool:
    """True for somebody who may not write here, and of whom no earlier run here was ever let go on."""
    if person is None or access.account_right(person, repository) >= Right.WRITE:
        return False
    earlier = Run.objects.filter(repository=repository, actor=person, pk__lt=run.pk, latest_attempt__isnull=False)
    return not earlier.exclude(latest_attempt__hold=Hold.APPROVAL).exists()


def _changes(repository: Repository, sha: str) -> tuple[Change, ...] | None:
    top = places.head(repository)
    base = history.merge_base(repository, top.sha, sha) if top else None
    if base is None:
        return None
    before, after = (dict(git.workflow_files(repository, one)) for one in (base, sha))
    found = []
    for path in sorted({*before, *after}):
        if path not in before:
            found.append(Change(path, "added"))
        elif path not in after:
            found.append(Change(path, "removed"))
        elif before[path] != after[path]:
            found.append(Change(path, "changed"))
    return tuple(found)
