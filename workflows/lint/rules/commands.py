"""Workflow commands that files have taken the place of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflows.lint.document import Document
from workflows.lint.rule import Found, Options, Rule
from workflows.source import Scalar

#: By command, what to write instead.
INSTEAD = {
    "set-output": 'write "name=value" to the file $GITHUB_OUTPUT',
    "save-state": 'write "name=value" to the file $GITHUB_STATE',
    "set-env": 'write "name=value" to the file $GITHUB_ENV',
    "add-path": "write the folder to the file $GITHUB_PATH",
}
#: GitHub's runner carries these out only where ACTIONS_ALLOW_UNSECURE_COMMANDS is true.
_REFUSED = ("set-env", "add-path")
_COMMAND = re.compile(rf"::({'|'.join(INSTEAD)})(?:[ \t][^\n\r]*?)?::")


def _check(document: Document, _: Options) -> Iterator[Found]:
    for job in document.jobs:
        for step in job.steps:
            run = step.get("run")
            if not isinstance(run, Scalar) or not isinstance(run.value, str):
                continue
            for line in re.finditer(r"[^\n]+", run.value):
                command = _COMMAND.search(line.group())
                if command and not line.group().lstrip().startswith("#"):
                    name = command.group(1)
                    what = "is refused by default" if name in _REFUSED else "is deprecated"
                    message = f"The command '{name}' {what}; {INSTEAD[name]}"
                    yield Found(document.position(run, line.start() + command.start()), message)


RULES = (
    Rule(
        "deprecated-command",
        "`::set-output`, `::save-state`, `::set-env` or `::add-path` in a script",
        "What a step prints can come from anywhere, so the files that `GITHUB_OUTPUT`, `GITHUB_STATE`, `GITHUB_ENV` and"
        " `GITHUB_PATH` name took the place of the commands that change later steps. The first two still work and are"
        " deprecated, the last two are refused unless the runner is told otherwise.",
        """\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo "::set-output name=version::1.2"
""",
        _check,
    ),
)
