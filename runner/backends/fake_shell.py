"""A shell of a few words, for the fake backend: what it knows, it does as ``bash -e`` does.

    COMMAND [; COMMAND] [&& COMMAND] [|| COMMAND]    # comment    a line's end may be escaped by ``\\``
    'as it stands'  "with $NAME"  $NAME  ${NAME}  ${NAME:-word}  $?  \\c        in words, quotes over several lines too
    WORDS > FILE, WORDS >> FILE                       relative to the step's folder
    NAME=word, export NAME=word                       for the commands that follow

    echo [-n] WORDS     cat FILE…     seq N      sleep SECONDS      exit [N]      true      false      :
    test A = B, A != B, -n A, -z A, A, -f FILE, ! and the numbers' -eq -ne -gt -ge -lt -le; [ … ]     env

Any other word is an error, as an unknown command is (127).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

_NAME = re.compile(r"[A-Za-z_]\w*")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")
_BRACED = re.compile(r"\{([A-Za-z_]\w*)(?::-([^}]*))?\}")
_OPERATORS = ("&&", "||", ">>", ";", "\n", ">")


class World(Protocol):
    """What a script can reach."""

    def write(self, data: bytes) -> None:
        """To the step's output."""

    def sleep(self, seconds: float) -> bool:
        """True when the script was stopped meanwhile."""

    def read(self, path: str) -> bytes | None:
        """A file by its absolute path; None when it is not there."""

    def save(self, path: str, data: bytes, *, append: bool) -> str:
        """Write a file; what is wrong with that, or nothing."""


class _Syntax(Exception):
    """The script cannot be read."""


class _Exit(Exception):
    """``exit``."""

    def __init__(self, code: int) -> None:
        self.code = code


@dataclass(frozen=True)
class _Piece:
    """A part of a word: text, or (``is_name``) a variable with what stands for it when it is empty."""

    text: str
    quoted: bool = False
    is_name: bool = False
    otherwise: str = ""


_Word = tuple[_Piece, ...]
_Token = _Word | str  # a str is an operator


