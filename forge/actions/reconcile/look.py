"""Look at rows and say what breaks a rule; and look again, under the locks, before it counts."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction

from forge.actions import advance, concurrency, repeat, transitions
from forge.actions.models import ConcurrencyGroup, Job, JobLog, Run, Workflow
from forge.actions.reconcile import attempts, groups, jobs, site
from forge.actions.reconcile.groups import GroupRows
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
    "run": (*attempts.RULES, *jobs.RULES, *groups.RUN_RULES),
    "group": groups.GROUP_RULES,
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
        for rule in RULES["run"]:
            found += _at_runs(rule, rows)
    return found


def _at_runs(rule: Rule[RunRows], rows: RunRows) -> list[Found]:
    """One rule. Rows so broken that it cannot even be asked break it; they keep it from no other run."""
    try:
        return list(rule.look(rows))
    except Exception as error:
        if len(rows.ids) > 1:
            return [one for run in rows.ids for one in _at_runs(rule, RunRows([run], rows.settle))]
        log.warning("run %s: the rule %s cannot be asked", rows.ids[0], rule.name, exc_info=True)
        scope = f"run:{rows.ids[0]}"
        return [Found(rule.name, scope, scope, {"error": f"{type(error).__name__}: {error}"})]


def at_repositories(ids: Iterable[int]) -> list[Found]:
    """What breaks a rule in the counters of these repositories."""
    found: list[Found] = []
    for some in _together(ids):
        rows = RepositoryRows(some)
        found += [one for rule in site.REPOSITORY_RULES for one in rule.look(rows)]
    return found


def at_groups(ids: Iterable[int]) -> list[Found]:
    """What breaks a rule in these concurrency groups."""
    found: list[Found] = []
    for some in _together(ids):
        rows = GroupRows(some)
        found += [one for rule in groups.GROUP_RULES for one in rule.look(rows)]
    return found


def at_site() -> list[Found]:
    """What waits too long, wherever it is."""
    return [one for rule in site.SITE_RULES for one in rule.look(Site())]


def everywhere() -> list[Found]:
    """What breaks a rule in all that there is. For small databases: it reads every run."""
    runs = Run.objects.values_list("pk", flat=True)
    repositories = Repository.objects.values_list("pk", flat=True)
    lines = ConcurrencyGroup.objects.values_list("pk", flat=True)
    return [*at_runs(runs), *at_repositories(repositories), *at_groups(lines), *at_site()]


def again(scope: str, settle: timedelta = SETTLE) -> list[Found]:
    """The same for one scope while nobody can change it: what is found now was no half of somebody's transaction."""
    kind, _, number = scope.partition(":")
    match kind:
        case "run":
            return _locked_run(int(number), settle)
        case "repository":
            return _locked_repository(int(number))
        case "group":
            concurrency.settle(int(number))  # as the nudge of whoever gave it back does, or the next sweep
            return _locked_group(int(number))
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


@repeat.on_deadlock
def _locked_group(group_id: int) -> list[Found]:
    with transaction.atomic():
        list(ConcurrencyGroup.objects.select_for_update(no_key=True).filter(pk=group_id))
        return at_groups([group_id])


def _together(ids: Iterable[int]) -> Iterable[list[int]]:
    ordered = sorted(set(ids))
    return (ordered[at : at + TOGETHER] for at in range(0, len(ordered), TOGETHER))
