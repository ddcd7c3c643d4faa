"""The environment files: what a step tells the runner by writing to the files that GITHUB_ENV and the like name.

Every step gets fresh, empty ones. They are read after it ended, also when it failed, and only through
``guest_files``: the job may have put anything in their place.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from runner.commands import REFUSED_NAMES
from runner.errors import GuestFileRefused, StepFailed
from runner.guest_files import GuestFolder

FOLDER = "_temp/_runner_file_commands"
VALUES_LIMIT = 16 << 20  # bytes of one file of values
SUMMARY_LIMIT = 1 << 20

_LINE_END = re.compile(r"\r\n|\r|\n")  # of GITHUB_PATH; in the files of values a CR is a part of the value

#: variable → beginning of the file's name
FILES = {
    "GITHUB_ENV": "set_env_",
    "GITHUB_OUTPUT": "set_output_",
    "GITHUB_PATH": "add_path_",
    "GITHUB_STATE": "save_state_",
    "GITHUB_STEP_SUMMARY": "step_summary_",
}


@dataclass(frozen=True)
class FileProblem:
    """What is wrong with a file, by the name that it has in the github context; it fails the step."""

    file: str
    text: str


@dataclass
class FileResults:
    """What a step wrote. ``problems`` are its errors, which fail it; ``notes`` are shown and change nothing."""

    env: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    state: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    refused: list[str] = field(default_factory=list)  # names that GITHUB_ENV may not set
    problems: list[FileProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def told(self) -> Iterator[str]:
        """What debug logging says of it."""
        yield from (f"{name}='{value}'" for name, value in self.env.items())
        yield from (f"Set output {name} = {value}" for name, value in self.outputs.items())
        yield from (f"Save intra-action state {name} = {value}" for name, value in self.state.items())


class StepFiles:
    """The files of one step."""

    def __init__(self, guest: GuestFolder) -> None:
        self._guest = guest
        word = uuid.uuid4()
        self._paths = {variable: f"{FOLDER}/{start}{word}" for variable, start in FILES.items()}

    def create(self) -> None:
        """Make them, empty. GuestFileRefused when the job has made that impossible."""
        self._guest.make_folders(FOLDER)
        with self._guest.folder(FOLDER) as place:
            for path in self._paths.values():
                place.create(_name(path), b"")

    def variables(self, work: str) -> dict[str, str]:
        """The variables that name them, as paths below the step's work folder."""
        return {variable: f"{work}/{path}" for variable, path in self._paths.items()}

    def collect(self) -> FileResults:
        """Read them all, and remove them."""
        results = FileResults()
        for variable, read in (
            ("GITHUB_ENV", self._read_env),
            ("GITHUB_OUTPUT", self._read_output),
            ("GITHUB_PATH", self._read_path),
            ("GITHUB_STATE", self._read_state),
        ):
            try:
                read(results)
            except (StepFailed, GuestFileRefused) as problem:
                results.problems.append(FileProblem(variable.removeprefix("GITHUB_").lower(), str(problem)))
        self._read_summary(results)
        with contextlib.suppress(GuestFileRefused), self._guest.folder(FOLDER) as place:
            for path in self._paths.values():
                place.remove(_name(path))
        return results

    def _text(self, variable: str) -> str:
        data = self._guest.read(self._paths[variable], VALUES_LIMIT) or b""
        return decoded(data)

    def _read_env(self, results: FileResults) -> None:
        for name, value in pairs(self._text("GITHUB_ENV")):
            if not name:
                raise StepFailed("The name of a variable must not be empty.")
            if "\0" in name or "\0" in value:
                raise StepFailed(f"The variable '{name}' holds a NUL character.".replace("\0", ""))
            if REFUSED_NAMES.fullmatch(name):
                results.refused.append(name)
            else:
                results.env[name] = value

    def _read_output(self, results: FileResults) -> None:
        for name, value in pairs(self._text("GITHUB_OUTPUT")):
            if not name:
                raise StepFailed("The name of an output must not be empty.")
            results.outputs[name] = value

    def _read_path(self, results: FileResults) -> None:
        results.paths += [line for line in _LINE_END.split(self._text("GITHUB_PATH")) if line]

    def _read_state(self, results: FileResults) -> None:
        for name, value in pairs(self._text("GITHUB_STATE")):
            results.state[name] = value

    def _read_summary(self, results: FileResults) -> None:
        try:
            data = self._guest.read(self._paths["GITHUB_STEP_SUMMARY"], SUMMARY_LIMIT)
            results.summary = (data or b"").decode(errors="replace")
        except GuestFileRefused as problem:
            limit = f"supports content up to a size of {SUMMARY_LIMIT >> 10}k"
            results.notes.append(f"$GITHUB_STEP_SUMMARY upload aborted, {limit}: {problem}")


def decoded(data: bytes) -> str:
    """UTF-8 with or without its mark at the beginning; bytes that are none become U+FFFD."""
    return data.decode("utf-8-sig", errors="replace")


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """``name=value`` and ``name<<DELIMITER`` entries, in order; StepFailed at the first that is neither.

    Lines end at LF alone; what came before a bad line has been given out already.
    """
    at = 0
    while at < len(text):
        line, at, _ = _line(text, at)
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            yield line[:equals], line[equals + 1 :]
        elif heredoc >= 0:
            name, delimiter = line[:heredoc], line[heredoc + 2 :]
            if not name or not delimiter:
                raise StepFailed(f"Invalid format '{line}'. Name must not be empty and delimiter must not be empty")
            value, at = _heredoc(text, at, delimiter)
            yield name, value
        else:
            raise StepFailed(f"Invalid format '{line}'")


def _heredoc(text: str, at: int, delimiter: str) -> tuple[str, int]:
    lines: list[str] = []
    while True:
        if at >= len(text):
            raise StepFailed(f"Invalid value. Matching delimiter not found '{delimiter}'")
        line, at, ended = _line(text, at)
        if line == delimiter:
            return "\n".join(lines), at
        if not ended:
            raise StepFailed("Invalid value. EOF marker missing new line.")
        lines.append(line)


def _line(text: str, at: int) -> tuple[str, int, bool]:
    end = text.find("\n", at)
    return (text[at:], len(text), False) if end < 0 else (text[at:end], end + 1, True)


def _name(path: str) -> str:
    return path.rpartition("/")[2]
