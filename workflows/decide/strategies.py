"""A strategy to its combinations, whether the file has it in words, in expressions or as one expression."""

from __future__ import annotations

from collections.abc import Mapping

from workflows import expressions, matrix
from workflows.errors import WrongValue
from workflows.model import Strategy

_KEYS = ("matrix", "fail-fast", "max-parallel")


def whole(given: Strategy | str | None, contexts: Mapping[str, object]) -> Strategy:
    """The strategy itself, where one expression stands for all of it. Raises ExpressionError, WrongValue."""
    if not isinstance(given, str):
        return given or Strategy()
    return of_data(expressions.evaluate_value(given, contexts))


def of_data(said: object) -> Strategy:
    """The strategy that data says, as an expression or a program gives it. Raises WrongValue."""
    if not isinstance(said, Mapping):
        raise WrongValue(f"Unexpected value '{expressions.to_text(said)}'; a mapping was expected")
    unknown = [key for key in said if key not in _KEYS]
    if unknown:
        raise WrongValue(f"Unexpected value '{unknown[0]}'")
    fail_fast = said.get("fail-fast")
    return Strategy(said.get("matrix"), True if fail_fast is None else fail_fast, said.get("max-parallel"))


def flag(given: bool | str, contexts: Mapping[str, object]) -> bool:
    """True or false, as said or as an expression gives it. Raises ExpressionError, WrongValue."""
    value = expressions.evaluate_value(given, contexts) if isinstance(given, str) else given
    if not isinstance(value, bool):
        raise WrongValue(f"Unexpected value '{expressions.to_text(value)}'; true or false was expected")
    return value


def number(given: float | str, contexts: Mapping[str, object]) -> float:
    """A number above 0. Raises ExpressionError, WrongValue."""
    value = expressions.evaluate_value(given, contexts) if isinstance(given, str) else given
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise WrongValue(f"Unexpected value '{expressions.to_text(value)}'; a number greater than 0 was expected")
    return float(value)


def count(given: int | str | None, contexts: Mapping[str, object]) -> int | None:
    """A whole number above 0; None when nothing is said. Raises ExpressionError, WrongValue."""
    if given is None:
        return None
    value = number(given, contexts)
    if not value.is_integer():
        raise WrongValue(f"Unexpected value '{expressions.to_text(value)}'; a whole number was expected")
    return int(value)


def combinations(
    given: Mapping[str, object] | str | None, contexts: Mapping[str, object]
) -> tuple[matrix.Combination, ...]:
    """The combinations of a matrix as written; without one the single leg. Raises also InvalidMatrix."""
    if given is None:
        return (matrix.Combination({}),)
    evaluated = _evaluated(given, contexts)
    if not isinstance(evaluated, Mapping):
        raise WrongValue(f"Unexpected value '{expressions.to_text(evaluated)}'; a mapping was expected")
    return matrix.expand(evaluated)


def _evaluated(value: object, contexts: Mapping[str, object]) -> object:
    """Data with every text in it evaluated; a list that an expression makes inside a list is laid out flat."""
    if isinstance(value, str):
        return expressions.evaluate_value(value, contexts)
    if isinstance(value, Mapping):
        return _entries(value, contexts)
    if not isinstance(value, list | tuple):
        return value
    flat: list[object] = []
    for item in value:
        evaluated = _evaluated(item, contexts)
        if isinstance(item, str) and isinstance(evaluated, list):
            flat.extend(evaluated)
        else:
            flat.append(evaluated)
    return flat


def _entries(given: Mapping[str, object], contexts: Mapping[str, object]) -> dict[str, object]:
    """A mapping with its keys and values evaluated; ``${{ insert }}`` stands for all that its value has."""
    made: dict[str, object] = {}
    for key, item in given.items():
        value = _evaluated(item, contexts)
        if "${{" not in key:
            made[key] = value
        elif not expressions.is_insert(key):
            made[expressions.render(key, contexts)] = value
        elif isinstance(value, Mapping):
            made.update(value)
        else:
            raise WrongValue(f"Unexpected value '{expressions.to_text(value)}'; a mapping was expected")
    return made
