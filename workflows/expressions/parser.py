"""Tokens to a tree, with every name and argument count checked on the way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final, NoReturn

from workflows.errors import ExpressionError
from workflows.expressions.ast import MAX_DEPTH, Call, Compare, Index, Literal, Logical, Named, Node, Not, Star
from workflows.expressions.functions import BUILT_IN, MAX_ARGUMENTS
from workflows.expressions.lexer import Token, TokenKind, failure, tokenize

#: How strongly an operator binds; ``!`` and dereference bind stronger than all of these.
_STRENGTH: Final = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, "<=": 4, ">": 4, ">=": 4}
#: The strongest of those that join whole runs.
_LOGICAL: Final = 2
#: Longer texts are rare, and kept trees would let hostile ones fill the memory.
_CACHED_LENGTH: Final = 1_000

_Signatures = frozenset[tuple[str, tuple[int, int]]]
_NO_FUNCTIONS: Final[_Signatures] = frozenset()


def parse(
    text: str, named_values: Collection[str] | None, functions: Mapping[str, tuple[int, int]] | None = None
) -> Node:
    """The tree of an expression without ``${{ }}``; empty text is null.

    ``named_values`` are the contexts it may read (None: any). ``functions`` are the functions it may call
    beside the built-in ones, each with the least and the most arguments. Case is ignored in both.
    Raises ExpressionError (lexing or parsing) with GitHub's message.
    """
    names = None if named_values is None else frozenset(named_values)
    signatures = frozenset(functions.items()) if functions else _NO_FUNCTIONS
    if len(text) > _CACHED_LENGTH:
        return _parse(text, names, signatures)
    found = _cached(text, names, signatures)
    if isinstance(found, ExpressionError):
        raise ExpressionError(found.kind, found.message, found.position)
    return found


def _parse(text: str, names: frozenset[str] | None, signatures: _Signatures) -> Node:
    return _Parser(text, names, signatures).parse()


@lru_cache(maxsize=4096)
def _cached(text: str, names: frozenset[str] | None, signatures: _Signatures) -> Node | ExpressionError:
    try:
        return _parse(text, names, signatures)
    except ExpressionError as error:
        return error.with_traceback(None)


@lru_cache(maxsize=256)
def _lower(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


@lru_cache(maxsize=256)
def _by_name(signatures: _Signatures) -> Mapping[str, tuple[int, int]]:
    return {name.lower(): counts for name, counts in signatures}


class _Parser:
    """One pass over one text. ``_level`` is the least depth that what is read now will have in the tree."""

    __slots__ = ("_at", "_functions", "_level", "_names", "_text", "_tokens")

    def __init__(self, text: str, names: frozenset[str] | None, signatures: _Signatures) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._at = 0
        self._level = 0
        self._names = None if names is None else _lower(names)
        self._functions = _by_name(signatures)

    def parse(self) -> Node:
        """The whole text."""
        if len(self._tokens) == 1:
            return Literal(None)
        node = self._binary(1)
        last = self._tokens[self._at]
        if last.kind is not TokenKind.END:
            self._refuse(last)
        return node

    def _binary(self, weakest: int) -> Node:
        """Operands joined by operators at least as strong as ``weakest``, from left to right."""
        self._level += 1
        if self._level > MAX_DEPTH:
            raise _too_deep()
        left = self._unary()
        while (operator := self._tokens[self._at].text) in _STRENGTH and (strength := _STRENGTH[operator]) >= weakest:
            self._at += 1
            if strength <= _LOGICAL:
                left = self._run(operator, strength, left)
            else:
                left = _bounded(Compare(operator, left, self._binary(strength + 1)))
        self._level -= 1
        return left

    def _run(self, operator: str, strength: int, first: Node) -> Node:
        operands = [first, self._binary(strength + 1)]
        while self._tokens[self._at].text == operator:
            self._at += 1
            operands.append(self._binary(strength + 1))
        flat: list[Node] = []
        for operand in operands:
            if isinstance(operand, Logical) and operand.operator == operator:
                flat.extend(operand.operands)
            else:
                flat.append(operand)
        return _bounded(Logical(operator, tuple(flat)))

    def _unary(self) -> Node:
        count = 0
        while self._tokens[self._at].text == "!":
            self._at += 1
            count += 1
        node = self._postfix()
        for _ in range(count):
            node = _bounded(Not(node))
        return node

    def _postfix(self) -> Node:
        token = self._next()
        if token.kind is TokenKind.LITERAL:
            return Literal(token.value)
        node = self._primary(token)
        while (kind := self._tokens[self._at].kind) is TokenKind.DOT or kind is TokenKind.OPEN_INDEX:
            self._at += 1
            node = _bounded(Index(node, self._property() if kind is TokenKind.DOT else self._key()))
        return node

    def _primary(self, token: Token) -> Node:
        if token.kind is TokenKind.NAMED:
            if self._tokens[self._at].kind is TokenKind.OPEN:
                return self._call(token)
            if self._names is not None and token.text.lower() not in self._names:
                self._refuse(token, "Unrecognized named-value")
            return Named(token.text)
        if token.kind is TokenKind.OPEN:
            node = self._binary(1)
            self._expect(TokenKind.CLOSE)
            return node
        self._refuse(token)

    def _property(self) -> Node:
        token = self._next()
        if token.kind is TokenKind.STAR:
            return Star()
        if token.kind is not TokenKind.PROPERTY:
            self._refuse(token)
        return Literal(token.text)

    def _key(self) -> Node:
        if self._tokens[self._at].kind is TokenKind.STAR:
            self._at += 1
            key: Node = Star()
        else:
            key = self._binary(1)
        self._expect(TokenKind.CLOSE_INDEX)
        return key

    def _call(self, token: Token) -> Node:
        name = token.text.lower()
        built_in = BUILT_IN.get(name)
        counts = (built_in.least, built_in.most) if built_in else self._functions.get(name)
        if counts is None:
            self._refuse(token, "Unrecognized function")
        arguments = self._arguments()
        if len(arguments) < counts[0]:
            self._refuse(token, "Too few parameters supplied")
        if len(arguments) > min(counts[1], MAX_ARGUMENTS):
            self._refuse(token, "Too many parameters supplied")
        if built_in and built_in.odd and len(arguments) % 2 == 0:
            self._refuse(token, "Even number of parameters supplied, requires an odd number of parameters")
        return _bounded(Call(token.text, arguments, built_in.apply if built_in else None))

    def _arguments(self) -> tuple[Node, ...]:
        self._at += 1  # the parenthesis that made it a call
        if self._tokens[self._at].kind is TokenKind.CLOSE:
            self._at += 1
            return ()
        arguments = [self._binary(1)]
        while self._tokens[self._at].kind is TokenKind.COMMA:
            self._at += 1
            arguments.append(self._binary(1))
        self._expect(TokenKind.CLOSE)
        return tuple(arguments)

    def _next(self) -> Token:
        token = self._tokens[self._at]
        if token.kind is TokenKind.END:
            self._refuse(self._tokens[-2], "Unexpected end of expression")
        self._at += 1
        return token

    def _expect(self, kind: TokenKind) -> None:
        token = self._next()
        if token.kind is not kind:
            self._refuse(token)

    def _refuse(self, token: Token, what: str = "Unexpected symbol") -> NoReturn:
        raise failure("parsing", what, token.text, token.start, self._text)


def _bounded(node: Node) -> Node:
    if node.depth > MAX_DEPTH:
        raise _too_deep()
    return node


def _too_deep() -> ExpressionError:
    return ExpressionError("parsing", f"Exceeded max expression depth {MAX_DEPTH}")
