"""The list of runs, and the runs of one workflow."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from forge.actions.models import Workflow
from forge.actions.queries import pages, runs
from forge.errors import NotFound
from forge.repos.models import Repository
from forge.web import appearance, door, filters, why, workflows
from forge.web.errors import page
from forge.web.query import Query, parse

_STATES = (
    "success",
    "failure",
    "cancelled",
    "in_progress",
    "queued",
    "waiting",
    "pending",
    "skipped",
    "timed_out",
    "startup_failure",
)


@dataclass(frozen=True)
class Menu:
    """A filter menu: it only edits the query's text."""

    title: str
    key: str
    chosen: str
    choices: tuple[tuple[str, str], ...]  # word shown, query text
    clear: str


@page
def listing(request: HttpRequest, owner: str, name: str, file: str = "") -> HttpResponse:
    """Runs newest first, filtered by ``?query=``, 25 a page."""
    repository = door.repository(request, owner, name)
    query = parse(request.GET.get("query", "")[:1000])
    chosen = runs.workflow(repository, file) if file else None
    about = workflows.about(repository, chosen) if chosen else None
    side = pages.side(repository, door.actor(request).account)
    found = _found(request, repository, query, chosen)
    listed = found.rows if found else ()
    waits = why.of_runs(listed)
    rows = [(run, waits.get(run.pk, "")) for run in listed]
    base = request.path
    is_newest = not {"after", "before"} & request.GET.keys()
    picking = request.GET.get("select") == "1"
    context = {
        "query": query,
        "chosen": chosen,
        "side": side,
        "pinned": chosen is not None and any(one.pinned for one in side if one.workflow.pk == chosen.pk),
        "found": found,
        "rows": rows,
        "menus": _menus(repository, query, side, chosen),
        "base": base,
        "newer": _address(base, query, picking, before=found.newer) if found and found.newer else "",
        "older": _address(base, query, picking, after=found.older) if found and found.older else "",
        "feed": _feed(repository, query, chosen),
        "total": f"{found.total:,}{'+' if found.more else ''}" if found else "",
        "standing": appearance.standing(run.latest_attempt for run in listed) if is_newest else None,
        "filters": filters.menu(request, repository, query, chosen),
        "picking": picking,
        "pick": _picking(request, not picking),
        "about": about,
        "dispatchable": _dispatchable(chosen, side) if about is None or about.dispatchable else [],
    }
    return door.show(request, "runs/list.html", repository, tab="actions", **context)


def _found(request: HttpRequest, repository: Repository, query: Query, chosen: Workflow | None) -> pages.RunPage | None:
    if query.problems:
        return None
    if query.get("workflow") and chosen is None:
        try:
            chosen = _meant(repository, query.get("workflow"))
        except NotFound:
            return pages.RunPage((), None, None, 0, False)
    wanted = runs.RunFilter(
        workflow=chosen,
        branch=query.get("branch"),
        actor=query.get("actor"),
        status=query.get("is"),
        event=query.get("event"),
        created=query.created,
    )
    after, before = _number(request, "after"), _number(request, "before")
    return pages.run_page(repository, wanted, words=query.words, sha=query.get("sha"), after=after, before=before)


def _meant(repository: Repository, text: str) -> Workflow:
    """A workflow by file name, or by the name it calls itself."""
    try:
        return runs.workflow(repository, text)
    except NotFound:
        found = runs.workflows(repository).filter(name__iexact=text).first()
        if found is None:
            raise
        return found


def _number(request: HttpRequest, key: str) -> int | None:
    text = request.GET.get(key, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _address(base: str, query: Query, picking: bool, **more: int) -> str:
    said = ({"query": query.text} if query.text else {}) | more | ({"select": "1"} if picking else {})
    return base + "?" + urlencode(said)


def _picking(request: HttpRequest, on: bool) -> str:
    """The same page with boxes to tick, or without."""
    said = request.GET.copy()
    said.pop("select", None)
    if on:
        said["select"] = "1"
    return request.path + (f"?{said.urlencode()}" if said else "")


def _feed(repository: Repository, query: Query, chosen: Workflow | None) -> str:
    """The address of the feed, narrowed as far as it can be."""
    file = chosen.path.rsplit("/", 1)[-1] if chosen else query.get("workflow")
    said = {"workflow": file, "branch": query.get("branch"), "event": query.get("event"), "status": query.get("is")}
    narrowed = urlencode({key: value for key, value in said.items() if value})
    return f"/{repository.full_name}/actions.atom" + (f"?{narrowed}" if narrowed else "")


def _menus(repository: Repository, query: Query, side: list[pages.SideWorkflow], chosen: Workflow | None) -> list[Menu]:
    offered = {
        "event": ("Event", workflows.EVENTS),
        "is": ("Status", _STATES),
        "branch": ("Branch", pages.branches(repository)),
        "actor": ("Actor", pages.actors(repository)),
    }
    if chosen is None:
        files = [one.workflow.path.rsplit("/", 1)[-1] for one in side]
        offered = {"workflow": ("Workflow", files), **offered}
    menus = []
    for key, (title, values) in offered.items():
        choices = tuple((value, query.with_value(key, value)) for value in values)
        menus.append(Menu(title, key, query.get(key), choices, query.with_value(key, "")))
    return menus


def _dispatchable(chosen: Workflow | None, side: list[pages.SideWorkflow]) -> list[Workflow]:
    """Workflows that the button offers: the chosen one, or all that are active."""
    all_of_them = [chosen] if chosen else [one.workflow for one in side]
    return [one for one in all_of_them if one.state == Workflow.State.ACTIVE]
