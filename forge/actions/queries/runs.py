"""Runs, attempts, jobs and workflows of a repository.

Every list has an index behind it and costs a constant number of queries; every lookup names the
repository, so that an id of another one is simply not found. Callers have checked the right to read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import models
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from forge.accounts.models import Account
from forge.actions.models import Annotation, Job, Run, RunAttempt, Workflow
from forge.actions.queries.periods import Period
from forge.errors import NotFound
from forge.repos.models import Repository
from workflows.states import Conclusion, Status

#: A filtered list ends here, as GitHub's search does; so counting costs no more than this.
SEARCH_LIMIT = 1000

#: The largest id that both databases can look up; a larger one in a URL is simply not found.
LARGEST_ID = 2**63 - 1

#: Where workflow files live; of two files with one name the first folder's is meant.
FOLDERS = (".shithub/workflows/", ".github/workflows/")

Row = TypeVar("Row", bound=models.Model)

_OF_RUN = ("workflow", "actor", "latest_attempt__triggering_actor")


@dataclass(frozen=True)
class RunFilter:
    """What to list. Empty means any; ``status`` takes words of status and of conclusion alike."""

    workflow: Workflow | None = None
    branch: str = ""
    actor: str = ""
    status: str = ""
    event: str = ""
    head_sha: str = ""
    check_suite_id: int | None = None
    created: Period = field(default_factory=Period)

    @property
    def search(self) -> bool:
        """True when more than the workflow is asked for: counted up to SEARCH_LIMIT, not exactly."""
        return self != RunFilter(workflow=self.workflow)


def runs(repository: Repository, wanted: RunFilter | None = None) -> QuerySet[Run]:
    """The runs that fit, newest first, with all that a list shows of them."""
    found = _found(repository, wanted or RunFilter())
    return found.filter(latest_attempt__isnull=False).select_related(*_OF_RUN)


def count(repository: Repository, wanted: RunFilter | None = None) -> int:
    """How many runs fit: exact for a repository or a workflow, up to SEARCH_LIMIT for a search."""
    wanted = wanted or RunFilter()
    if not wanted.search:
        return wanted.workflow.run_count if wanted.workflow else repository.run_count
    if wanted.status and wanted == RunFilter(workflow=wanted.workflow, status=wanted.status):  # their index can tell
        attempts = RunAttempt.objects.filter(_scope(repository, wanted, alone=True), latest=True).order_by("-run")
        return attempts.filter(_state(wanted.status))[:SEARCH_LIMIT].count()
    return _found(repository, wanted)[:SEARCH_LIMIT].count()


def _found(repository: Repository, wanted: RunFilter) -> QuerySet[Run]:
    """The runs that fit. A run and its first attempt come in one transaction, so counting need not look for that."""
    found = Run.objects.filter(_scope(repository, wanted), _plain(wanted), _created(wanted.created))
    if wanted.status:
        within = _scope(repository, wanted, "attempts__", alone=True)
        found = found.filter(within, _state(wanted.status, "attempts__"), attempts__latest=True)
    # Runs of a period are found by their times, wherever it lies; their ids have the same order.
    return found.order_by("-id") if wanted.created == Period() else found.order_by("-created_at", "-id")


def run(repository: Repository, run_id: int) -> Run:
    """One run with its latest attempt; NotFound when the repository has no such run."""
    found = Run.objects.filter(repository=repository, id=_id(run_id), latest_attempt__isnull=False)
    return _one(found.select_related(*_OF_RUN, "event", "parent"))


def attempt(run: Run, number: int) -> RunAttempt:
    """One attempt of a run, with ``run`` set; NotFound when there is none of this number."""
    found = _one(run.attempts.filter(number=_id(number)).select_related("triggering_actor"))
    found.run = run
    return found


def latest(run: Run) -> RunAttempt:
    """The attempt that the run shows, with ``run`` set so that reading it costs no query."""
    attempt = run.latest_attempt
    if attempt is None:
        raise NotFound
    attempt.run = run
    return attempt


def jobs(attempt: RunAttempt) -> QuerySet[Job]:
    """The jobs of an attempt in the order of the file, with steps, labels and runner."""
    return _shown(Job.objects.filter(attempt=attempt))


def jobs_of_all_attempts(run: Run) -> QuerySet[Job]:
    """The jobs of every attempt of a run, newest attempt first."""
    return _shown(Job.objects.filter(run=run)).order_by("-attempt_id", "id")


def job(repository: Repository, job_id: int) -> Job:
    """One job; NotFound when the repository has none with this id."""
    return _one(_shown(Job.objects.filter(repository=repository, id=_id(job_id))))


def first_open_jobs(attempts: Iterable[RunAttempt]) -> list[Job]:
    """Of each of these attempts the first job that is not over, in one query."""
    still = Job.objects.filter(attempt__in=[one.pk for one in attempts]).exclude(status=Status.COMPLETED)
    firsts = still.order_by().values("attempt").annotate(first=models.Min("id")).values("first")
    return list(Job.objects.filter(pk__in=firsts))


def job_anywhere(job_id: int) -> Job:
    """A job by its id alone; whoever asks must still be let into its repository."""
    return _one(Job.objects.filter(id=_id(job_id)))


def run_anywhere(run_id: int) -> Run:
    """A run by its id alone; whoever asks must still be let into its repository."""
    return _one(Run.objects.filter(id=_id(run_id), latest_attempt__isnull=False).select_related(*_OF_RUN))


def source(job: Job) -> Job:
    """The job that really ran: ``job`` itself, or the one whose result it carries over."""
    seen = 0
    while job.carries is not None and seen < 1000:
        job, seen = job.carries, seen + 1
    return job


def job_annotations(job: Job) -> QuerySet[Annotation]:
    """What a job's steps, or the engine, said about it, in order."""
    return Annotation.objects.filter(job=source(job)).order_by("id")


