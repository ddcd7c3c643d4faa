"""What stands at the head of a step's log: what is run, and with what."""

from __future__ import annotations

from collections.abc import Mapping

_CYAN, _PLAIN = "\x1b[36;1m", "\x1b[0m"


def of_run(text: str, shell: str, env: Mapping[str, str]) -> list[str]:
    """Of a script: its first line, all of it in colour, its shell, and the variables of workflow, job and step."""
    script = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    lines = [f"##[group]Run {first_line(text)}", *(f"{_CYAN}{line}{_PLAIN}" for line in script)]
    return [*lines, f"shell: {shell}", *_table("env", env), "##[endgroup]"]


def of_uses(uses: str, inputs: Mapping[str, str], env: Mapping[str, str]) -> list[str]:
    """Of an action: its name, its inputs, the variables."""
    given = {name: value for name, value in inputs.items() if value}
    return [f"##[group]Run {uses}", *_table("with", given), *_table("env", env), "##[endgroup]"]


def first_line(text: str) -> str:
    """The first line of a script that holds anything."""
    return text.lstrip(" \t\r\n").partition("\n")[0].partition("\r")[0]


def _table(title: str, values: Mapping[str, str]) -> list[str]:
    return [f"{title}:", *(f"  {name}: {value}" for name, value in values.items())] if values else []