class Shell:
    """One script's run. ``run`` gives its exit code."""

    def __init__(self, world: World, environment: Mapping[str, str], folder: str) -> None:
        self._world = world
        self._variables = dict(environment)
        self._folder = folder
        self._code = 0
        self.stopped = False

    def run(self, script: str) -> int:
        """From the first command to the end, to ``exit``, or to the first that fails."""
        try:
            for commands in _lists(_tokens(script)):
                self._list(commands)
                if self.stopped:
                    return self._code
        except _Exit as end:
            return end.code
        except _Syntax as error:
            return self._say(f"syntax error: {error}", 2)
        return self._code

    def _list(self, commands: list[tuple[str, list[_Token]]]) -> None:
        """``a && b || c``: as with ``-e``, only the last may end the script by failing."""
        last = len(commands) - 1
        for number, (operator, tokens) in enumerate(commands):
            if operator == "&&" and self._code != 0:
                continue
            if operator == "||" and self._code == 0:
                continue
            self._code = self._command(tokens)
            if self.stopped:
                return
            if self._code != 0 and number == last:
                raise _Exit(self._code)

    def _command(self, tokens: list[_Token]) -> int:
        words, target, append = self._redirected(tokens)
        while words and (found := _assigned(words[0])):
            if len(words) > 1:
                raise _Syntax("a variable for one command alone is not known here")
            return self._assign(found, words[0])
        if words and _plain(words[0]) == "export":
            return max((self._assign(_assigned(word) or "", word) for word in words[1:]), default=0)
        texts = [text for word in words for text in self._expand(word)]
        if not texts:
            return self._save(target, b"", append=append) if target else 0
        code, output = self._builtin(texts[0], texts[1:])
        if target:
            return self._save(target, output, append=append) or code
        if output:
            self._world.write(output)
        return code

    def _redirected(self, tokens: list[_Token]) -> tuple[list[_Word], str, bool]:
        words: list[_Word] = []
        target, append, wants = "", False, False
        for token in tokens:
            if isinstance(token, str):
                wants, append = True, token == ">>"
            elif wants:
                target, wants = " ".join(self._expand(token)), False
            else:
                words.append(token)
        if wants:
            raise _Syntax("a file was expected")
        return words, target, append

    def _assign(self, name: str, word: _Word) -> int:
        if not name:
            return self._say(f"export: {_plain(word)}: not a valid identifier", 1) if "=" in _plain(word) else 0
        first = _Piece(word[0].text[len(name) + 1 :], quoted=True)
        self._variables[name] = "".join(self._value(piece) for piece in (first, *word[1:]))
        return 0

    def _builtin(self, name: str, rest: list[str]) -> tuple[int, bytes]:
        if name in ("true", ":"):
            return 0, b""
        if name == "false":
            return 1, b""
        if name == "exit":
            raise _Exit(int(rest[0]) if rest else self._code)
        if name in ("test", "["):
            return self._test(name, rest), b""
        known: dict[str, Callable[[list[str]], tuple[int, bytes]]] = {
            "echo": self._echo,
            "cat": self._cat,
            "seq": lambda words: (0, "".join(f"{one}\n" for one in range(1, int(words[0]) + 1)).encode()),
            "env": lambda words: (0, "".join(f"{key}={value}\n" for key, value in self._variables.items()).encode()),
            "sleep": self._sleep,
        }
        if name not in known:
            return self._say(f"{name}: command not found", 127), b""
        return known[name](rest)

    def _echo(self, words: list[str]) -> tuple[int, bytes]:
        ends = "" if words and words[0] == "-n" else "\n"
        return 0, (" ".join(words[0 if ends else 1 :]) + ends).encode()

    def _cat(self, words: list[str]) -> tuple[int, bytes]:
        whole = b""
        for word in words:
            data = self._world.read(self._path(word))
            if data is None:
                return self._say(f"cat: {word}: No such file or directory", 1), whole
            whole += data
        return 0, whole

    def _sleep(self, words: list[str]) -> tuple[int, bytes]:
        self.stopped = self._world.sleep(float(words[0]))
        return 0, b""

    def _test(self, name: str, words: list[str]) -> int:
        if name == "[":
            if not words or words[-1] != "]":
                return self._say("[: missing `]'", 2)
            words = words[:-1]
        if words and words[0] == "!" and len(words) > 1:
            inner = self._test("test", words[1:])
            return inner if inner > 1 else 1 - inner
        found = self._holds(words)
        return self._say(f"{name}: {' '.join(words)}: not known here", 2) if found is None else int(not found)

    def _holds(self, words: list[str]) -> bool | None:
        match words:
            case []:
                return False
            case [text]:
                return text != ""
            case ["-n" | "-z" as operator, text]:
                return (text != "") == (operator == "-n")
            case ["-f", path]:
                return self._world.read(self._path(path)) is not None
            case [left, "=" | "==", right]:
                return left == right
            case [left, "!=", right]:
                return left != right
            case [left, operator, right] if operator in _COMPARE and _is_number(left) and _is_number(right):
                return _COMPARE[operator](int(left), int(right))
        return None

    def _save(self, path: str, data: bytes, *, append: bool) -> int:
        problem = self._world.save(self._path(path), data, append=append)
        return self._say(f"{path}: {problem}", 1) if problem else 0

    def _path(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(self._folder, path))

    def _say(self, text: str, code: int) -> int:
        self._world.write(f"fake: {text}\n".encode())
        return code

    def _expand(self, word: _Word) -> list[str]:
        """The words that a word becomes: what a variable without quotes holds is split, and may be nothing."""
        words: list[str] = []
        current: str | None = None
        for piece in word:
            value = self._value(piece)
            if piece.quoted or not piece.is_name:
                current = (current or "") + value
                continue
            parts = value.split()
            if current is not None and value[:1].isspace():
                words, current = [*words, current], None
            for number, part in enumerate(parts):
                if number and current is not None:
                    words, current = [*words, current], None
                current = (current or "") + part
            if parts and value[-1:].isspace() and current is not None:
                words, current = [*words, current], None
        return words if current is None else [*words, current]

    def _value(self, piece: _Piece) -> str:
        if not piece.is_name:
            return piece.text
        return str(self._code) if piece.text == "?" else self._variables.get(piece.text, "") or piece.otherwise