def workflows(repository: Repository) -> QuerySet[Workflow]:
    """Every workflow that the repository has or had, oldest first."""
    return Workflow.objects.filter(repository=repository).order_by("id")


def workflow(repository: Repository, id_or_file: int | str) -> Workflow:
    """A workflow by id, by file name (``ci.yml``) or by path; NotFound when there is none.

    Of two files with one name that in ``.shithub/workflows`` is meant, unless it is gone.
    """
    text = str(id_or_file)
    if text.isascii() and text.isdigit():
        return _one(workflows(repository).filter(id=number(text)))
    paths = [text] if "/" in text else [folder + text for folder in FOLDERS]
    found = workflows(repository).filter(path__in=paths).annotate(rank=_folder_rank()).order_by("rank")
    return _one(found[:1])


def workflow_named(repository: Repository, text: str) -> Workflow:
    """As ``workflow``, and else the one that calls itself so, in whatever case."""
    try:
        return workflow(repository, text)
    except NotFound:
        return _one(workflows(repository).filter(name__iexact=text))


def workflow_called(repository: Repository, name: str) -> Workflow:
    """The workflow of this name; of several one that is not gone, and of those the newest."""
    found = workflows(repository).filter(name=name)
    gone = Case(When(state=Workflow.State.DELETED, then=Value(1)), default=Value(0), output_field=IntegerField())
    return _one(found.annotate(gone=gone).order_by("gone", "-id")[:1])


def _folder_rank() -> Case:
    deleted = Q(state=Workflow.State.DELETED)
    first = Q(path__startswith=FOLDERS[0])
    return Case(
        When(~deleted & first, then=Value(0)),
        When(~deleted, then=Value(1)),
        When(first, then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )


def _scope(repository: Repository, wanted: RunFilter, of: str = "", *, alone: bool = False) -> Q:
    """Runs or attempts of the repository, or of the workflow; ``alone``: by that one column, as an index begins."""
    within = Q(**{f"{of}repository": repository})
    if not wanted.workflow:
        return within
    of_workflow = Q(**{f"{of}workflow": wanted.workflow})
    return of_workflow if alone else within & of_workflow


def _plain(wanted: RunFilter) -> Q:
    """The filters that compare one column each."""
    values = {
        "head_branch": wanted.branch,
        "event_name": wanted.event,
        "head_sha": wanted.head_sha,
    }
    matched = Q(**{column: value for column, value in values.items() if value})
    if wanted.actor:  # as a value of its own, so that the index gives the order too
        matched &= Q(actor=Account.objects.filter(login_key=wanted.actor.lower()).values("id")[:1])
    # A run is its own check suite.
    return matched if wanted.check_suite_id is None else matched & Q(id=_id(wanted.check_suite_id))


def _created(within: Period) -> Q:
    after = Q(created_at__gte=within.start) if within.start else Q()
    return after & Q(created_at__lt=within.end) if within.end else after


def _state(word: str, of: str = "") -> Q:
    """Attempts with this status or conclusion; none for an unknown word.

    To be asked together with repository or workflow and ``latest``, as their partial indexes want it.
    """
    if word in list(Status):
        return Q(**{f"{of}status": word})
    return Q(**{f"{of}conclusion": word}) if word in list(Conclusion) else Q(**{f"{of}pk__in": []})


def _shown(found: QuerySet[Job]) -> QuerySet[Job]:
    related = ("label_set", "runner__group", "run", "attempt", "carries")
    return found.select_related(*related).prefetch_related("steps", "carries__steps").order_by("id")


def number(text: str) -> int:
    """The id that a text names; one that no row has when it names none."""
    return _id(int(text)) if text.isascii() and text.isdigit() and len(text) < 20 else -1


def _id(number: int) -> int:
    """The number itself where the databases can hold it, else one that no row has."""
    return number if 0 <= number <= LARGEST_ID else -1


def _one(found: QuerySet[Row]) -> Row:
    row = found.first() if found.query.is_sliced else found.order_by().first()
    if row is None:
        raise NotFound
    return row
