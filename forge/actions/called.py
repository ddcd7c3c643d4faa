"""The files that a workflow calls, read from git: of its own commit, or of other repositories that share theirs.

Never within a transaction. What cannot be found is left out, and then the parser says so at the call.
"""

from __future__ import annotations

from collections.abc import Iterator

from forge.actions import sources
from forge.actions.sources import CalledFile, File
from forge.repos import access, git, workflow_permissions
from forge.repos.models import Repository
from workflows.parser.calls import full_reference

#: GitHub's limits; one more file is read, so that the parser sees that there are too many.
MOST_FILES = 50


def whole(repository: Repository, sha: str, path: str, data: bytes) -> File:
    """A workflow file of a commit with everything that it calls, directly and through others."""
    found: dict[str, CalledFile] = {}
    todo = list(_references(path, data))
    asked = set(todo)
    while todo and len(found) <= MOST_FILES:
        reference = todo.pop(0)
        one = _read(repository, sha, reference)
        if one is None:
            continue
        found[reference] = one
        new = [each for each in _references(reference, one.data) if each not in asked]
        asked.update(new)
        todo += new
    default = workflow_permissions.of(repository).default if found else ""
    return File(path, data, tuple(found.values()), default)


def _references(path: str, data: bytes) -> Iterator[str]:
    """What the jobs of a file call, by the reference that is full there."""
    workflow = sources.alone(path, data).workflow
    for job in workflow.jobs if workflow else ():
        if job.call is not None:
            yield full_reference(job.call.uses, path)


def _read(repository: Repository, sha: str, reference: str) -> CalledFile | None:
    if reference.startswith("./"):
        path = reference.removeprefix("./")
        place = f"{repository.full_name}/{path}@{sha}"
        return _file(repository, sha, path, reference, place)
    name, _, version = reference.partition("@")
    owner, _, rest = name.partition("/")
    project, _, path = rest.partition("/")
    other = access.sharing(repository, owner, project)
    found = git.resolve(other, version) if other is not None and version else None
    if other is None or found is None:
        return None
    full, commit = found
    ref = full if full.startswith("refs/") else ""
    return _file(other, commit, path, reference, f"{other.full_name}/{path}@{version}", ref)


def _file(repository: Repository, sha: str, path: str, reference: str, place: str, ref: str = "") -> CalledFile | None:
    data = git.read_file(repository, sha, path, git.WORKFLOW_LIMIT + 1)
    return None if data is None else CalledFile(reference, data, place, sha, ref)
