"""The words and commands of a script for the fake backend's shell."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_]\w*")
_BRACED = re.compile(r"\{([A-Za-z_]\w*)(?::-([^}]*))?\}")
_OPERATORS = ("&&", "||", ">>", ";", "\n", ">")


class UnreadableScript(Exception):
    """The script cannot be read."""


@dataclass(frozen=True)
class Piece:
    """A part of a word: text, or (``is_name``) a variable with what stands for it when it is empty."""

    text: str
    quoted: bool = False
    is_name: bool = False
    otherwise: str = ""


Word = tuple[Piece, ...]
Token = Word | str  # a str is an operator


def lists(found: list[Token]) -> list[list[tuple[str, list[Token]]]]:
    """Commands joined by && and ||, each with what stands before it."""
    groups: list[list[tuple[str, list[Token]]]] = [[]]
    current: list[Token] = []
    operator = ";"

    def end() -> None:
        nonlocal current
        if current:
            groups[-1].append((operator, current))
            current = []

    for token in [*found, ";"]:
        if not isinstance(token, str) or token in (">", ">>"):
            current.append(token)
            continue
        if token in ("&&", "||"):
            if not current:
                raise UnreadableScript(f"near `{token}'")
            end()
            operator = token
            continue
        if token == "\n" and not current and operator != ";":
            continue  # a line may end after && and ||
        end()
        operator = ";"
        groups.append([])
    return [each for each in groups if each]


def tokens(script: str) -> list[Token]:
    """The words and operators of a script. Raises UnreadableScript."""
    found: list[Token] = []
    at = 0
    while at < len(script):
        if script.startswith("\\\n", at):
            at += 2
        elif script[at] in " \t\r":
            at += 1
        elif script[at] == "#":
            end = script.find("\n", at)
            at = len(script) if end < 0 else end
        elif operator := next((one for one in _OPERATORS if script.startswith(one, at)), ""):
            found.append(operator)
            at += len(operator)
        else:
            word, at = _word(script, at)
            found.append(word)
    return found


def _word(script: str, at: int) -> tuple[Word, int]:
    pieces: list[Piece] = []
    while at < len(script) and script[at] not in " \t\r\n;>" and not script.startswith(("&&", "||"), at):
        character = script[at]
        if character == "'":
            end = script.find("'", at + 1)
            if end < 0:
                raise UnreadableScript("unmatched `''")
            pieces.append(Piece(script[at + 1 : end], quoted=True))
            at = end + 1
        elif character == '"':
            inner, at = _quoted(script, at + 1)
            pieces += inner
        elif character == "$":
            piece, at = _variable(script, at, quoted=False)
            pieces.append(piece)
        elif character == "\\" and at + 1 < len(script):
            if script[at + 1] != "\n":
                pieces.append(Piece(script[at + 1], quoted=True))
            at += 2
        elif character in "&|<`(){}*" and (character not in "{}*" or pieces == []):
            raise UnreadableScript(f"`{character}' is not known here")
        else:
            end = at + 1
            while end < len(script) and script[end] not in " \t\r\n;>'\"$\\&|<`":
                end += 1
            pieces.append(Piece(script[at:end]))
            at = end
    return tuple(pieces), at


def _quoted(script: str, at: int) -> tuple[list[Piece], int]:
    """What stands between double quotes."""
    pieces, text = [Piece("", quoted=True)], ""
    while at < len(script):
        character = script[at]
        if character == '"':
            return [*pieces, Piece(text, quoted=True)], at + 1
        if character == "\\" and script[at + 1 : at + 2] in ("$", '"', "\\", "`", "\n"):
            text += "" if script[at + 1] == "\n" else script[at + 1]
            at += 2
        elif character == "$":
            piece, at = _variable(script, at, quoted=True)
            pieces += [Piece(text, quoted=True), piece]
            text = ""
        elif character == "`":
            raise UnreadableScript("` is not known here")
        else:
            text += character
            at += 1
    raise UnreadableScript("unmatched `\"'")


def _variable(script: str, at: int, *, quoted: bool) -> tuple[Piece, int]:
    if found := _BRACED.match(script, at + 1):
        return Piece(found[1], quoted, is_name=True, otherwise=found[2] or ""), found.end()
    if found := _NAME.match(script, at + 1):
        return Piece(found[0], quoted, is_name=True), found.end()
    if script[at + 1 : at + 2] == "?":
        return Piece("?", quoted, is_name=True), at + 2
    if script[at + 1 : at + 2] in ("(", "{"):
        raise UnreadableScript(f"`${script[at + 1]}' is not known here")
    return Piece("$", quoted), at + 1
