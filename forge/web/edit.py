"""Files written in the browser: a form, and the commit that it makes, which starts runs as a push does."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse

from forge.actions import called, file_changes
from forge.errors import Conflict, ForgeError, Invalid, NotFound
from forge.repos import git, trees
from forge.repos.models import Repository, Right
from forge.web import ansi, code, door, places
from forge.web.errors import page
from forge.web.places import Place
from workflows.errors import Problem

_STARTER = "parts/starter.yml"
#: What the form takes from the address, at most.
_GIVEN = 64 << 10
_MESSAGE = 65536


@dataclass(frozen=True)
class Form:
    """What stands in it. ``verb`` is new, edit or delete; ``sha`` is the blob that was looked at; ``problems`` are of
    the workflow file that was sent."""

    place: Place
    verb: str
    path: str
    text: str = ""
    message: str = ""
    sha: str = ""
    error: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def placeholder(self) -> str:
        """The message of a commit without one."""
        word = {"new": "Create", "edit": "Update", "delete": "Delete"}[self.verb]
        return f"{word} {self.path.rpartition('/')[2]}".strip()

    @property
    def is_workflow(self) -> bool:
        """Whether the path is that of a workflow file."""
        folder, _, name = self.path.rpartition("/")
        return folder in git.WORKFLOW_FOLDERS and name.endswith((".yml", ".yaml"))

    @property
    def turning(self) -> bool:
        """Whether something in the text turns its direction."""
        return any(ansi.turns(line) for line in self.text.split("\n"))


@page
def new(request: HttpRequest, owner: str, name: str, rest: str) -> HttpResponse:
    """A new file on a branch; ``?filename=`` and ``?value=`` fill the form, ``?template=ci`` with a first workflow."""
    if refused := _log_in(request, owner, name):
        return refused
    repository = door.repository(request, owner, name, Right.WRITE)
    place = places.branch(repository, rest)
    if request.method == "POST":
        path = request.POST.get("path", "").strip().strip("/")
        return _commit(request, repository, _entered(request, Form(place, "new", path)))
    given = request.GET.get("filename", "")[:_GIVEN].strip("/")
    path = "/".join(part for part in (place.path, given) if part)
    if place.path and not given:
        path += "/"
    is_starter = request.GET.get("template") == "ci"
    text = render_to_string(_STARTER) if is_starter else request.GET.get("value", "")[:_GIVEN]
    return _show(request, repository, Form(place, "new", path, text))


@page
def edit(request: HttpRequest, owner: str, name: str, rest: str) -> HttpResponse:
    """A file that is there."""
    if refused := _log_in(request, owner, name):
        return refused
    repository = door.repository(request, owner, name, Right.WRITE)
    place, text, sha = _there(repository, rest)
    if text is None:
        raise Invalid("This file is no text, or too long to be changed here. Clone the repository to change it.")
    form = Form(place, "edit", place.path, text, sha=sha)
    if request.method == "POST":
        return _commit(request, repository, _entered(request, form))
    return _show(request, repository, form)


@page
def delete(request: HttpRequest, owner: str, name: str, rest: str) -> HttpResponse:
    """The end of a file; its history stays."""
    if refused := _log_in(request, owner, name):
        return refused
    repository = door.repository(request, owner, name, Right.WRITE)
    place, _, sha = _there(repository, rest)
    form = Form(place, "delete", place.path, sha=sha)
    if request.method != "POST":
        return _show(request, repository, form)
    form = _entered(request, form)
    try:
        file_changes.delete(
            door.actor(request),
            repository,
            form.path,
            sha=form.sha,
            message=form.message or form.placeholder,
            branch=place.branch,
        )
    except ForgeError as error:
        return _show(request, repository, _blamed(form, error))
    return door.see_other(_address(repository, "tree", f"{place.branch}/{_left(repository, place)}"))


def _left(repository: Repository, place: Place) -> str:
    """The folder of a file that is gone now, or the nearest above that is still there."""
    folder, tip = place.folder, places.branch(repository, place.branch).sha
    while folder and trees.find(repository, tip, folder) is None:
        folder = folder.rpartition("/")[0]
    return folder


def _log_in(request: HttpRequest, owner: str, name: str) -> HttpResponse | None:
    """Nobody in particular is sent to log in, where the repository may be known to be there at all."""
    if request.user.is_authenticated:
        return None
    door.repository(request, owner, name)
    return door.see_other(f"/login?next={request.path}")


def _there(repository: Repository, rest: str) -> tuple[Place, str | None, str]:
    """The file, its text as far as it can be written in a form, and its blob."""
    place = places.branch(repository, rest)
    found = trees.find(repository, place.sha, place.path) if place.path and place.sha != git.ZERO else None
    if found is None or found.kind != "file":
        raise NotFound(f"There is no file {place.path} on {place.shown}.")
    data = trees.data(repository, found.sha) if found.size <= code.SHOWN else b"\0"
    try:
        text = None if b"\0" in data else data.decode()
    except UnicodeDecodeError:
        text = None
    return place, text, found.sha


def _entered(request: HttpRequest, form: Form) -> Form:
    """With what was sent. Browsers end lines with CR LF: they are ended here as they were, in a new file with LF."""
    text = request.POST.get("text", "").replace("\r\n", "\n")
    if "\r\n" in form.text:
        text = text.replace("\n", "\r\n")
    message = request.POST.get("message", "").replace("\r\n", "\n").strip()[:_MESSAGE]
    sha = request.POST.get("sha", "") if form.verb != "new" else ""
    return replace(form, text=text, message=message, sha=sha)


def _commit(request: HttpRequest, repository: Repository, form: Form) -> HttpResponse:
    """The commit, or the form with what keeps it from being made. A workflow file with mistakes is committed when the
    person says so once more."""
    if not form.path:
        return _show(request, repository, replace(form, error="Give the file a name."))
    if form.is_workflow and "anyway" not in request.POST and (problems := _problems(repository, form)):
        return _show(request, repository, replace(form, problems=problems))
    try:
        file_changes.put(
            door.actor(request),
            repository,
            form.path,
            form.text.encode(errors="replace"),
            sha=form.sha or None,
            message=form.message or form.placeholder,
            branch=form.place.branch,
        )
    except ForgeError as error:
        return _show(request, repository, _blamed(form, error))
    if form.is_workflow:
        return door.see_other(f"/{repository.full_name}/actions")
    return door.see_other(_address(repository, "blob", f"{form.place.branch}/{form.path}"))


def _problems(repository: Repository, form: Form) -> tuple[Problem, ...]:
    data = form.text.encode(errors="replace")[: git.WORKFLOW_LIMIT + 1]
    return called.whole(repository, form.place.sha, form.path, data).parsed().problems


def _blamed(form: Form, error: ForgeError) -> Form:
    if isinstance(error, Conflict):
        said = "The branch has changed meanwhile. Copy what you wrote, open the file again and put it in there."
    elif isinstance(error, Invalid) and any(one.code == "missing_field" for one in error.errors):
        said = f"There is a file {form.path} already. Give another name, or edit that one."
    elif isinstance(error, Invalid) and any(one.field == "path" for one in error.errors):
        said = f"{form.path} cannot be the path of a file here: {error.message}."
    else:
        said = error.message
    return replace(form, error=said)


def _show(request: HttpRequest, repository: Repository, form: Form) -> HttpResponse:
    answer = door.show(request, "edit/form.html", repository, tab="code", form=form, place=form.place)
    answer.status_code = 422 if form.error or form.problems else 200
    return answer


def _address(repository: Repository, verb: str, rest: str) -> str:
    return reverse(verb, args=(repository.owner.login, repository.name, rest.strip("/")))
