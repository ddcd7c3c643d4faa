"""Shells that there are not."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.lint.document import Document
from workflows.lint.rule import Found, Options, Rule
from workflows.parser.check import is_expression, text_of
from workflows.parser.findings import did_you_mean
from workflows.parser.read import get
from workflows.source import Scalar

_KNOWN = ("bash", "cmd", "powershell", "pwsh", "python", "sh")


def _check(document: Document, _: Options) -> Iterator[Found]:
    holders = [document.root, *(job.node for job in document.jobs)]
    shells = [get(get(get(holder, "defaults"), "run"), "shell") for holder in holders]
    shells += [step.get("shell") for job in document.jobs for step in job.steps]
    for shell in shells:
        if isinstance(shell, Scalar) and not _is_known(shell):
            said = text_of(shell)
            hint = did_you_mean(said, _KNOWN)
            message = f"There is no shell '{said}', and no {{0}} in it stands for the script"
            yield Found(shell.position, f"{message}. {hint}" if hint else message)


def _is_known(shell: Scalar) -> bool:
    said = text_of(shell)
    return not said or is_expression(shell) or said.lower() in _KNOWN or "{0}" in said


RULES = (
    Rule(
        "unknown-shell",
        "a `shell` that is neither known nor a command with `{0}`",
        "The step fails as soon as it begins. Known are `bash`, `sh`, `python`, `pwsh`, `powershell` and `cmd`; of any"
        " other, say how it is called, as in `perl {0}`.",
        """\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: make
        shell: zsh
""",
        _check,
    ),
)
