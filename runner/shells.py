"""From ``shell:`` to a command line and a script file.

A shell is a program and a template of its arguments, split at the first space; ``{0}`` stands for the script. The
template is taken apart as GitHub's runner does it, which is not as a shell would: only double quotes group words.
"""

from __future__ import annotations

import re
import shutil
import uuid
from dataclasses import dataclass

from runner.backends.base import Layout
from runner.errors import StepFailed

#: The arguments of shells that need no template, and the endings of their scripts.
_ARGUMENTS = {
    "bash": "--noprofile --norc -e -o pipefail {0}",
    "sh": "-e {0}",
    "python": "{0}",
    "pwsh": "-command \". '{0}'\"",
    "powershell": "-command \". '{0}'\"",
}
_SUFFIXES = {"bash": ".sh", "sh": ".sh", "python": ".py", "pwsh": ".ps1", "powershell": ".ps1"}
_POWERSHELLS = ("pwsh", "powershell")
_PLACE = re.compile(r"\{\{|\}\}|\{0\}")
#: One argument's piece: backslashes before a quote, a doubled quote inside quotes, a quote, a gap, any other character.
_PIECE = re.compile(r'(?P<slashes>\\*)(?P<quote>")|(?P<gap>[ \t]+)|(?P<text>\\+|[^\\" \t]+)')


@dataclass(frozen=True)
class Script:
    """``argv`` holds the script's path already; ``shown`` is what the log calls the shell."""

    name: str
    text: str
    argv: tuple[str, ...]
    shown: str


def make(shell: str | None, run: str, layout: Layout, search: str) -> Script:
    """The script of a step; ``search`` is the PATH on which its program is looked for on this machine.

    StepFailed for a shell that is none, or is not there.
    """
    program, template = _chosen(shell, layout, search)
    if "{0}" not in template:
        known = ", ".join(_ARGUMENTS)
        raise StepFailed(
            f"Invalid shell option '{shell}'. Shell must be a valid built-in ({known}) "
            "or a format string containing '{0}'"
        )
    name = f"{uuid.uuid4()}{_SUFFIXES.get(program.lower(), '')}"
    text = run.replace("\r\n", "\n")
    if program in _POWERSHELLS:
        text = _powershell(text)
    found = program if layout.is_container else _found(program, search)
    arguments = split(_PLACE.sub(lambda place: _filled(place[0], f"{layout.temp}/{name}"), template))
    return Script(name, text, (found, *arguments), f"{found} {template}")


def split(text: str) -> list[str]:
    """The arguments of a command line, by the rules of .NET."""
    arguments: list[str] = []
    current: str | None = None
    quoted, at = False, 0
    while at < len(text):
        piece = _PIECE.match(text, at)
        assert piece is not None
        at = piece.end()
        if piece["gap"] and not quoted:
            arguments, current = ([*arguments, current] if current is not None else arguments), None
            continue
        current = current or ""
        if not piece["quote"]:
            current += piece[0]
            continue
        current += "\\" * (len(piece["slashes"]) // 2)
        if len(piece["slashes"]) % 2:
            current += '"'
        elif quoted and text.startswith('"', at):
            current, at = current + '"', at + 1
        else:
            quoted = not quoted
    return [*arguments, current] if current is not None else arguments


def _chosen(shell: str | None, layout: Layout, search: str) -> tuple[str, str]:
    """Program and template."""
    if not shell and not layout.is_container:
        return ("bash" if shutil.which("bash", path=search) else "sh"), _ARGUMENTS["sh"]
    program, _, template = (shell or layout.default_shell[1]).partition(" ")
    if program.lower() == "cmd":
        raise StepFailed(f"Invalid shell option '{shell}'. It is a shell of Windows, and this runner has none.")
    return program, template.lstrip() or _ARGUMENTS.get(program.lower(), "")


def _found(program: str, search: str) -> str:
    found = shutil.which(program, path=search)
    if found is None:
        raise StepFailed(f"{program}: command not found")
    return found


def _filled(place: str, path: str) -> str:
    return path if place == "{0}" else place[0]


def _powershell(text: str) -> str:
    last = "if ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }"
    return f"$ErrorActionPreference = 'stop'\n{text}\n{last}"
