"""Starting a run by hand: a form made from the inputs of the file at the chosen ref."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse

from forge.accounts.models import Account
from forge.actions import called
from forge.actions import dispatch as dispatching
from forge.actions.models import Run, Workflow
from forge.actions.queries import history, pages, runs
from forge.environments import environments
from forge.errors import Invalid, NotFound
from forge.repos import git
from forge.repos.models import Repository, Right
from forge.web import commands, door, workflows
from forge.web.errors import page
from workflows import expressions
from workflows.errors import Problem
from workflows.model import DispatchInput

PREFIX = "input."
_SECRET_WORDS = ("secret", "token", "password", "passwd", "credential", "private_key")
_RADIO_LIMIT = 4
#: Problems of a broken file that are shown, and lines before and after each.
_PROBLEMS, _AROUND = 20, 2


@dataclass(frozen=True)
class Field:
    """One input with what was entered and what is wrong with it."""

    input: DispatchInput
    value: str
    error: str = ""
    #: What can be chosen; empty where anything can be written.
    options: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """For label and error message."""
        return f"in-{self.input.name}"

    @property
    def radio(self) -> bool:
        """A few choices are all shown."""
        return self.input.type == "choice" and len(self.options) <= _RADIO_LIMIT

    @property
    def select(self) -> bool:
        """More are a list that opens; so are environments, however few."""
        return self.input.type in ("choice", "environment") and not self.radio

    @property
    def secretive(self) -> bool:
        """Its name looks like a secret's; inputs are shown to everyone who sees the run."""
        return any(word in self.input.name.lower().replace("-", "_") for word in _SECRET_WORDS)


@dataclass(frozen=True)
class Found:
    """What the parser says of a broken file, and the lines around: number, text, and whether it is the one meant."""

    place: str
    text: str
    link: str = ""
    lines: tuple[tuple[int, str, bool], ...] = ()


@dataclass(frozen=True)
class Form:
    """What the file at a ref offers. ``message`` says why there is nothing to start."""

    ref: str
    fields: tuple[Field, ...] = ()
    message: str = ""
    found: tuple[Found, ...] = ()

    @property
    def errors(self) -> list[Field]:
        """Fields that are wrong."""
        return [field for field in self.fields if field.error]


@page
def form(request: HttpRequest, owner: str, name: str, file: str) -> HttpResponse:
    """The form (GET, ``?ref=``; ``?like=`` fills in what a run was started with), or the run that it starts (POST)."""
    repository = door.repository(request, owner, name, Right.WRITE)
    workflow = runs.workflow(repository, file)
    entered: Mapping[str, str] = request.POST if request.method == "POST" else request.GET
    if "like" in request.GET and request.method != "POST":
        entered = _of_run(runs.run(repository, runs.number(request.GET["like"])), workflow) | request.GET.dict()
    made = _form(repository, workflow, entered.get("ref") or repository.default_branch, entered)
    if request.method != "POST" or made.message:
        return _show(request, repository, workflow, made, 200 if request.method != "POST" else 422)
    made = _checked(made)
    if not made.errors:
        answer = _start(door.person(request), repository, workflow, made)
        if isinstance(answer, HttpResponse):
            return answer
        made = answer
    return _show(request, repository, workflow, made, 422)


def _of_run(run: Run, workflow: Workflow) -> dict[str, str]:
    """What the form was sent with when it started this run."""
    if run.workflow_id != workflow.pk or run.event_name != "workflow_dispatch":
        raise NotFound
    given = run.contexts.get("inputs") or {} if isinstance(run.contexts, dict) else {}
    values = {PREFIX + name: expressions.to_text(value) for name, value in given.items()}
    return {"ref": run.head_branch, "sent": "1", **values}


def _start(account: Account, repository: Repository, workflow: Workflow, made: Form) -> HttpResponse | Form:
    """303 to the new run, or the form with what the engine said."""
    try:
        run = dispatching.dispatch(
            account, repository, workflow, made.ref, {field.input.name: field.value for field in made.fields}
        )
    except Invalid as error:
        return _blamed(made, error)
    return door.see_other(f"/{repository.full_name}/actions/runs/{run.pk}")


def _blamed(made: Form, error: Invalid) -> Form:
    said = {found.field.removeprefix("inputs."): found.message or found.code for found in error.errors}
    fields = tuple(replace(field, error=said.pop(field.input.name, "")) for field in made.fields)
    rest = [text for text in said.values() if text]
    made = replace(made, fields=fields)
    return made if made.errors else replace(made, message="; ".join([error.message, *rest]))


