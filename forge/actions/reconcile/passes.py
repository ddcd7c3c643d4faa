"""Go through the rows a little at a time: what changed lately, what is open, and slowly everything else.

Each walk goes along an index from where it stopped, so that a pass costs the same however much there is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db.models import Max, QuerySet
from django.db.models.functions import Now

from forge.actions.models import ConcurrencyGroup, Finding, LookCursor, Place, Run, RunAttempt, RunEvent
from forge.actions.reconcile import findings, look
from forge.actions.reconcile.rule import Found
from forge.repos.models import Repository
from workflows.states import Status

#: A pass reads so many changes of runs, open runs, runs of any age, and places in concurrency groups.
CHANGES, OPEN, OTHERS, PLACES = 2000, 200, 100, 200
#: More changes than this behind, the walk along them leaves the rest to the slow one.
BEHIND = 20 * CHANGES
#: Counting runs reads an index entry for each: a pass takes repositories until they have so many, but at least one.
COUNTED = 100_000
REPOSITORIES = 50
REMEMBERED = 100


@dataclass
class Seen:
    """What a pass looked at, and the rows of what it found."""

    runs: int = 0
    repositories: int = 0
    findings: list[Finding] = field(default_factory=list)


def a_pass(settle: timedelta = look.SETTLE) -> Seen:
    """One round: a bounded number of runs and repositories, and where something was wrong before."""
    remembered = findings.open_scopes(REMEMBERED)
    runs = {*_changed(settle), *_open(), *_others(), *_numbers(remembered, "run")}
    repositories = {*_repositories(), *_numbers(remembered, "repository")}
    return judge(runs, repositories, {*_groups(), *_numbers(remembered, "group")}, settle=settle)


def judge(
    runs: Collection[int] = (),
    repositories: Collection[int] = (),
    groups: Collection[int] = (),
    *,
    site: bool = True,
    mend: bool = True,
    settle: timedelta = look.SETTLE,
) -> Seen:
    """Look, look again at what seems wrong, mend what can be, and keep what is left."""
    suspected = [*look.at_runs(runs, settle), *look.at_repositories(repositories), *look.at_groups(groups)]
    suspected += look.at_site() if site else ()
    found: list[Found] = []
    mended: list[Found] = []
    for scope in dict.fromkeys(one.scope for one in suspected):
        wrong = look.again(scope, settle)
        left = look.mend(wrong, settle) if mend and any(one.mends for one in wrong) else wrong
        still = {(one.rule, one.object) for one in left}
        found += left
        mended += [one for one in wrong if (one.rule, one.object) not in still]
    ids = {"run": runs, "repository": repositories, "group": groups}
    scopes = {*(f"{kind}:{pk}" for kind in ids for pk in ids[kind]), *(["site"] if site else [])}
    kept = findings.keep(scopes, found, mended)
    return Seen(len(runs), len(repositories), kept)


def whole(repository: Repository | None = None, *, mend: bool = True) -> Seen:
    """Everything, or everything of one repository, a few rows after the others."""
    seen = Seen()
    for ids in _pages(_within(Run, repository)):
        _add(seen, judge(ids, site=False, mend=mend))
    for ids in _pages(_within(ConcurrencyGroup, repository)):
        _add(seen, judge(groups=ids, site=False, mend=mend))
    places = Repository.objects.filter(deleted_at=None)
    for ids in _pages(places if repository is None else places.filter(pk=repository.pk)):
        _add(seen, judge(repositories=ids, site=False, mend=mend))
    if repository is None:
        _add(seen, judge(mend=mend))
        _forget_gone()
    return seen


def _within(model: type[Run] | type[ConcurrencyGroup], repository: Repository | None) -> QuerySet:
    rows: QuerySet = model._default_manager.all()
    return rows if repository is None else rows.filter(repository=repository)


def _add(seen: Seen, part: Seen) -> None:
    seen.runs, seen.repositories = seen.runs + part.runs, seen.repositories + part.repositories
    seen.findings += part.findings


def _pages(rows: QuerySet) -> Iterator[list[int]]:
    at = 0
    while ids := list(rows.filter(pk__gt=at).order_by("pk").values_list("pk", flat=True)[: look.TOGETHER]):
        yield ids
        at = ids[-1]


def _forget_gone() -> None:
    """What was wrong with rows that are no more is resolved: nobody will look at them again."""
    scopes = findings.open_scopes()
    runs, repositories = _numbers(scopes, "run"), _numbers(scopes, "repository")
    there = {f"run:{pk}" for pk in Run.objects.filter(pk__in=runs).values_list("pk", flat=True)}
    alive = Repository.objects.filter(pk__in=repositories, deleted_at=None)
    there |= {f"repository:{pk}" for pk in alive.values_list("pk", flat=True)}
    lines = ConcurrencyGroup.objects.filter(pk__in=_numbers(scopes, "group"))
    there |= {f"group:{pk}" for pk in lines.values_list("pk", flat=True)}
    findings.keep([scope for scope in scopes if scope != "site" and scope not in there], ())


def _changed(settle: timedelta) -> list[int]:
    """Runs that changed since the last pass and were then left alone for a moment."""
    newest = RunEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0
    row = _cursor("changes")
    at = row.at if newest - row.at <= BEHIND else newest - BEHIND
    changes = RunEvent.objects.filter(pk__gt=at, created_at__lte=Now() - settle).order_by("pk")
    found = list(changes.values_list("pk", "run")[:CHANGES])
    _move(row, found[-1][0] if found else at)
    return [run for _, run in found]


def _open() -> list[int]:
    """Runs that go on, along the index of their attempts, those first that have not moved for longest."""
    row = _cursor("open")
    since = datetime.fromtimestamp(row.at / 1e6, UTC)
    attempts = RunAttempt.objects.exclude(status=Status.COMPLETED).filter(updated_at__gt=since).order_by("updated_at")
    found = list(attempts.values_list("updated_at", "run")[:OPEN])
    _move(row, int(found[-1][0].timestamp() * 1e6) if len(found) == OPEN else 0)
    return [run for _, run in found]


def _others() -> list[int]:
    """The next runs after those of the last pass, of any age."""
    row = _cursor("runs")
    found = list(Run.objects.filter(pk__gt=row.at).order_by("pk").values_list("pk", flat=True)[:OTHERS])
    _move(row, found[-1] if len(found) == OTHERS else 0)
    return found


def _groups() -> list[int]:
    """Groups that somebody has or waits for; a place is gone when whoever had it is over."""
    row = _cursor("places")
    found = list(Place.objects.filter(pk__gt=row.at).order_by("pk").values_list("pk", "group")[:PLACES])
    _move(row, found[-1][0] if len(found) == PLACES else 0)
    return [group for _, group in found]


def _repositories() -> list[int]:
    row = _cursor("repositories")
    rows = Repository.objects.filter(pk__gt=row.at, deleted_at=None).order_by("pk")
    found: list[int] = []
    total = 0
    for pk, count in rows.values_list("pk", "run_count")[:REPOSITORIES]:
        if found and total + count > COUNTED:
            break
        found, total = [*found, pk], total + count
    _move(row, found[-1] if found else 0)
    return found


def _cursor(name: str) -> LookCursor:
    return LookCursor.objects.get_or_create(name=name)[0]


def _move(row: LookCursor, at: int) -> None:
    LookCursor.objects.filter(pk=row.pk).update(at=at)


def _numbers(scopes: Iterable[str], kind: str) -> list[int]:
    return [int(scope.partition(":")[2]) for scope in scopes if scope.startswith(f"{kind}:")]
