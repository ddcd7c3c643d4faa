"""Reads that only pages need. Each costs a constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT

from forge.accounts.models import Account
from forge.actions.models import Job, JobNode, LogPage, PinnedWorkflow, Run, RunAttempt, RunEvent, Workflow
from forge.actions.queries import runs
from forge.repos.models import Ref, Repository
from workflows.states import Conclusion

PAGE = 25
#: Words are looked for in so many of the newest runs that fit otherwise.
SEARCHED = 6_000


@dataclass(frozen=True)
class RunPage:
    """One page of the run list, newest first. ``newer`` and ``older`` are run ids to go on from."""

    rows: tuple[Run, ...]
    newer: int | None
    older: int | None
    total: int
    more: bool  # there are more than total


def run_page(
    repository: Repository,
    wanted: runs.RunFilter,
    *,
    words: Sequence[str] = (),
    sha: str = "",
    after: int | None = None,
    before: int | None = None,
    searched: int = SEARCHED,
    counted: int = runs.SEARCH_LIMIT,
) -> RunPage:
    """Runs older than ``after``, or newer than ``before``; ``words`` stand in the title or the commit's message, in any
    case, and are looked for in the ``searched`` newest runs that fit otherwise; ``sha`` is a beginning. Of those with
    the words no more than ``counted`` are counted."""
    found = runs.runs(repository, wanted)
    if sha:  # as a span, for which any index on it will do
        found = found.filter(head_sha__gte=sha.lower(), head_sha__lt=f"{sha.lower()}g")
    ids: list[int] = []
    if words:
        ids = _with_words(found[:searched], words)
        found = found.filter(pk__in=_around(ids, after, before))
    rows = _slice(found, after, before)
    whole = after is None and before is None and len(rows) <= PAGE
    has_newer = bool(rows) and (after is not None or (before is not None and len(rows) > PAGE))
    has_older = before is not None or len(rows) > PAGE
    rows = rows[-PAGE:] if before is not None else rows[:PAGE]
    is_search = bool(sha) or wanted.search
    if words:
        total, more = min(len(ids), counted), len(ids) > counted
    elif whole and is_search:  # what stands on one page is counted already: nothing is looked for twice
        total, more = len(rows), False
    else:
        total, more = _total(repository, wanted, found, is_search)
    newer = rows[0].pk if has_newer else None
    return RunPage(tuple(rows), newer, rows[-1].pk if rows and has_older else None, total, more)


def _with_words(among: QuerySet[Run], words: Sequence[str]) -> list[int]:
    """Ids of the runs with every word, newest first.

    They are compared here. No index knows what stands within a text, and a database that believes that few runs have
    the words, as PostgreSQL does, looks for them in every run that there ever was rather than in those that fit.
    """
    first, *others = [word.casefold() for word in words]
    rows = among.values_list("id", "title", KT("head_commit__message"))
    texts = ((pk, f"{title}\0{message or ''}".casefold()) for pk, title, message in rows)
    return [pk for pk, text in texts if first in text and all(word in text for word in others)]


def _around(ids: list[int], after: int | None, before: int | None) -> list[int]:
    """Those of a page, and one more."""
    if before is not None:
        return [pk for pk in ids if pk > before][-PAGE - 1 :]
    return [pk for pk in ids if after is None or pk < after][: PAGE + 1]


def _slice(found: QuerySet[Run], after: int | None, before: int | None) -> list[Run]:
    if before is not None:
        return list(found.filter(id__gt=before).reverse()[: PAGE + 1])[::-1]
    return list((found.filter(id__lt=after) if after is not None else found)[: PAGE + 1])


def _total(repository: Repository, wanted: runs.RunFilter, found: QuerySet[Run], is_search: bool) -> tuple[int, bool]:
    if not is_search:
        return runs.count(repository, wanted), False
    counted = found.select_related(None)[: runs.SEARCH_LIMIT + 1].count()
    return min(counted, runs.SEARCH_LIMIT), counted > runs.SEARCH_LIMIT


@dataclass(frozen=True)
class SideWorkflow:
    """A workflow in the side list with the attempt that its newest run shows, and whether the person has pinned it."""

    workflow: Workflow
    latest: RunAttempt | None
    pinned: bool


def side(repository: Repository, account: Account | None = None) -> list[SideWorkflow]:
    """Workflows that the person has pinned, then the others, A to Z, then the disabled; those that are gone stay while
    they have runs."""
    newest = (
        Run.objects.filter(workflow=OuterRef("pk"), latest_attempt__isnull=False)
        .order_by("-id")
        .values("latest_attempt")
    )
    pinned = PinnedWorkflow.objects.filter(workflow=OuterRef("pk"), account=account and account.pk)
    found = list(runs.workflows(repository).annotate(newest=Subquery(newest[:1]), pinned=Exists(pinned)))
    found = [one for one in found if one.state != Workflow.State.DELETED or one.run_count]
    attempts = RunAttempt.objects.in_bulk([one.newest for one in found if one.newest])
    found.sort(key=lambda one: (not one.pinned, one.state != Workflow.State.ACTIVE, one.name.lower(), one.path))
    return [SideWorkflow(one, attempts.get(one.newest), one.pinned) for one in found]


def branches(repository: Repository, limit: int = 100) -> list[str]:
    """Names of branches that were pushed and are there."""
    names = Ref.objects.filter(repository=repository, name__startswith="refs/heads/").exclude(sha__regex="^0+$")
    return [name.removeprefix("refs/heads/") for name in names.order_by("name").values_list("name", flat=True)[:limit]]


def actors(repository: Repository, limit: int = 50) -> list[str]:
    """Logins of those who started one of the last 500 runs."""
    recent = Run.objects.filter(repository=repository).order_by("-id").values("actor")[:500]
    return list(Account.objects.filter(pk__in=recent).order_by("login_key").values_list("login", flat=True)[:limit])


def last_runs(repository: Repository, limit: int = 5) -> list[Run]:
    """The newest runs."""
    return list(runs.runs(repository)[:limit])


def attempts(run: Run) -> list[RunAttempt]:
    """Every attempt, newest first."""
    return list(run.attempts.select_related("triggering_actor").order_by("-number"))


@dataclass(frozen=True)
class Counts:
    """Jobs of an attempt: how many are its own, how many of those did not succeed, how many it carries over."""

    own: int = 0
    failed: int = 0
    carried: int = 0


def counts_of_attempts(run: Run) -> dict[int, Counts]:
    """Of each attempt of a run, by id; skipped jobs count for nothing."""
    failed = Q(carries=None, conclusion__in=(Conclusion.FAILURE, Conclusion.TIMED_OUT))
    rows = Job.objects.filter(run=run).exclude(conclusion=Conclusion.SKIPPED).order_by().values("attempt")
    found = rows.annotate(
        own=Count("id", filter=Q(carries=None)),
        failed=Count("id", filter=failed),
        carried=Count("id", filter=Q(carries__isnull=False)),
    )
    return {row["attempt"]: Counts(row["own"], row["failed"], row["carried"]) for row in found}


def job_names(ids: Iterable[int]) -> dict[int, str]:
    """Names of jobs by their ids."""
    return dict(Job.objects.filter(pk__in=list(ids)).values_list("id", "name"))


def results_before(attempt: RunAttempt) -> dict[str, tuple[str, str | None]]:
    """Status and conclusion of each job of the attempt before this one, by name; of the first one nothing."""
    before = Job.objects.filter(attempt__run=attempt.run_id, attempt__number=attempt.number - 1, run=attempt.run_id)
    rows = before.values_list("name", "status", "conclusion")
    return {name: (status, conclusion) for name, status, conclusion in rows}


def nodes(attempt: RunAttempt) -> list[JobNode]:
    """The job keys in the order of the file."""
    return list(attempt.nodes.order_by("position", "id"))


def events_after(run_id: int, sequence: int, limit: int = 200) -> list[RunEvent]:
    """What changed in a run since that number, in order."""
    return list(RunEvent.objects.filter(run_id=run_id, sequence__gt=sequence).order_by("sequence")[:limit])


def page_before(job: Job, epoch: int, offset: int) -> LogPage | None:
    """The sealed page of a job's log that begins at or before an offset."""
    return LogPage.objects.filter(job=job, epoch=epoch, offset__lte=offset).order_by("-offset").first()


def open_jobs(attempts: Iterable[RunAttempt]) -> list[Job]:
    """The jobs of some attempts that are not over, with what they ask for."""
    found = Job.objects.filter(attempt__in=[one.pk for one in attempts]).exclude(status="completed")
    return list(found.select_related("label_set").order_by("id")[:500])


def ahead(job: Job) -> int:
    """How many jobs of the same owner that ask for the same labels wait for a runner before it."""
    waiting = Job.objects.filter(owner=job.owner_id, label_set=job.label_set_id, status="queued", free=True)
    return waiting.filter(pk__lt=job.pk).order_by().count()
