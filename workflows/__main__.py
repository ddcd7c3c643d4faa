"""``python -m workflows lint PATH…``: what is wrong with workflow files, as file:line:col: message.

A folder stands for the workflow files in it: its ``.github/workflows``, or else its own ``*.yml``. Exit
status: 0 nothing wrong (warnings apart), 1 errors, 2 nothing to read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from workflows import parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    command = argparse.ArgumentParser(prog="python -m workflows", description="The workflow language, by itself.")
    actions = command.add_subparsers(dest="action", required=True)
    lint = actions.add_parser("lint", help="check workflow files")
    lint.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a workflow file, or a folder with some")
    return _lint(command.parse_args(arguments).paths)


def _lint(paths: Sequence[Path]) -> int:
    files = [file for path in paths for file in _files(path)]
    if not files:
        print("no workflow files found", file=sys.stderr)
        return 2
    failed = False
    for file in files:
        try:
            content = file.read_bytes()
        except OSError as error:
            print(f"{file}: {error.strerror}", file=sys.stderr)
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


if __name__ == "__main__":
    sys.exit(main())
