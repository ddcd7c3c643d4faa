"""``lint``: what is wrong with workflow files, as file:line:col: message."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from workflows import parser
from workflows.cli import files


def run(arguments: Sequence[str]) -> int:
    """Exit status: 0 nothing wrong (warnings apart), 1 errors, 2 nothing to read."""
    command = argparse.ArgumentParser(prog="python -m workflows lint", description=__doc__)
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a workflow file, or a folder with some")
    found = [file for path in command.parse_args(arguments).paths for file in _files(path)]
    if not found:
        print("no workflow files found", file=sys.stderr)
        return 2
    failed = False
    for file in found:
        try:
            content = files.content(str(file))
        except files.Unreadable as error:
            print(error, file=sys.stderr)
            return 2
        workflow, problems = parser.read(content, str(file))
        failed = failed or workflow is None
        for problem in problems:
            print(problem)
    return int(failed)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    folder = path / ".github" / "workflows"
    folder = folder if folder.is_dir() else path
    yield from sorted(file for file in folder.iterdir() if file.suffix in (".yml", ".yaml"))