def _form(repository: Repository, workflow: Workflow, ref: str, entered: Mapping[str, str]) -> Form:
    if workflow.state != Workflow.State.ACTIVE:
        return Form(ref, message="This workflow is disabled; enable it to run it.")
    found = git.resolve(repository, ref)
    if found is None:
        return Form(ref, message=f"There is no branch or tag “{ref}”.")
    data = git.read_file(repository, found[1], workflow.path)
    if data is None:
        return Form(ref, message=f"{workflow.path} does not exist on “{ref}”. Choose a branch that has it.")
    parsed = called.whole(repository, found[1], workflow.path, data).parsed()
    if parsed.workflow is None:
        message = f"{workflow.path} is not valid on “{ref}”."
        return Form(ref, message=message, found=_found(repository, workflow, ref, data, parsed.problems))
    trigger = next((one for one in parsed.workflow.on if one.event == "workflow_dispatch"), None)
    if trigger is None:
        message = f"{workflow.path} on “{ref}” has no workflow_dispatch trigger. Add it under “on:” to run it by hand."
        return Form(ref, message=message)
    fields = [Field(one, _value(one, entered), options=one.options) for one in trigger.inputs]
    return Form(ref, tuple(_with_environments(repository, fields)))


def _found(
    repository: Repository, workflow: Workflow, ref: str, data: bytes, problems: Sequence[Problem]
) -> tuple[Found, ...]:
    lines = data.decode(errors="replace").splitlines()
    file = workflows.address(repository, ref, workflow)
    found = []
    for one in problems[:_PROBLEMS]:
        place = f"{one.file}:{one.line}:{one.column}" if one.line else one.file
        if one.file != workflow.path or not 0 < one.line <= len(lines):
            found.append(Found(place, one.text))
            continue
        around = range(max(one.line - _AROUND, 1), min(one.line + _AROUND, len(lines)) + 1)
        shown = tuple((number, lines[number - 1][:400], number == one.line) for number in around)
        found.append(Found(place, one.text, f"{file}#L{one.line}", shown))
    return tuple(found)


def _with_environments(repository: Repository, fields: list[Field]) -> list[Field]:
    """Inputs of the type environment offer those that there are; an optional one offers none, too."""
    if all(field.input.type != "environment" for field in fields):
        return fields
    names = tuple(environments.of_repository(repository).values_list("name", flat=True))
    return [
        replace(field, options=names if field.input.required else ("", *names))
        if field.input.type == "environment"
        else field
        for field in fields
    ]


def _value(wanted: DispatchInput, entered: Mapping[str, str]) -> str:
    """What was entered, else the default. An unticked box sends nothing."""
    key = PREFIX + wanted.name
    if "sent" in entered and wanted.type == "boolean":
        return "true" if entered.get(key) == "true" else "false"
    if wanted.type == "boolean":
        return wanted.default or "false"
    first = wanted.options[0] if wanted.type == "choice" and wanted.options else ""
    return entered.get(key, wanted.default if wanted.default is not None else first)


def _checked(made: Form) -> Form:
    return replace(made, fields=tuple(replace(field, error=_wrong(field)) for field in made.fields))


def _wrong(field: Field) -> str:
    wanted, value = field.input, field.value.strip()
    if wanted.required and not value:
        return "This is required."
    if wanted.type == "choice" and value and value not in wanted.options:
        return f"Choose one of {', '.join(wanted.options)}."
    if wanted.type == "environment" and value and value not in field.options:
        return f"There is no environment “{value}”."
    if wanted.type == "number" and value and not _is_number(value):
        return "Give a number, for instance 4 or 2.5."
    return "This is longer than 65,535 characters." if len(value) > 65_535 else ""


def _is_number(text: str) -> bool:
    try:
        return float(text) == float(text) and abs(float(text)) != float("inf")
    except ValueError:
        return False


def _show(request: HttpRequest, repository: Repository, workflow: Workflow, made: Form, status: int) -> HttpResponse:
    values = {field.input.name: field.value for field in made.fields}
    last = history.last_dispatch(workflow, door.person(request)) if made.fields and not made.errors else None
    context = {
        "workflow": workflow,
        "form": made,
        "commands": commands.commands(repository, workflow, made.ref, values) if not made.message else [],
        "last": last if request.GET.get("like") != str(last.pk if last else "") else None,
        "prefix": PREFIX,
        "branches": pages.branches(repository),
        "side": pages.side(repository, door.actor(request).account),
        "chosen": workflow,
    }
    answer = door.show(request, "dispatch/form.html", repository, tab="actions", **context)
    answer.status_code = status
    return answer
