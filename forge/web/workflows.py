"""A workflow's own page: what starts it, how long it takes, its switch and its badge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.html import escape
from django.views.decorators.http import require_POST

from forge.actions import bookmarks, called, switch
from forge.actions.models import Workflow
from forge.actions.queries import history, pages, runs
from forge.repos import git
from forge.repos.models import Repository, Right
from forge.web import atom, bars, door, triggers
from forge.web.errors import page
from workflows.errors import Problem
from workflows.model import Trigger

#: Events that the menus offer.
EVENTS = (
    "push",
    "workflow_dispatch",
    "schedule",
    "workflow_run",
    "repository_dispatch",
    "create",
    "delete",
)
#: Signs that mean something in Markdown.
_MARKED = "\\`*_[]<>|"


@dataclass(frozen=True)
class Start:
    """One thing that starts it; ``due`` of a schedule that goes on."""

    text: str
    due: datetime | None = None


@dataclass(frozen=True)
class About:
    """What the file on the default branch says of its workflow. ``problem`` says in what way it says nothing."""

    starts: tuple[Start, ...]
    chart: bars.Chart | None
    problem: str = ""
    problems: tuple[Problem, ...] = ()
    #: Where the file can be seen; empty when nowhere.
    file: str = ""
    #: False only where the file can be read and takes no dispatch.
    dispatchable: bool = True


def about(repository: Repository, workflow: Workflow) -> About:
    """For the head of the page; two queries and one file of git's."""
    chart = bars.chart(history.finished(workflow))
    found = git.resolve(repository, repository.default_branch)
    data = git.read_file(repository, found[1], workflow.path) if found else None
    if found is None or data is None:
        return About((), chart, f"This file is not on {repository.default_branch}.")
    parsed = called.whole(repository, found[1], workflow.path, data).parsed()
    known = parsed.workflow or parsed.partial
    on = known.on if known else ()
    file = address(repository, repository.default_branch, workflow)
    if parsed.workflow is None:
        message = f"This file is not valid on {repository.default_branch}, so that nothing can start it."
        return About(_starts(workflow, on), chart, message, parsed.problems[:3], file)
    dispatchable = any(trigger.event == "workflow_dispatch" for trigger in on)
    return About(_starts(workflow, on), chart, file=file, dispatchable=dispatchable)


def address(repository: Repository, ref: str, workflow: Workflow) -> str:
    """The page of the workflow's file on a branch or tag."""
    return f"/{repository.full_name}/blob/{quote(f'{ref}/{workflow.path}')}"


def _starts(workflow: Workflow, on: tuple[Trigger, ...]) -> tuple[Start, ...]:
    plain = [Start(triggers.words(trigger)) for trigger in on if trigger.event != "schedule"]
    if all(trigger.event != "schedule" for trigger in on):
        return tuple(plain)
    active = workflow.state == Workflow.State.ACTIVE
    lines = history.schedules(workflow)
    timed = [Start(triggers.schedule(one.cron, one.zone), one.next_due if active else None) for one in lines]
    return (*plain, *timed)


@require_POST
@page
def turn(request: HttpRequest, owner: str, name: str, file: str, on: bool) -> HttpResponse:
    """Events start it again, or nothing does from now on."""
    repository = door.repository(request, owner, name, Right.WRITE)
    (switch.enable if on else switch.disable)(runs.workflow(repository, file))
    return _back(request, repository, file)


@require_POST
@page
def pin(request: HttpRequest, owner: str, name: str, file: str, on: bool) -> HttpResponse:
    """It stands first in the person's lists, or no longer."""
    repository, person = door.repository(request, owner, name), door.person(request)
    (bookmarks.pin if on else bookmarks.unpin)(person, runs.workflow(repository, file))
    return _back(request, repository, file)


def _back(request: HttpRequest, repository: Repository, file: str) -> HttpResponse:
    return door.back(request, f"/{repository.full_name}/actions/workflows/{quote(file, safe='')}")


@page
def badge(request: HttpRequest, owner: str, name: str, file: str) -> HttpResponse:
    """The badge as it looks, and as text for a README; ``?branch=`` and ``?event=`` choose what it tells of."""
    repository = door.repository(request, owner, name)
    workflow = runs.workflow(repository, file)
    branch, event = request.GET.get("branch", "")[:500], request.GET.get("event", "")[:40]
    chosen = {key: value for key, value in (("branch", branch), ("event", event)) if value}
    place = f"/{repository.full_name}/actions/workflows/{quote(workflow.path.rsplit('/', 1)[-1], safe='')}"
    picture = f"{place}/badge.svg" + (f"?{urlencode(chosen)}" if chosen else "")
    alternative = atom.clean(workflow.name)
    context = {
        "workflow": workflow,
        "chosen": workflow,
        "side": pages.side(repository, door.actor(request).account),
        "picture": picture,
        "alternative": f"{alternative} status",
        "branch": branch,
        "event": event,
        "branches": _with(pages.branches(repository), branch),
        "events": _with(list(EVENTS), event),
        "texts": _texts(alternative, settings.PUBLIC_URL + picture, settings.PUBLIC_URL + place),
    }
    return door.show(request, "runs/badge.html", repository, tab="actions", **context)


def _with(known: list[str], chosen: str) -> list[str]:
    return [*known, chosen] if chosen and chosen not in known else known


def _texts(name: str, picture: str, link: str) -> list[tuple[str, str, str]]:
    """Title, id and text of each form."""
    name = " ".join(name.split())
    marked = "".join(f"\\{letter}" if letter in _MARKED else letter for letter in name)
    html = f'<a href="{escape(link)}"><img src="{escape(picture)}" alt="{escape(name)}"></a>'
    rst = f".. image:: {picture}\n   :alt: {name}\n   :target: {link}"
    return [("Markdown", "markdown", f"[![{marked}]({picture})]({link})"), ("HTML", "html", html), ("RST", "rst", rst)]
