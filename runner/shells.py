"""From ``shell:`` to a command line and a script file."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from runner.backends.base import Layout
from runner.errors import StepFailed


@dataclass(frozen=True)
class Script:
    """``argv`` holds the script's path already; ``shown`` is what the log calls the shell."""

    name: str
    text: str
    argv: tuple[str, ...]
    shown: str


_KNOWN = {
    "bash": ("bash --noprofile --norc -e -o pipefail {0}", ".sh"),
    "sh": ("sh -e {0}", ".sh"),
    "python": ("python {0}", ".py"),
    "pwsh": ("pwsh -command \". '{0}'\"", ".ps1"),
    "powershell": ("powershell -command \". '{0}'\"", ".ps1"),
}


def make(shell: str | None, run: str, layout: Layout, word: str) -> Script:
    """The script of a step; ``word`` names its file. StepFailed for a shell that is none."""
    text = run.replace("\r\n", "\n")
    if not shell:
        shown, line = layout.default_shell
        suffix = ".sh"
    elif shell in _KNOWN:
        line, suffix = _KNOWN[shell]
        shown = line
    elif "{0}" in shell:
        line, suffix, shown = shell, "", shell
    else:
        known = ", ".join(_KNOWN)
        raise StepFailed(f"Invalid shell option '{shell}'. Use one of {known}, or a command that holds {{0}}.")
    if shell in ("pwsh", "powershell"):
        text = _powershell(text)
    return Script(f"{word}{suffix}", text, _argv(line, f"{layout.temp}/{word}{suffix}"), shown)


def _argv(line: str, path: str) -> tuple[str, ...]:
    try:
        parts = shlex.split(line)
    except ValueError as error:
        raise StepFailed(f"Invalid shell option '{line}': {error}") from None
    return tuple(part.replace("{0}", path) for part in parts)


def _powershell(text: str) -> str:
    last = "if ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }"
    return f"$ErrorActionPreference = 'stop'\n{text}\n{last}"
