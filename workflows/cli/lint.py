"""``lint``: what is wrong, or surely not meant, in workflow and action files.

Without a path, the files in .shithub/workflows and .github/workflows below the current folder are read.
A line of the form ``# workflows: ignore=RULE`` silences a rule for itself and the line below.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from workflows.cli import files
from workflows.lint import Finding, Options, lint, report

#: Where workflow files are, below the root of a repository.
FOLDERS = (".shithub/workflows", ".github/workflows")
_SUFFIXES = (".yml", ".yaml")
_ACTION = re.compile(r"(?:.*[/\\])?action\.ya?ml")
_WORKFLOW = re.compile(r"(?:.*[/\\])?\.[a-z]+[/\\]workflows[/\\][^/\\]*")
_RUNS = re.compile(rb"^runs[ \t]*:", re.MULTILINE)
_JOBS = re.compile(rb"^(?:on|jobs|\"on\"|'on')[ \t]*:", re.MULTILINE)


def run(arguments: Sequence[str]) -> int:
    """Exit status: 0 nothing wrong (warnings apart), 1 errors, 2 nothing to read."""
    asked = _parser().parse_args(arguments)
    found = list(dict.fromkeys(file for path in asked.paths or FOLDERS for file in _files(Path(path), asked.paths)))
    if not found:
        print("no workflow files found", file=sys.stderr)
        return 2
    findings: list[Finding] = []
    for file in found:
        try:
            content = files.content(str(file))
        except files.Unreadable as error:
            print(error, file=sys.stderr)
            return 2
        options, action = Options(tuple(asked.label)), _is_action(str(file), content)
        findings += lint(content, str(file), options, action=action, called=_called(file))
    sys.stdout.write(report.FORMATS[asked.format](findings))
    return int(any(finding.severity == "error" for finding in findings))


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    command = argparse.ArgumentParser("python -m workflows lint", description=__doc__, formatter_class=form)
    command.add_argument("paths", nargs="*", metavar="PATH", help="a file, or a folder with some; - is standard input")
    command.add_argument("--format", choices=report.FORMATS, default="text", help="text (default), json, or github")
    more = "a label that your runners have, * and ? standing for any text; may be given often"
    command.add_argument("--label", action="append", default=[], metavar="LABEL", help=more)
    return command


def _files(path: Path, asked: Sequence[str]) -> Iterator[Path]:
    """The file itself; of a repository its workflow files, of any other folder those in it."""
    if not path.is_dir():
        yield from [path] if asked else []
        return
    below = [folder for folder in (path / name for name in FOLDERS) if folder.is_dir()]
    for folder in below or [path]:
        yield from sorted(file for file in folder.iterdir() if file.suffix in _SUFFIXES)


def _called(file: Path) -> Mapping[str, bytes] | None:
    """The workflow files of the file's repository by reference; None when it lies outside of the usual folders."""
    folder = file.absolute().parent
    if "/".join(folder.parts[-2:]) not in FOLDERS:
        return None
    return _workflows(folder.parent.parent)


@lru_cache(maxsize=1)
def _workflows(root: Path) -> Mapping[str, bytes]:
    found = {}
    for name in FOLDERS:
        for file in _files(root / name, ()):
            with suppress(files.Unreadable):  # said where it is itself looked at
                found[f"./{name}/{file.name}"] = files.content(str(file))
    return found


def _is_action(path: str, content: bytes) -> bool:
    if _ACTION.fullmatch(path):
        return True
    return not _WORKFLOW.fullmatch(path) and bool(_RUNS.search(content)) and not _JOBS.search(content)
