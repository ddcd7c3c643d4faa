"""What a workflow is given to what it sees as ``inputs``: typed, with its defaults, or refused.

A person who starts a workflow (``workflow_dispatch``) gives texts, which are read as the type that the
input has. A caller (``workflow_call``) gives values that have a type already, which must be the input's:
only a text takes every scalar. Names ignore case, as everywhere in expressions. Whatever is wrong is said at
once, in one ``InvalidInputs``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite

from workflows import expressions
from workflows.errors import ExpressionError, InvalidInputs
from workflows.expressions.values import fold, parse_number
from workflows.model import Call, CallInput, DispatchInput, Interface
from workflows.parser.findings import did_you_mean
from workflows.parser.interface import MOST_DISPATCH_INPUTS

#: A value of an input: what expressions see in ``inputs``.
Value = str | bool | int | float
#: GitHub's limit of all that a person gives, as JSON, in characters.
MOST_CHARACTERS = 65_535
_LARGEST_INTEGER = 2**53
_SHOWN = 100  # characters of a name or value in a sentence
_MOST_SHOWN = 25  # names in a sentence
#: What an input that is not given, and has no default, is.
_NOTHING: dict[str, Value] = {"boolean": False, "number": 0}
_EXAMPLES = {"boolean": "fromJSON('true')", "number": "fromJSON('3')"}
_KINDS = {"Null": "nothing", "Boolean": "a boolean", "Number": "a number", "String": "a text"} | {
    "Array": "a list",
    "Object": "a mapping",
}


def for_dispatch(asked: Sequence[DispatchInput], given: Mapping[str, object]) -> dict[str, Value]:
    """The inputs of a workflow that a person starts, in the order of the file. Raises InvalidInputs.

    Nothing given is the default, and so is an empty text. A choice without a default is its first option.
    """
    if len(given) > MOST_DISPATCH_INPUTS:
        raise InvalidInputs([f"You may only define up to {MOST_DISPATCH_INPUTS} inputs, and {len(given)} are given"])
    wrong = _unexpected([one.name for one in asked], given)
    by_name = {fold(name): value for name, value in given.items()}
    values: dict[str, Value] = {}
    for one in asked:
        try:
            values[one.name] = _dispatched(one, by_name.get(fold(one.name)))
        except InvalidInputs as error:
            wrong += error.sentences
    if not wrong and _characters(given) > MOST_CHARACTERS:
        wrong.append(f"The inputs are longer than {MOST_CHARACTERS} characters; put what is long into a file")
    if wrong:
        raise InvalidInputs(wrong)
    return values


def for_call(call: Call, interface: Interface, contexts: Mapping[str, object]) -> dict[str, Value]:
    """The inputs of a called workflow: ``with`` evaluated in the contexts of the calling job, and bound.

    ``contexts`` has github, inputs, vars, needs, strategy and matrix of the caller. Raises InvalidInputs,
    for an expression that cannot be evaluated too.
    """
    given: dict[str, object] = {}
    wrong: list[str] = []
    for name, said in call.with_.items():
        try:
            given[name] = expressions.evaluate_value(said, contexts) if isinstance(said, str) else said
        except ExpressionError as error:
            wrong.append(f"Input '{_cut(name)}' cannot be evaluated. {error.message}")
    if wrong:
        raise InvalidInputs(wrong)
    return bind(interface, given, contexts)


def bind(interface: Interface, given: Mapping[str, object], contexts: Mapping[str, object]) -> dict[str, Value]:
    """Values that were evaluated as the inputs of a called workflow, in the order of its file.

    ``contexts`` are for defaults with expressions. Raises InvalidInputs.
    """
    wrong = _unexpected([one.name for one in interface.inputs], given)
    by_name = {fold(name): value for name, value in given.items()}
    values: dict[str, Value] = {}
    for one in interface.inputs:
        try:
            key = fold(one.name)
            values[one.name] = _typed(one, by_name[key]) if key in by_name else _default(one, contexts)
        except InvalidInputs as error:
            wrong += error.sentences
    if wrong:
        raise InvalidInputs(wrong)
    return values


def _characters(given: Mapping[str, object]) -> int:
    """The length of what is given, as JSON, all of it being scalars."""
    texts = {name: expressions.to_text(value) for name, value in given.items()}
    return len(json.dumps(texts, ensure_ascii=False))


def _unexpected(known: Sequence[str], given: Mapping[str, object]) -> list[str]:
    """A sentence about the names that the workflow does not have; and about names that differ in case only."""
    names = {fold(name) for name in known}
    unknown = [_cut(name) for name in given if fold(name) not in names]
    wrong = []
    if unknown:
        shown, more = unknown[:_MOST_SHOWN], ", …" if len(unknown) > _MOST_SHOWN else ""
        near = " ".join(filter(None, (did_you_mean(name, known) for name in shown)))
        takes = near or (f"The workflow takes {_names(known)}" if known else "The workflow takes no inputs")
        wrong.append(f"Unexpected inputs provided: {json.dumps(shown)}{more}. {takes}")
    if len({fold(name) for name in given}) < len(given):
        wrong.append("Two inputs have names that differ in case only; give one of them")
    return wrong


def _dispatched(wanted: DispatchInput, given: object) -> Value:
    if given is None or given == "":
        if wanted.required and not wanted.default:
            raise InvalidInputs([f"Required input '{_cut(wanted.name)}' not provided"])
        given = wanted.default
    if not isinstance(given, str | bool | int | float | None):
        raise InvalidInputs([f"Input '{_cut(wanted.name)}' must be a string, a number or a boolean"])
    text = expressions.to_text(given)
    match wanted.type:
        case "boolean":
            return _read_boolean(wanted.name, text or "false")
        case "number":
            return _read_number(wanted.name, text or "0")
        case "choice":
            return _read_choice(wanted, text)
        case _:
            return text


def _read_boolean(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise _refused(name, text, "is not a boolean: give true or false")
    return text.lower() == "true"


def _read_number(name: str, text: str) -> int | float:
    number = parse_number(text)
    if not isfinite(number) or not text.strip():
        raise _refused(name, text, "is not a number")
    return _whole(number)


def _whole(number: float) -> int | float:
    """A number without a fraction as an integer, where floats hold those exactly."""
    return int(number) if number == int(number) and abs(number) < _LARGEST_INTEGER else float(number)


def _read_choice(wanted: DispatchInput, text: str) -> str:
    chosen = text or (wanted.options[0] if wanted.options else "")
    if chosen not in wanted.options:
        allowed = _names(wanted.options) or "there are none"
        raise _refused(wanted.name, chosen, f"not in the list of allowed values: {allowed}")
    return chosen


def _refused(name: str, given: str, why: str) -> InvalidInputs:
    return InvalidInputs([f"Provided value '{_cut(given)}' for input '{_cut(name)}' {why}"])


def _default(wanted: CallInput, contexts: Mapping[str, object]) -> Value:
    if wanted.required:
        raise InvalidInputs([f"Input {_cut(wanted.name)} is required, but not provided while calling."])
    default: object = wanted.default
    if isinstance(default, str):
        try:
            default = expressions.evaluate_value(default, contexts)
        except ExpressionError as error:
            sentence = f"The default of the input '{_cut(wanted.name)}' cannot be evaluated. {error.message}"
            raise InvalidInputs([sentence]) from error
    return _NOTHING.get(wanted.type, "") if wanted.default is None else _typed(wanted, default)


def _typed(wanted: CallInput, given: object) -> Value:
    """A value of the input's type, which GitHub neither reads from a text nor makes of another type."""
    try:
        kind = expressions.kind(given)
    except ExpressionError as error:
        raise InvalidInputs([f"Input '{_cut(wanted.name)}': {error.message}"]) from error
    if wanted.type == "boolean" and isinstance(given, bool):
        return given
    if wanted.type == "number" and kind == "Number" and isinstance(given, int | float) and _finite(given):
        return _whole(given)
    if wanted.type not in _NOTHING and kind not in ("Array", "Object"):
        return expressions.to_text(given)
    sentence = f"Unexpected value '{_cut(expressions.to_text(given))}' for the input '{_cut(wanted.name)}'"
    found = "one without end" if (wanted.type, kind) == ("number", "Number") else _KINDS[kind]
    expected = f"a {wanted.type if wanted.type in _NOTHING else 'text'} was expected, not {found}"
    advice = f"; {_EXAMPLES[wanted.type]} makes one of a text" if kind == "String" else ""
    raise InvalidInputs([f"{sentence}: {expected}{advice}"])


def _finite(number: float) -> bool:
    try:
        return isfinite(number)
    except OverflowError:  # an integer beyond all floats
        return False


def _names(given: Sequence[str]) -> str:
    return ", ".join([_cut(name) for name in given[:_MOST_SHOWN]] + ["…"] * (len(given) > _MOST_SHOWN))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
