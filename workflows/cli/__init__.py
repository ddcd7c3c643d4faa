"""``python -m workflows COMMAND``: the language for people, editors, checkers and other programs.

Each command is a module with ``run``. The exit status of all: 0 done and nothing wrong, 1 something is
wrong with what was read, 2 it could not be read or was not asked for in the right way.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from workflows.cli import evaluate, lint, matrix, parse

_COMMANDS: dict[str, tuple[Callable[[Sequence[str]], int], str]] = {
    "lint": (lint.run, "what is wrong, or surely not meant, in workflow files"),
    "parse": (parse.run, "what workflow and action files say, as JSON"),
    "evaluate": (evaluate.run, "the values of expressions, as JSON lines"),
    "matrix": (matrix.run, "the legs of a strategy, as JSON"),
}


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit status."""
    name = arguments[0] if arguments else ""
    if name in ("-h", "--help"):
        print(_usage())
        return 0
    if name not in _COMMANDS:
        print(f"no command {name!r}\n{_usage()}" if name else _usage(), file=sys.stderr)
        return 2
    run, _ = _COMMANDS[name]
    try:
        return run(arguments[1:])
    except BrokenPipeError:  # whoever reads has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2


def _usage() -> str:
    lines = [f"  {name:<10}{what}" for name, (_, what) in _COMMANDS.items()]
    return "\n".join(["usage: python -m workflows COMMAND …", "", *lines, "", "COMMAND --help says more."])
