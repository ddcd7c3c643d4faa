"""Text to tokens.

Which characters end a word, and where a dot starts a number instead of a property, follow GitHub's own
lexer, so that an illegal text is refused at the same symbol.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from math import inf, isnan, nan
from typing import Final
from typing import Literal as Word

from workflows.errors import ExpressionError
from workflows.expressions.values import WHITE_SPACE, parse_number

#: In UTF-16 units, as GitHub counts.
MAX_LENGTH: Final = 21_000


class TokenKind(Enum):
    """What a token is to the parser."""

    LITERAL = auto()
    NAMED = auto()
    FUNCTION = auto()  # a word before an opening parenthesis
    PROPERTY = auto()  # a word after a dot
    OPERATOR = auto()  # ! == != < <= > >= && ||
    STAR = auto()
    DOT = auto()
    OPEN = auto()  # (
    CLOSE = auto()  # )
    OPEN_INDEX = auto()  # [
    CLOSE_INDEX = auto()  # ]
    COMMA = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One symbol: its text as written, where it starts (0-based), and the value of a literal."""

    kind: TokenKind
    text: str
    start: int
    value: bool | float | str | None = None


_SPACE = re.escape(WHITE_SPACE)
_REST = rf"[^()\[\],.!<>=&|{_SPACE}]*"  # the rest of a word: up to a character that ends every word
_DOTTED_REST = rf"[^()\[\],!<>=&|{_SPACE}]*"  # the same of a number, which dots do not end
_SYMBOL = re.compile(
    rf"""(?P<space>[{_SPACE}]+)
    | (?P<text>'[^']*(?:''[^']*)*'(?!'))
    | (?P<operator>[!<>=]=|&&|\|\||[!<>])
    | (?P<mark>[()\[\],*])
    | (?P<broken>'[\s\S]*|[=&|]{_REST})
    | (?P<dot>\.)
    | (?P<number>[-+0-9]{_DOTTED_REST})
    | (?P<word>[\s\S]{_REST})""",
    re.VERBOSE,
)
_DOTTED_NUMBER = re.compile(rf"\.{_DOTTED_REST}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_CALL = re.compile(rf"[{_SPACE}]*\(")
_MARKS = {
    "(": TokenKind.OPEN,
    ")": TokenKind.CLOSE,
    "[": TokenKind.OPEN_INDEX,
    "]": TokenKind.CLOSE_INDEX,
    ",": TokenKind.COMMA,
    "*": TokenKind.STAR,
}
_WORDS: dict[str, bool | float | None] = {"null": None, "true": True, "false": False, "NaN": nan, "Infinity": inf}
#: After one of these, or at the very start, a value must come: a dot there begins a number.
_BEFORE_VALUE = frozenset((TokenKind.COMMA, TokenKind.OPEN, TokenKind.OPEN_INDEX, TokenKind.OPERATOR))


def failure(kind: Word["lexing", "parsing"], what: str, symbol: str, start: int, expression: str) -> ExpressionError:
    """The error at one symbol, in GitHub's words."""
    position = utf16_length(expression[:start]) + 1
    message = f"{what}: '{symbol}'. Located at position {position} within expression: {expression}"
    return ExpressionError(kind, message, position)


def utf16_length(text: str) -> int:
    """How long a text is where a character beyond U+FFFF counts twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def tokenize(expression: str) -> list[Token]:
    """Every token of an expression; ExpressionError (lexing) at the first illegal symbol."""
    if utf16_length(expression) > MAX_LENGTH:
        raise ExpressionError("lexing", f"Exceeded max expression length {MAX_LENGTH}")
    tokens: list[Token] = []
    at = 0
    while match := _SYMBOL.match(expression, at):
        at = match.end()
        if match.lastgroup == "space":
            continue
        token = _token(match, tokens[-1].kind if tokens else None)
        tokens.append(token)
        at = token.start + len(token.text)
    return tokens


def _token(match: re.Match[str], before: TokenKind | None) -> Token:
    text, start = match.group(), match.start()
    match match.lastgroup:
        case "text":
            return Token(TokenKind.LITERAL, text, start, text[1:-1].replace("''", "'"))
        case "operator":
            return Token(TokenKind.OPERATOR, text, start)
        case "mark":
            return Token(_MARKS[text], text, start)
        case "number":
            return _number(match.string, text, start)
        case "dot":
            if before is not None and before not in _BEFORE_VALUE:
                return Token(TokenKind.DOT, text, start)
            dotted = _DOTTED_NUMBER.match(match.string, start)
            return _number(match.string, dotted.group() if dotted else text, start)
        case "word" if _NAME.fullmatch(text):
            return _word(match.string, text, start, before)
    raise failure("lexing", "Unexpected symbol", text, start, match.string)


def _number(expression: str, text: str, start: int) -> Token:
    number = parse_number(text)
    if isnan(number):
        raise failure("lexing", "Unexpected symbol", text, start, expression)
    return Token(TokenKind.LITERAL, text, start, number)


def _word(expression: str, text: str, start: int, before: TokenKind | None) -> Token:
    if before is TokenKind.DOT:
        return Token(TokenKind.PROPERTY, text, start, text)
    if text in _WORDS:
        return Token(TokenKind.LITERAL, text, start, _WORDS[text])
    called = _CALL.match(expression, start + len(text))
    return Token(TokenKind.FUNCTION if called else TokenKind.NAMED, text, start)
