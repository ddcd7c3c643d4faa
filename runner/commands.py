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

from runner.annotations import LEVELS, Annotation, StepAnnotations, number, properties
from runner.errors import StepFailed
from runner.step_matchers import StepMatchers
from workflows.messages import AnnotationReport

#: A line that may hold a command; everything else is passed on in whole blocks.
CANDIDATE = re.compile(rb"^[ \t\v\f\r]*::|##\[", re.MULTILINE)

_LATER_LINE = re.compile(rb"\n[ \t\v\f\r]*::")

REFUSED_NAMES = re.compile(r"(?i:NODE_OPTIONS)|LD_.*|BASH_ENV")

_V2_DATA = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
_V2_PROPERTY = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
_V1 = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%"))
_TRUE = ("1", "true")
#: Commands that are never repeated in the log, whatever ``echo`` says: their line would say too much, or twice.
_SILENT = frozenset({"add-mask", "debug", "error", "warning", "notice"})


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


def may_hold_command(block: bytes) -> bool:
    """Whether any of these lines is a ``CANDIDATE``; far faster than the pattern, which looks at every byte."""
    return (
        (b"#" in block and b"##[" in block)
        or (b":" in block and _LATER_LINE.search(block) is not None)
        or CANDIDATE.match(block) is not None
    )


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