_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "-eq": lambda left, right: left == right,
    "-ne": lambda left, right: left != right,
    "-gt": lambda left, right: left > right,
    "-ge": lambda left, right: left >= right,
    "-lt": lambda left, right: left < right,
    "-le": lambda left, right: left <= right,
}


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+", text) is not None


def _plain(word: _Word) -> str:
    return "".join(piece.text for piece in word)


def _assigned(word: _Word) -> str:
    """The name that a word assigns to; empty when it does not."""
    found = None if word[0].quoted or word[0].is_name else _ASSIGNMENT.match(word[0].text)
    return found[1] if found else ""


def _lists(tokens: list[_Token]) -> list[list[tuple[str, list[_Token]]]]:
    """Commands joined by && and ||, each with what stands before it."""
    lists: list[list[tuple[str, list[_Token]]]] = [[]]
    current: list[_Token] = []
    operator = ";"

    def end() -> None:
        nonlocal current
        if current:
            lists[-1].append((operator, current))
            current = []

    for token in [*tokens, ";"]:
        if not isinstance(token, str) or token in (">", ">>"):
            current.append(token)
            continue
        if token in ("&&", "||"):
            if not current:
                raise _Syntax(f"near `{token}'")
            end()
            operator = token
            continue
        if token == "\n" and not current and operator != ";":
            continue  # a line may end after && and ||
        end()
        operator = ";"
        lists.append([])
    return [each for each in lists if each]


def _tokens(script: str) -> list[_Token]:
    found: list[_Token] = []
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


def _word(script: str, at: int) -> tuple[_Word, int]:
    pieces: list[_Piece] = []
    while at < len(script) and script[at] not in " \t\r\n;>" and not script.startswith(("&&", "||"), at):
        character = script[at]
        if character == "'":
            end = script.find("'", at + 1)
            if end < 0:
                raise _Syntax("unmatched `''")
            pieces.append(_Piece(script[at + 1 : end], quoted=True))
            at = end + 1
        elif character == '"':
            inner, at = _quoted(script, at + 1)
            pieces += inner
        elif character == "$":
            piece, at = _variable(script, at, quoted=False)
            pieces.append(piece)
        elif character == "\\" and at + 1 < len(script):
            if script[at + 1] != "\n":
                pieces.append(_Piece(script[at + 1], quoted=True))
            at += 2
        elif character in "&|<`(){}*" and (character not in "{}*" or pieces == []):
            raise _Syntax(f"`{character}' is not known here")
        else:
            end = at + 1
            while end < len(script) and script[end] not in " \t\r\n;>'\"$\\&|<`":
                end += 1
            pieces.append(_Piece(script[at:end]))
            at = end
    return tuple(pieces), at


def _quoted(script: str, at: int) -> tuple[list[_Piece], int]:
    """What stands between double quotes."""
    pieces, text = [_Piece("", quoted=True)], ""
    while at < len(script):
        character = script[at]
        if character == '"':
            return [*pieces, _Piece(text, quoted=True)], at + 1
        if character == "\\" and script[at + 1 : at + 2] in ("$", '"', "\\", "`", "\n"):
            text += "" if script[at + 1] == "\n" else script[at + 1]
            at += 2
        elif character == "$":
            piece, at = _variable(script, at, quoted=True)
            pieces += [_Piece(text, quoted=True), piece]
            text = ""
        elif character == "`":
            raise _Syntax("` is not known here")
        else:
            text += character
            at += 1
    raise _Syntax("unmatched `\"'")


def _variable(script: str, at: int, *, quoted: bool) -> tuple[_Piece, int]:
    if found := _BRACED.match(script, at + 1):
        return _Piece(found[1], quoted, is_name=True, otherwise=found[2] or ""), found.end()
    if found := _NAME.match(script, at + 1):
        return _Piece(found[0], quoted, is_name=True), found.end()
    if script[at + 1 : at + 2] == "?":
        return _Piece("?", quoted, is_name=True), at + 2
    if script[at + 1 : at + 2] in ("(", "{"):
        raise _Syntax(f"`${script[at + 1]}' is not known here")
    return _Piece("$", quoted), at + 1
