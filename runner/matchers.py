"""Problem matchers: lines of a step's output that become annotations.

``read`` makes the matchers of a file's text and says what is wrong with it. ``Registry`` holds those of a job, the
newest first. ``LineMatchers`` is the state of one step: what each matcher has seen of a finding that goes over
several lines. What a finding says of a file is worked out in ``matched_files``.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runner.ecmascript import BadPattern, Pattern

SECONDS = 1.0  # for one match
TRIES = 3
_SHORT = 3  # patterns
CONFIG_LIMIT = 1 << 20  # bytes of a file of matchers
SEVERITIES = ("error", "warning", "notice")
_PROPERTIES = ("file", "line", "column", "severity", "code", "message", "fromPath")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m?")


class BadMatcher(ValueError):
    """A file of matchers that is not right; says why."""


@dataclass(frozen=True)
class LinePattern:
    """One line of a finding: its expression, and which group holds what."""

    expression: Pattern
    groups: Mapping[str, int]
    loop: bool = False


@dataclass(frozen=True, eq=False)
class Matcher:
    """One matcher of a file."""

    owner: str
    patterns: tuple[LinePattern, ...]
    severity: str = ""
    from_path: str = ""

    def names(self, owner: str) -> bool:
        """Whether this is the owner's; case does not count."""
        return self.owner.lower() == owner.lower()


#: What the lines of a finding say: the properties of a matcher by name; what no pattern asks for is not there.
Finding = Mapping[str, str]


def read(text: str) -> list[Matcher]:
    """The matchers of a file; BadMatcher."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise BadMatcher(f"This is no JSON: {error}") from None
    entries = data.get("problemMatcher") if isinstance(data, dict) else None
    if not isinstance(entries, list | None):
        raise BadMatcher("'problemMatcher' must be a list")
    made = [_matcher(entry) for entry in entries or ()]
    for place, one in enumerate(made):
        if any(one.names(other.owner) for other in made[:place]):
            raise BadMatcher(f"Duplicate owner name '{one.owner}'")
    return made


def _matcher(entry: object) -> Matcher:
    if not isinstance(entry, dict) or not entry.get("owner"):
        raise BadMatcher("Owner must not be empty")
    owner, severity = str(entry["owner"]), str(entry.get("severity") or "")
    if severity and severity.lower() not in SEVERITIES:
        raise BadMatcher(f"Matcher '{owner}' contains unexpected default severity '{severity}'")
    given = entry.get("pattern")
    if not isinstance(given, list) or not given:
        raise BadMatcher(f"Matcher '{owner}' does not contain any patterns")
    patterns = tuple(_pattern(one) for one in given)
    _check(patterns)
    return Matcher(owner, patterns, severity, str(entry.get("fromPath") or ""))


def _pattern(entry: object) -> LinePattern:
    if not isinstance(entry, dict):
        raise BadMatcher("A pattern must be an object")
    try:
        expression = Pattern(str(entry.get("regexp") or ""))
    except BadPattern as error:
        raise BadMatcher(str(error)) from None
    groups = {name: _group(entry[name], name) for name in _PROPERTIES if entry.get(name) is not None}
    for name, group in groups.items():
        if not 0 <= group < expression.groups:
            raise BadMatcher(
                f"The property '{name}' is set to {group} which is out of range, "
                f"the expression has {expression.groups - 1} groups"
            )
    return LinePattern(expression, groups, entry.get("loop") is True)


def _group(value: Any, name: str) -> int:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise BadMatcher(f"The property '{name}' must be the number of a group")
    return int(text)


def _check(patterns: tuple[LinePattern, ...]) -> None:
    """What the patterns of one matcher have to be together."""
    seen: set[str] = set()
    for place, pattern in enumerate(patterns):
        if pattern.loop and not 0 < place == len(patterns) - 1:
            raise BadMatcher("Only the last pattern in a multiline matcher may set 'loop'")
        if pattern.loop and "message" not in pattern.groups:
            raise BadMatcher("The loop pattern must set 'message'")
        for name in pattern.groups:
            if name in seen:
                raise BadMatcher(f"The property '{name}' is set twice")
            seen.add(name)
    if "message" not in seen:
        raise BadMatcher("At least one pattern must set 'message'")


class Registry:
    """The matchers of a job. Steps add and remove; a tuple is replaced, never changed, and many may do so at once."""

    def __init__(self) -> None:
        self.matchers: tuple[Matcher, ...] = ()
        self._changing = threading.Lock()

    def add(self, made: Iterable[Matcher]) -> None:
        """Put these before all others, in place of those with the same owner."""
        new = tuple(made)
        with self._changing:
            self.matchers = new + tuple(old for old in self.matchers if not any(old.names(one.owner) for one in new))

    def remove(self, owners: Iterable[str]) -> None:
        """Take away those of these owners; one that is not there is no mistake."""
        gone = list(owners)
        with self._changing:
            self.matchers = tuple(old for old in self.matchers if not any(old.names(owner) for owner in gone))


class LineMatchers:
    """The matchers as one step's output runs through them. False when there is none."""

    def __init__(self, registry: Registry, seconds: float = SECONDS) -> None:
        self._registry = registry
        self._seconds = seconds
        self._known: tuple[Matcher, ...] = ()
        self._states: list[_State] = []
        self._too_slow: list[Matcher] = []  # given up for this step
        self.notes: list[str] = []  # warnings that are to be shown

    def __bool__(self) -> bool:
        return bool(self._registry.matchers)

    def may_find(self, block: str) -> bool:
        """False when none of these lines can complete a finding; then they have been gone through."""
        states = list(self._current())
        if any(state.may_find(block) for state in states):
            return True
        lines = block.split("\n")[:-1]
        for state in states:
            for line in lines[len(lines) - min(len(lines), len(state.matcher.patterns) - 1) :]:
                self._tried(state, line)
        return False

    def find(self, line: str) -> Finding | None:
        """The finding that this line completes, by the first matcher that has one worth showing."""
        states = self._current()
        for state in states:
            found = self._tried(state, line)
            if found is None:
                continue
            for other in states:
                if other is not state:
                    other.reset()
            if found.get("message", "").strip() and found.get("severity", "").lower() in ("", *SEVERITIES):
                return found
        return None

    def _current(self) -> list[_State]:
        matchers = self._registry.matchers
        if matchers is not self._known:
            kept = {id(state.matcher): state for state in self._states}
            self._states = [
                kept.get(id(one)) or _State(one, self._seconds)
                for one in matchers
                if not any(one is slow for slow in self._too_slow)
            ]
            self._known = matchers
        return self._states

    def _tried(self, state: _State, line: str) -> Finding | None:
        for _ in range(TRIES):
            try:
                return state.match(line)
            except TimeoutError:
                continue
        owner = state.matcher.owner
        self.notes.append(f"Removing issue matcher '{owner}'. Matcher failed {TRIES} times. Error: it took too long.")
        self._too_slow.append(state.matcher)
        self._states = [kept for kept in self._states if kept is not state]
        return None


