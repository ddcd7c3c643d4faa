"""Text to tokens.

Which characters end a word, and where a dot starts a number instead of a property, follow GitHub's own
lexer, so that an illegal text is refused at the same symbol.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from math import inf, isnan, nan
from typing import Final, NamedTuple
from typing import Literal as Word

from workflows.errors import ExpressionError
from workflows.expressions.values import WHITE_SPACE, parse_number

#: In UTF-16 units, as GitHub counts.
MAX_LENGTH: Final = 21_000


class TokenKind(Enum):
    """What a token is to the parser."""

    LITERAL = auto()
    NAMED = auto()  # a context, or before an opening parenthesis a function
    PROPERTY = auto()  # a word after a dot
    OPERATOR = auto()  # ! == != < <= > >= && ||
    STAR = auto()
    DOT = auto()
    OPEN = auto()  # (
    CLOSE = auto()  # )
    OPEN_INDEX = auto()  # [
    CLOSE_INDEX = auto()  # ]
    COMMA = auto()
    END = auto()


class Token(NamedTuple):
    """One symbol: its text as written, where it starts (0-based), and the value of a literal."""

    kind: TokenKind
    text: str
    start: int
    value: bool | float | str | None = None


_SPACE = re.escape(WHITE_SPACE)
_REST = rf"[^()\[\],.!<>=&|{_SPACE}]*"  # the rest of a word: up to a character that ends every word
_DOTTED_REST = rf"[^()\[\],!<>=&|{_SPACE}]*"  # the same of a number, which dots do not end
_BOUNDED = rf"(?![^()\[\],.!<>=&|{_SPACE}])"  # here a word ends
_SYMBOL = re.compile(
    rf"""[{_SPACE}]*(?:
    (?P<name>[A-Za-z_][A-Za-z0-9_-]*){_BOUNDED}
    | (?P<dot>\.)
    | (?P<mark>[()\[\],*])
    | (?P<text>'[^']*(?:''[^']*)*'(?!'))
    | (?P<operator>[!<>=]=|&&|\|\||[!<>])
    | (?P<broken>'[\s\S]*|[=&|]{_REST})
    | (?P<number>[-+0-9]{_DOTTED_REST})
    | (?P<word>[^{_SPACE}]{_REST}))""",
    re.VERBOSE,
)
_DOTTED_NUMBER = re.compile(rf"\.{_DOTTED_REST}")
_MARKS = {
    "(": TokenKind.OPEN,
    ")": TokenKind.CLOSE,
    "[": TokenKind.OPEN_INDEX,
    "]": TokenKind.CLOSE_INDEX,
    ",": TokenKind.COMMA,
    "*": TokenKind.STAR,
}
_WORDS: dict[str, bool | float | None] = {"null": None, "true": True, "false": False, "NaN": nan, "Infinity": inf}
#: After one of these a value must come: a dot there begins a number. A tuple, because to hash a kind takes longer.
_BEFORE_VALUE = (TokenKind.OPERATOR, TokenKind.COMMA, TokenKind.OPEN, TokenKind.OPEN_INDEX)
#: What each group of the pattern is, where nothing else decides; END for what is no symbol.
_GROUPS = {
    "name": TokenKind.NAMED,
    "dot": TokenKind.DOT,
    "mark": TokenKind.COMMA,
    "text": TokenKind.LITERAL,
    "operator": TokenKind.OPERATOR,
    "number": TokenKind.LITERAL,
    "broken": TokenKind.END,
    "word": TokenKind.END,
}
_COMMA, _DOT, _END = TokenKind.COMMA, TokenKind.DOT, TokenKind.END
_PROPERTY, _LITERAL = TokenKind.PROPERTY, TokenKind.LITERAL
_new = tuple.__new__  # half of what Token() takes, which is most of the time of reading a symbol


def failure(kind: Word["lexing", "parsing"], what: str, symbol: str, start: int, expression: str) -> ExpressionError:
    """The error at one symbol, in GitHub's words."""
    position = utf16_length(expression[:start]) + 1
    message = f"{what}: '{symbol}'. Located at position {position} within expression: {expression}"
    return ExpressionError(kind, message, position)


def utf16_length(text: str) -> int:
    """How long a text is where a character beyond U+FFFF counts twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def tokenize(expression: str) -> list[Token]:
    """Every token of an expression and END after them; ExpressionError (lexing) at the first illegal symbol."""
    if utf16_length(expression) > MAX_LENGTH:
        raise ExpressionError("lexing", f"Exceeded max expression length {MAX_LENGTH}")
    tokens: list[Token] = []
    at, before = 0, _COMMA  # at the start comes what comes after a comma
    while match := _SYMBOL.match(expression, at):
        group, at = match.lastgroup, match.end()
        assert group  # every way through the pattern has a name
        text = match.group(group)
        start = at - len(text)
        kind = _GROUPS[group]
        value: bool | float | str | None = None
        if group == "name":
            if before is _DOT:
                kind, value = _PROPERTY, text
            elif text in _WORDS:
                kind, value = _LITERAL, _WORDS[text]
        elif group == "mark":
            kind = _MARKS[text]
        elif group == "text":
            value = text[1:-1].replace("''", "'")
        elif group == "dot" and before in _BEFORE_VALUE:
            dotted = _DOTTED_NUMBER.match(expression, start)
            text = dotted.group() if dotted else text
            at = start + len(text)
            kind, value = _LITERAL, _number(expression, text, start)
        elif group == "number":
            value = _number(expression, text, start)
        elif kind is _END:
            raise failure("lexing", "Unexpected symbol", text, start, expression)
        tokens.append(_new(Token, (kind, text, start, value)))
        before = kind
    tokens.append(Token(_END, "", at))
    return tokens


def _number(expression: str, text: str, start: int) -> float:
    number = parse_number(text)
    if isnan(number):
        raise failure("lexing", "Unexpected symbol", text, start, expression)
    return number
