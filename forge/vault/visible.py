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
from dataclasses import dataclass, field, replace
from typing import TypeVar

from forge.accounts import audit
from forge.environments import environments
from forge.environments.models import Environment
from forge.repos.models import Repository
from forge.vault import keys, queries, sealing
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
    #: What it would see without its environment: what callers of the job's file can hand on.
    inherited: dict[str, str] = field(default_factory=dict, repr=False)
    #: The names that are the environment's own.
    of_environment: frozenset[str] = frozenset()


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
    shown = _secrets(repository, place) if trusted else Visible()
    shown = replace(shown, variables=_variables(repository, place))
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


def _secrets(repository: Repository, environment: Environment | None) -> Visible:
    rows = _reachable(Secret, repository, environment)
    shared = [row for row in rows if row.organization_id is not None][:ORGANIZATION_SECRETS]
    inherited = {row.name: row for row in (*shared, *_of_repository(rows))}
    own = {row.name: row for row in _of_environment(rows)}

    def read(row: Secret) -> str:
        return sealing.unseal(_known(row, repository, environment))

    # Only what the job gets is decrypted: a row that cannot be read and is overridden harms nobody.
    given = {name: read(row) for name, row in sorted((inherited | own).items())}
    behind = {name: given[name] for name in inherited if name not in own}
    for name in inherited.keys() & own.keys():
        try:
            behind[name] = read(inherited[name])
        except keys.Unreadable:
            continue
    return Visible(given, inherited=behind, of_environment=frozenset(own))


def _variables(repository: Repository, environment: Environment | None) -> dict[str, str]:
    rows = _reachable(Variable, repository, environment)
    own, left = _fitting(_of_repository(rows), VARIABLE_BYTES)
    shared, _ = _fitting((row for row in rows if row.organization_id is not None), left)
    winning = {row.name: row.value for row in (*shared, *own, *_of_environment(rows))}
    return dict(sorted(winning.items()))


def _reachable(model: type[E], repository: Repository, environment: Environment | None) -> list[E]:
    """The rows of all three scopes by name, in one query. Put together from one for each scope: SQLite reads the
    whole table where one condition names them all."""
    rows = model._default_manager
    scopes = [rows.filter(repository_id=repository.pk), rows.filter(queries.reach(model, repository))]
    if environment is not None:
        scopes.append(rows.filter(environment_id=environment.pk))
    return list(scopes[0].union(*scopes[1:], all=True).order_by("name"))


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
