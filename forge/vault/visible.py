"""What a job may see of the vault. This is the only place that decides it, and the only one that decrypts
for use; whatever is handed over is written to the audit log.

- Of one name, the environment's wins over the repository's, and that over the organisation's.
- A run that is not trusted (it runs a fork's code) gets no secret, whatever its workflow says; it gets variables.
- Of more than 100 secrets that an organisation shares with a repository, the first 100 by name count.
- Variables of repository and organisation fill 256 KB together: first the repository's, then the
  organisation's, each by name, up to the first that does not fit. An environment's are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from django.db.models import Q, QuerySet

from forge.accounts import audit
from forge.environments import environments
from forge.environments.models import Environment
from forge.repos.models import Repository
from forge.vault import queries, sealing
from forge.vault.models import Secret, Variable

E = TypeVar("E", Secret, Variable)

#: Secrets of an organisation that one repository can use.
ORGANIZATION_SECRETS = 100
#: Bytes of the variables of repository and organisation together.
VARIABLE_BYTES = 256 * 1024


@dataclass(frozen=True)
class Visible:
    """Secrets and variables by name."""

    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    variables: dict[str, str] = field(default_factory=dict)


def for_job(
    repository: Repository,
    environment: str | None,
    *,
    job_id: int,
    run_id: int,
    epoch: int,
    trusted: bool,
) -> Visible:
    """What this job gets for this claim, in five queries at most; an audit entry names the secrets, if there are any.

    Give the repository with its owner. ``keys.Unreadable`` (a ``ForgeError``) names a secret that cannot be
    decrypted: the job cannot run then, others can.
    """
    place = _environment(repository, environment)
    shown = Visible(_secrets(repository, place) if trusted else {}, _variables(repository, place))
    if shown.secrets:
        audit.write(
            "secrets.handed_over",
            owner_id=repository.owner_id,
            repository_id=repository.pk,
            environment=place.name if place else "",
            scope=f"the repository {repository.full_name}",
            names=sorted(shown.secrets),
            run_id=run_id,
            job_id=job_id,
            epoch=epoch,
        )
    return shown


def variables(repository: Repository, environment: str | None = None) -> dict[str, str]:
    """The ``vars`` context of a run; with an environment, that of its jobs. Two queries at most."""
    return _variables(repository, _environment(repository, environment))


def _environment(repository: Repository, name: str | None) -> Environment | None:
    """The environment, if there is one of this name: naming one does not make it here."""
    return environments.named(repository, name) if name else None


def _secrets(repository: Repository, environment: Environment | None) -> dict[str, str]:
    rows = list(_reachable(Secret, repository, environment).order_by("name"))
    shared = [row for row in rows if row.organization_id is not None][:ORGANIZATION_SECRETS]
    winning: dict[str, Secret] = {}
    for row in (*shared, *_of_repository(rows), *_of_environment(rows)):
        winning[row.name] = row
    # Only what the job gets is decrypted: a row that cannot be read and is overridden harms nobody.
    return {name: sealing.unseal(_known(row, repository, environment)) for name, row in sorted(winning.items())}


def _variables(repository: Repository, environment: Environment | None) -> dict[str, str]:
    rows = list(_reachable(Variable, repository, environment).order_by("name"))
    own, left = _fitting(_of_repository(rows), VARIABLE_BYTES)
    shared, _ = _fitting((row for row in rows if row.organization_id is not None), left)
    winning = {row.name: row.value for row in (*shared, *own, *_of_environment(rows))}
    return dict(sorted(winning.items()))


def _reachable(model: type[E], repository: Repository, environment: Environment | None) -> QuerySet[E]:
    wanted = Q(repository_id=repository.pk) | queries.reach(model, repository)
    if environment is not None:
        wanted |= Q(environment_id=environment.pk)
    return model._default_manager.filter(wanted)


def _of_repository(rows: Iterable[E]) -> list[E]:
    return [row for row in rows if row.repository_id is not None]


def _of_environment(rows: Iterable[E]) -> list[E]:
    return [row for row in rows if row.environment_id is not None]


def _fitting(rows: Iterable[Variable], room: int) -> tuple[list[Variable], int]:
    """The first of them that fit together, and the room that is left."""
    taken: list[Variable] = []
    for row in rows:
        size = len(row.value.encode())
        if size > room:
            return taken, 0
        room -= size
        taken.append(row)
    return taken, room


def _known(row: Secret, repository: Repository, environment: Environment | None) -> Secret:
    """The row with what it belongs to, which is known here: an error can name it without another query."""
    if row.repository_id is not None:
        row.repository = repository
    elif row.environment_id is not None and environment is not None:
        row.environment = environment
    else:
        row.organization = repository.owner
    return row
