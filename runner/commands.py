"""Workflow commands: what a step tells the runner by printing it.

Two syntaxes are alive: ``::name key=value,…::data`` at the start of a line, and ``##[name key=value;…]data``
anywhere in it. ``parse`` reads one; ``StepCommands`` carries out those of one step and remembers what they
set. What a command prints instead of its own line is given back as lines.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

#: A line that may hold a command; everything else is passed on in whole blocks.
CANDIDATE = re.compile(rb"^[ \t\v\f\r]*::|##\[", re.MULTILINE)

ANNOTATION_LIMIT = 10  # of one kind in one step
MESSAGE_LIMIT = 4096  # characters
REFUSED_NAMES = re.compile(r"(?i:NODE_OPTIONS)|LD_.*|BASH_ENV")

_V2_DATA = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
_V2_PROPERTY = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
_V1 = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%"))
_LEVELS = {"error": "failure", "warning": "warning", "notice": "notice"}
_TRUE = ("1", "true")


class CommandError(Exception):
    """A command that cannot be carried out; the step fails with this text."""


@dataclass(frozen=True)
class Command:
    """One command, unescaped; property names are as written and looked up without case."""

    name: str
    data: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """A property, or the empty text."""
        return next((value for key, value in self.properties.items() if key.lower() == name.lower()), "")


@dataclass(frozen=True)
class Annotation:
    """One finding for a person; ``level`` is notice, warning or failure."""

    level: str
    message: str
    title: str = ""
    path: str = ""
    start_line: int | None = None
    end_line: int | None = None
    start_column: int | None = None
    end_column: int | None = None


def parse(line: str, known: Mapping[str, object] | frozenset[str]) -> Command | None:
    """The command in this line, if it holds one of the known names (lower case); v2 before v1."""
    return _parse_v2(line, known) or _parse_v1(line, known)


def _parse_v2(line: str, known: Mapping[str, object] | frozenset[str]) -> Command | None:
    text = line.lstrip()
    end = text.find("::", 2)
    if not text.startswith("::") or end < 0:
        return None
    name, _, properties = text[2:end].partition(" ")
    if name.lower() not in known:
        return None
    return Command(name.lower(), _unescaped(text[end + 2 :], _V2_DATA), _properties(properties, ",", _V2_PROPERTY))


def _parse_v1(line: str, known: Mapping[str, object] | frozenset[str]) -> Command | None:
    start = line.find("##[")
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    name, _, properties = line[start + 3 : end].partition(" ")
    if name.lower() not in known:
        return None
    return Command(name.lower(), _unescaped(line[end + 1 :], _V1), _properties(properties, ";", _V1))


def _properties(text: str, separator: str, escapes: tuple[tuple[str, str], ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in text.strip().split(separator):
        key, equals, value = pair.partition("=")
        if equals and key.strip() and value:
            found[key.strip()] = _unescaped(value, escapes)
    return found


def _unescaped(text: str, escapes: tuple[tuple[str, str], ...]) -> str:
    for code, char in escapes:
        text = text.replace(code, char)
    return text


def annotation_properties(command: Command) -> dict[str, str]:
    """The properties of an error, warning or notice with a range that makes sense."""
    names = ("file", "line", "endLine", "col", "endColumn", "title")
    found = {name: value for name in names if (value := command.get(name))}
    line, end = _number(found, "line"), _number(found, "endLine")
    if end and not line:
        found["line"] = found["endLine"]
    column, end_column = _number(found, "col"), _number(found, "endColumn")
    if end_column and not column:
        found["col"] = found["endColumn"]
    _drop_senseless(found)
    return found


def _drop_senseless(found: dict[str, str]) -> None:
    line, end = _number(found, "line"), _number(found, "endLine")
    column, end_column = _number(found, "col"), _number(found, "endColumn")
    if not line or (end and line != end):
        _drop(found, "col", "endColumn")
        column = None
    if column and end_column and end_column < column:
        _drop(found, "col", "endColumn")
    if line and end and end < line:
        _drop(found, "line", "endLine")


def _drop(found: dict[str, str], *names: str) -> None:
    for name in names:
        found.pop(name, None)


def _number(found: Mapping[str, str], name: str) -> int | None:
    text = found.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


class StepCommands:
    """The commands of one step: what they set, and what is printed for them."""

    def __init__(
        self,
        add_mask: Callable[[str], None],
        environment: Mapping[str, str],
        *,
        workspace: str = "",
        debug: bool = False,
    ) -> None:
        self._add_mask = add_mask
        self._environment = environment
        self._workspace = workspace.rstrip("/")
        self._debug = debug
        self._stop_token: str | None = None
        self.echo = debug
        self.failed = False
        self.outputs: dict[str, str] = {}
        self.state: dict[str, str] = {}
        self.env: dict[str, str] = {}
        self.paths: list[str] = []
        self.annotations: list[Annotation] = []
        self._rules: dict[str, Callable[[Command], list[str]]] = {
            "set-output": self._set_output,
            "save-state": self._save_state,
            "set-env": self._set_env,
            "add-path": self._add_path,
            "add-mask": self._mask,
            "debug": self._debug_line,
            "error": self._annotate,
            "warning": self._annotate,
            "notice": self._annotate,
            "group": lambda command: [f"##[group]{command.data}"],
            "endgroup": lambda command: ["##[endgroup]"],
            "echo": self._echo,
            "stop-commands": self._stop,
        }
        self._silent = frozenset({"add-mask", "group", "endgroup", "debug", "error", "warning", "notice"})

    def process(self, line: str) -> list[str] | None:
        """Carry out the command of this line; what is to be printed instead, or None when it is plain output."""
        if self._stop_token is not None:
            return self._maybe_resume(line)
        command = parse(line, self._rules)
        if command is None:
            return None
        try:
            printed = self._rules[command.name](command)
        except CommandError as problem:
            self.failed = True
            return [
                *self.annotate("failure", f"Unable to process command '{line}' successfully."),
                f"##[error]{problem}",
            ]
        return [line, *printed] if self.echo and command.name not in self._silent else printed

    def annotate(self, level: str, message: str) -> list[str]:
        """An annotation of the runner's own about this step; the lines that show it."""
        self._keep(Annotation(level, message[:MESSAGE_LIMIT]))
        return [f"##[{'error' if level == 'failure' else level}]{message}"]

    def refuse_name(self, name: str, file: str) -> list[str]:
        """Say that this variable cannot be set by a step."""
        return self.annotate("failure", f"Can't store {name} output parameter using '{file}' command.")

    def _keep(self, annotation: Annotation) -> None:
        if sum(kept.level == annotation.level for kept in self.annotations) < ANNOTATION_LIMIT:
            self.annotations.append(annotation)

    def _maybe_resume(self, line: str) -> list[str] | None:
        token = self._stop_token or ""
        if parse(line, frozenset({token.lower()})) is None:
            return None
        self._stop_token = None
        return []

    def _set_output(self, command: Command) -> list[str]:
        self.outputs[_required(command, "name")] = command.data
        return []

    def _save_state(self, command: Command) -> list[str]:
        self.state[_required(command, "name")] = command.data
        return []

    def _set_env(self, command: Command) -> list[str]:
        self._must_allow("set-env", "ENV")
        name = _required(command, "name")
        if REFUSED_NAMES.fullmatch(name):
            return self.refuse_name(name, "set-env")
        self.env[name] = command.data
        return []

    def _add_path(self, command: Command) -> list[str]:
        self._must_allow("add-path", "PATH")
        if not command.data:
            raise CommandError("Required data for ##[add-path] command is missing.")
        self.paths.append(command.data)
        return []

    def _must_allow(self, name: str, file: str) -> None:
        if not self._is_set("ACTIONS_ALLOW_UNSECURE_COMMANDS"):
            raise CommandError(
                f"The `{name}` command is disabled, because untrusted output could use it. Write to the file that "
                f"GITHUB_{file} names instead, or set ACTIONS_ALLOW_UNSECURE_COMMANDS to true to accept the risk."
            )

    def _is_set(self, name: str) -> bool:
        return self._environment.get(name, "").lower() in _TRUE

    def _mask(self, command: Command) -> list[str]:
        if not command.data.strip():
            return ["##[warning]Can't add secret mask for empty string in ##[add-mask] command."]
        self._add_mask(command.data)
        return []

    def _debug_line(self, command: Command) -> list[str]:
        return [f"##[debug]{command.data}"] if self._debug else []

    def _annotate(self, command: Command) -> list[str]:
        found = annotation_properties(command)
        self._keep(
            Annotation(
                level=_LEVELS[command.name],
                message=command.data[:MESSAGE_LIMIT],
                title=found.get("title", ""),
                path=self._relative(found.get("file", "")),
                start_line=_number(found, "line"),
                end_line=_number(found, "endLine"),
                start_column=_number(found, "col"),
                end_column=_number(found, "endColumn"),
            )
        )
        first, *rest = command.data.split("\n") or [""]
        return [f"##[{command.name}]{first}", *rest]

    def _relative(self, path: str) -> str:
        plain = posixpath.normpath(path.replace("\\", "/")) if path else ""
        below = f"{self._workspace}/"
        return plain[len(below) :] if self._workspace and plain.startswith(below) else plain

    def _echo(self, command: Command) -> list[str]:
        word = command.data.strip().lower()
        if word not in ("on", "off"):
            raise CommandError("Invalid echo command value. Possible values can be: 'on', 'off'.")
        self.echo = word == "on"
        return []

    def _stop(self, command: Command) -> list[str]:
        token = command.data
        bad = not token or token == "pause-logging" or token.lower() in self._rules
        if bad and not self._is_set("ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS"):
            raise CommandError(f"Invalid token for ##[stop-commands]: '{token}'. Use a random one.")
        self._stop_token = token
        if len(token) > 6:
            self._add_mask(token)
        return []


def _required(command: Command, name: str) -> str:
    value = command.get(name)
    if not value:
        raise CommandError(f"Required field '{name}' is missing in ##[{command.name}] command.")
    return value
