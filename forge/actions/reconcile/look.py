"""Look at rows and say what breaks a rule; and look again, under the locks, before it counts."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction

from forge.actions import advance, repeat, transitions
from forge.actions.models import Job, JobLog, Run, Workflow
from forge.actions.reconcile import attempts, jobs, site
from forge.actions.reconcile.rule import Found, Rule
from forge.actions.reconcile.run_rows import RunRows
from forge.actions.reconcile.site import RepositoryRows, Site
from forge.repos.models import Repository

log = logging.getLogger(__name__)

#: What is done after a commit, by another process or by the next sweep, is done by then.
SETTLE = timedelta(seconds=60)
#: Runs, and repositories, whose rows are read together.
TOGETHER = 50

#: Every rule by the word that begins the scopes it is about.
RULES: dict[str, tuple[Rule[Any], ...]] = {
    "run": (*attempts.RULES, *jobs.RULES),
    "repository": site.REPOSITORY_RULES,
    "site": site.SITE_RULES,
}
#: What each rule says, by its name.
SENTENCES = {rule.name: rule.sentence for rules in RULES.values() for rule in rules}


def at_runs(ids: Iterable[int], settle: timedelta = timedelta(0)) -> list[Found]:
    """What breaks a rule in these runs, as they stand."""
    found: list[Found] = []
    for some in _together(ids):
        rows = RunRows(some, settle)
        found += [one for rule in (*attempts.RULES, *jobs.RULES) for one in rule.look(rows)]
    return found


def at_repositories(ids: Iterable[int]) -> list[Found]:
    """What breaks a rule in the counters of these repositories."""
    found: list[Found] = []
    for some in _together(ids):
        rows = RepositoryRows(some)
        found += [one for rule in site.REPOSITORY_RULES for one in rule.look(rows)]
    return found


def at_site() -> list[Found]:
    """What waits too long, wherever it is."""
    return [one for rule in site.SITE_RULES for one in rule.look(Site())]


def everywhere() -> list[Found]:
    """What breaks a rule in all that there is. For small databases: it reads every run."""
    runs, repositories = (model.objects.values_list("pk", flat=True) for model in (Run, Repository))
    return [*at_runs(runs), *at_repositories(repositories), *at_site()]


def again(scope: str, settle: timedelta = SETTLE) -> list[Found]:
    """The same for one scope while nobody can change it: what is found now was no half of somebody's transaction."""
    kind, _, number = scope.partition(":")
    match kind:
        case "run":
            return _locked_run(int(number), settle)
        case "repository":
            return _locked_repository(int(number))
    return at_site()


def mend(found: Sequence[Found], settle: timedelta = SETTLE) -> list[Found]:
    """Ask for the moves of a run again, where that may put it right; answers what is still wrong with it."""
    scope = found[0].scope
    try:
        advance.run(int(scope.partition(":")[2]))
    except Exception:  # what cannot go on is just what has to be reported
        log.exception("%s could not be advanced", scope)
    return again(scope, settle)


@repeat.on_deadlock
def _locked_run(run_id: int, settle: timedelta) -> list[Found]:
    with transaction.atomic():
        try:
            transitions.lock(run_id)
        except Run.DoesNotExist:
            return []
        # In the order of all verbs; a claim takes the row of its job, so none is taken meanwhile.
        list(Job.objects.select_for_update(no_key=True).filter(run=run_id).order_by("pk").values_list("pk"))
        logs = JobLog.objects.select_for_update(of=("self",)).filter(job__run=run_id).order_by("job_id")
        list(logs.values_list("pk"))
        return at_runs([run_id], settle)


@repeat.on_deadlock
def _locked_repository(repository_id: int) -> list[Found]:
    with transaction.atomic():
        list(Repository.objects.select_for_update(no_key=True).filter(pk=repository_id))
        list(Workflow.objects.select_for_update(no_key=True).filter(repository=repository_id).order_by("pk"))
        return at_repositories([repository_id])


def _together(ids: Iterable[int]) -> Iterable[list[int]]:
    ordered = sorted(set(ids))
    return (ordered[at : at + TOGETHER] for at in range(0, len(ordered), TOGETHER))