class StepCommands:
    """The commands of one step: what they set, and what is printed for them."""

    def __init__(
        self,
        add_mask: Callable[[str], None],
        environment: Mapping[str, str],
        *,
        workspace: str = "",
        debug: bool = False,
        step_id: str = "",
        mask: Callable[[str], str] = str,
        matchers: StepMatchers | None = None,
    ) -> None:
        self._add_mask = add_mask
        self._environment = environment
        self._workspace = workspace.rstrip("/")
        self._debug = debug
        self._step_id = step_id
        self._matchers = matchers
        self._stop_token: str | None = None
        self._annotations = StepAnnotations(mask)
        self.echo = debug
        self.failed = False
        self.outputs: dict[str, str] = {}
        self.state: dict[str, str] = {}
        self.env: dict[str, str] = {}
        self.paths: list[str] = []
        self._rules: dict[str, Callable[[Command], list[str]]] = {
            "set-output": self._set_output,
            "save-state": self._save_state,
            "set-env": self._set_env,
            "add-path": self._add_path,
            "add-mask": self._mask,
            "add-matcher": self._add_matcher,
            "remove-matcher": self._remove_matcher,
            "debug": lambda command: self.debug(command.data),
            "error": self._annotate,
            "warning": self._annotate,
            "notice": self._annotate,
            "group": lambda command: [f"##[group]{command.data}"],
            "endgroup": lambda command: ["##[endgroup]"],
            "echo": self._echo,
            "stop-commands": self._stop,
        }

    @property
    def annotations(self) -> list[Annotation]:
        """What was found so far, in order."""
        return self._annotations.kept

    def reports(self, step: int, offsets: Mapping[int, int]) -> list[AnnotationReport]:
        """The annotations for the server; ``offsets`` in the log by their place in ``annotations``."""
        return self._annotations.reports(step, offsets)

    @property
    def matchers(self) -> StepMatchers | None:
        """The problem matchers that every line of output has to go through; None while there is none."""
        return self._matchers or None

    def process(self, line: str) -> list[str] | None:
        """Carry out the command of this line; what is to be printed instead, or None when it is plain output."""
        if self._stop_token is not None:
            return self._maybe_resume(line)
        command = parse(line, self._rules)
        if command is None:
            return None
        shown = command.name if command.name in _SILENT else line
        echoes = command.name == "stop-commands" or (self.echo and command.name not in _SILENT)
        echo = [line] if echoes else []
        try:
            return echo + self._rules[command.name](command)
        except (CommandError, StepFailed) as problem:
            self.failed = True
            said = self.annotate("failure", f"Unable to process command '{shown}' successfully.")
            return echo + said + self.annotate("failure", str(problem))

    def match(self, line: str) -> list[str] | None:
        """What is printed for a line that completes a finding of a problem matcher; None for any other."""
        if self._matchers is None:
            return None
        found = self._matchers.find(line)
        notes = [text for note in self._matchers.notes() for text in self.annotate("warning", note)]
        if found is None:
            return [*notes, line] if notes else None
        return [*notes, *self._annotations.add(*found)]

    def annotate(self, level: str, message: str) -> list[str]:
        """An annotation of the runner's own about this step; the lines that show it."""
        return self._annotations.add(Annotation(level, message))

    def debug(self, text: str) -> list[str]:
        """The lines of a text that is only for debug logging."""
        return f"##[debug]{text}".split("\n") if self._debug else []

    def _maybe_resume(self, line: str) -> list[str] | None:
        token = self._stop_token or ""
        if parse(line, frozenset({token.lower()})) is None:
            return None
        self._stop_token = None
        return [line, *self.debug("Resume processing commands")]

    def _set_output(self, command: Command) -> list[str]:
        name = _required(command, "name")
        self.outputs[name] = command.data
        place = "" if self._step_id.startswith("__") else f"steps.{self._step_id}.outputs.{name}"
        return self.debug(f"{place}='{command.data}'")

    def _save_state(self, command: Command) -> list[str]:
        name = _required(command, "name")
        self.state[name] = command.data
        return self.debug(f"Save intra-action state {name} = {command.data}")

    def _set_env(self, command: Command) -> list[str]:
        self._must_allow("set-env", "ENV")
        name = _required(command, "name")
        if REFUSED_NAMES.fullmatch(name):
            return self.annotate("failure", f"Can't update {name} environment variable using ::set-env:: command.")
        self.env[name] = command.data
        return self.debug(f"{name}='{command.data}'")

    def _add_path(self, command: Command) -> list[str]:
        self._must_allow("add-path", "PATH")
        if not command.data:
            raise CommandError("Required data for ##[add-path] command is missing.")
        self.paths.append(command.data)
        return []

    def _must_allow(self, name: str, file: str) -> None:
        if self._environment.get("ACTIONS_ALLOW_UNSECURE_COMMANDS", "").strip().lower() != "true":
            raise CommandError(
                f"The `{name}` command is disabled, because untrusted output could use it. Write to the file that "
                f"GITHUB_{file} names instead, or set ACTIONS_ALLOW_UNSECURE_COMMANDS to true to accept the risk."
            )

    def _mask(self, command: Command) -> list[str]:
        if not command.data.strip():
            return self.annotate("warning", "Can't add secret mask for empty string in ##[add-mask] command.")
        self._add_mask(command.data)
        return ["::add-mask::***"] if self.echo else []

    def _add_matcher(self, command: Command) -> list[str]:
        if not command.data:
            return self.annotate("warning", "File path must be specified.")
        return self._said("Added", self._of_job().add(command.data))

    def _remove_matcher(self, command: Command) -> list[str]:
        owner, path = command.get("owner"), command.data
        if owner and path:
            text = (
                "Either specify an owner name or a file path in ##[remove-matcher] command. Both values cannot be set."
            )
            return self.annotate("warning", text)
        if not owner and not path:
            text = "Either an owner name or a file path must be specified in ##[remove-matcher] command."
            return self.annotate("warning", text)
        return self._said("Removed", self._of_job().remove(owner, path))

    def _of_job(self) -> StepMatchers:
        if self._matchers is None:
            raise CommandError("There are no problem matchers here.")
        return self._matchers

    def _said(self, what: str, owners: list[str]) -> list[str]:
        return self.debug(f"{what} matchers: {', '.join(repr(owner) for owner in owners)}.") if owners else []

    def _annotate(self, command: Command) -> list[str]:
        found = properties(command.get)
        return self._annotations.add(
            Annotation(
                level=LEVELS[command.name],
                message=command.data,
                title=found.get("title", ""),
                path=self._relative(found.get("file", "")),
                start_line=number(found.get("line")),
                end_line=number(found.get("endLine")),
                start_column=number(found.get("col")),
                end_column=number(found.get("endColumn")),
            )
        )

    def _relative(self, path: str) -> str:
        plain = posixpath.normpath(path.replace("\\", "/")) if path else ""
        below = f"{self._workspace}/"
        return plain[len(below) :] if self._workspace and plain.startswith(below) else plain

    def _echo(self, command: Command) -> list[str]:
        word = command.data.strip().lower()
        if word not in ("on", "off"):
            raise CommandError(
                f"Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: '{command.data}'."
            )
        self.echo = word == "on"
        return self.debug(f"Setting echo command value to '{word}'")

    def _stop(self, command: Command) -> list[str]:
        token = command.data
        bad = not token or token == "pause-logging" or token.lower() in self._rules
        is_free = self._environment.get("ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS", "").strip().lower() in _TRUE
        if bad and not is_free:
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
