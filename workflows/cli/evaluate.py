"""``evaluate``: JSON lines of expressions in, a line with the value of each out.

A line in is ``{"expr": text, "contexts": {name: value}}``; only the contexts that it names exist. A line
out is ``{"kind": …, "value": …}`` with the kind Null, Boolean, Number, String, Array or Object, or
``{"err": {"kind": "lexing" | "parsing" | "evaluation", "message": …}}``. A number that JSON does not
have (NaN, Infinity) is given as that text. A line that is no such question is answered with an error of
the kind ``request``; the others are answered all the same, and the exit status is 2 in the end.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from workflows.cli.values import as_json, object_of
from workflows.errors import ExpressionError
from workflows.expressions import evaluate, kind, parse


def run(arguments: Sequence[str]) -> int:
    """Exit status: 0, or 2 when a line was no question."""
    form = argparse.RawDescriptionHelpFormatter
    argparse.ArgumentParser("python -m workflows evaluate", description=__doc__, formatter_class=form).parse_args(
        arguments
    )
    understood = True
    lines = (line.decode("utf-8", "replace") for line in sys.stdin.buffer)
    for answer in answers(lines):
        understood = understood and answer.get("err", {}).get("kind") != "request"
        print(json.dumps(answer), flush=True)  # who asks may wait for each answer before the next question
    return 0 if understood else 2


def answers(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The answer to each line; empty ones ask nothing."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _answer(*_question(f"line {number}", line))
        except ValueError as error:
            yield _failure("request", str(error))


def _question(place: str, line: str) -> tuple[str, Mapping[str, object]]:
    asked = object_of(place, line)
    text, contexts = asked.get("expr"), asked.get("contexts")
    if not isinstance(text, str):
        raise ValueError(f"{place}: 'expr' must be a text: the expression without ${{{{ }}}}")
    if contexts is not None and not isinstance(contexts, dict):
        raise ValueError(f"{place}: 'contexts' must be an object of names and values")
    return text, contexts or {}


def _answer(text: str, contexts: Mapping[str, object]) -> dict[str, Any]:
    try:
        value = evaluate(parse(text, contexts), contexts)
    except ExpressionError as error:
        return _failure(error.kind, error.message)
    return {"kind": kind(value), "value": as_json(value)}


def _failure(what: str, message: str) -> dict[str, Any]:
    return {"err": {"kind": what, "message": message}}
