"""The run list's query language: ``is:failure workflow:ci.yml branch:main actor:rosa fix upload``.

The text is the whole state of the list. A key that is not known, or a value that cannot be, is named to
the person and never left out in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from forge.actions.queries.periods import Period, period
from forge.errors import Invalid
from workflows.states import Conclusion, Status

KEYS = ("is", "workflow", "event", "branch", "actor", "sha", "created")
_TOKEN = re.compile(r'([A-Za-z_]+):("[^"]*"|\S*)|("[^"]*"|\S+)')
_ALIASES = {"failed": "failure", "running": "in_progress", "canceled": "cancelled", "succeeded": "success"}
MOST_WORDS = 20  # each is looked for in thousands of texts
STATES = tuple(word.value for word in (*Status, *Conclusion))


@dataclass(frozen=True)
class Query:
    """A query as read. ``values`` by key, ``words`` free text, ``problems`` one sentence each."""

    text: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    created: Period = field(default_factory=Period)
    problems: tuple[str, ...] = ()

    def get(self, key: str) -> str:
        """The value of a key, or an empty text."""
        return self.values.get(key, "")

    @property
    def empty(self) -> bool:
        """True when everything is asked for."""
        return not self.values and not self.words

    def terms(self) -> list[tuple[str, str]]:
        """Each part as written again, and the query without it."""
        parts = [(_written(key, value), self.with_value(key, "")) for key, value in self.values.items()]
        whole = _text(self.values, ())
        return [*parts, (" ".join(self.words), whole)] if self.words else parts

    def with_value(self, key: str, value: str) -> str:
        """The query's text with one key set, or taken out when the value is empty."""
        values = {name: old for name, old in self.values.items() if name != key}
        return _text({**values, key: value} if value else values, self.words)


def parse(text: str) -> Query:
    """Read a query."""
    query, values, words, problems = Query(text=text.strip()), {}, [], []
    for key, value, word in _TOKEN.findall(text):
        if word:
            words.append(word.strip('"'))
        elif key.lower() not in KEYS:
            problems.append(f"“{key}:” is no key of this search. There are {', '.join(f'{k}:' for k in KEYS)}")
        else:
            values[key.lower()] = value.strip('"')
    values = {key: value for key, value in values.items() if value and (key, value) != ("is", "any")}
    query = replace(query, values=_named(values), words=tuple(word for word in words if word), problems=tuple(problems))
    return _checked(query)


def _named(values: dict[str, str]) -> dict[str, str]:
    state = values.get("is", "").lower().replace("-", "_")
    return {**values, "is": _ALIASES.get(state, state)} if state else values


def _checked(query: Query) -> Query:
    problems = list(query.problems)
    if query.get("is") and query.get("is") not in STATES:
        problems.append(f"“is:{query.get('is')}” is no state. There are {', '.join(STATES)}")
    if len(query.words) > MOST_WORDS:
        told = f"{len(query.words):,} words are too many to look for, {MOST_WORDS} are allowed"
        problems.append(f"{told}; in quotation marks several are one")
    sha = query.get("sha").lower()
    if sha and not re.fullmatch("[0-9a-f]{4,64}", sha):
        problems.append("“sha:” takes four digits of a commit or more")
    try:
        query = replace(query, created=period(query.get("created")) if query.get("created") else Period())
    except Invalid as error:
        problems += [f"“created:” {found.message}" for found in error.errors]
    return replace(query, problems=tuple(problems))


def _written(key: str, value: str) -> str:
    return f'{key}:"{value}"' if re.search(r"\s", value) else f"{key}:{value}"


def _text(values: Mapping[str, str], words: tuple[str, ...]) -> str:
    terms = [_written(key, value) for key, value in values.items()]
    return " ".join([*terms, *(f'"{word}"' if re.search(r"[\s:]", word) else word for word in words)])