def without_colour(line: str) -> str:
    """The line as a person reads it, which is what matchers are written for."""
    return _COLOUR.sub("", line) if "\x1b[" in line else line


class _State:
    """How far one matcher has come: what the patterns before the last have found on the lines just before."""

    def __init__(self, matcher: Matcher, seconds: float) -> None:
        self.matcher = matcher
        self._seconds = seconds
        self._running: list[dict[str, str] | None] = [None] * (len(matcher.patterns) - 1)

    def may_find(self, block: str) -> bool:
        """False when no line of these can be the last of a finding.

        How far it has come after them is then decided by the very last of them alone, as many as there are patterns
        before the last. Of four patterns and more that is not so: what the second has found outlives a line.
        """
        patterns = self.matcher.patterns
        if len(patterns) <= _SHORT:
            return patterns[-1].expression.may_match_in(block, self._seconds)
        is_running = any(found is not None for found in self._running)
        return is_running or patterns[0].expression.may_match_in(block, self._seconds)

    def reset(self) -> None:
        self._running = [None] * (len(self.matcher.patterns) - 1)

    def match(self, line: str) -> Finding | None:
        patterns = self.matcher.patterns
        last = len(patterns) - 1
        running = self._running
        found = None
        for place in range(last, -1, -1):  # from the last, so that what a line begins is not gone on with by itself
            before = running[place - 1] if place else None
            if place and before is None:
                continue
            groups = patterns[place].expression.search(line, self._seconds)
            if place < last:
                running[place] = None if groups is None else _joined(before, patterns[place], groups)
            elif groups is None:
                if place:
                    running[place - 1] = None
            else:
                self.reset()
                if patterns[place].loop:
                    self._running[place - 1] = before
                found = _joined(before, patterns[place], groups)
                break
        return None if found is None else self._completed(found)

    def _completed(self, found: dict[str, str]) -> Finding:
        for name, default in (("severity", self.matcher.severity), ("fromPath", self.matcher.from_path)):
            if default and not found.get(name):
                found[name] = default
        return found


def _joined(before: Mapping[str, str] | None, pattern: LinePattern, groups: tuple[str, ...]) -> dict[str, str]:
    return {name: groups[group] for name, group in pattern.groups.items()} | dict(before or {})
