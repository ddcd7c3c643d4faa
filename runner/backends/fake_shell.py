"""A shell of a few words, for the fake backend: what it knows, it does as ``bash -e`` does.

    COMMAND [; COMMAND] [&& COMMAND] [|| COMMAND]    # comment    a line's end may be escaped by ``\\``
    'as it stands'  "with $NAME"  $NAME  ${NAME}  ${NAME:-word}  $?  \\c        in words, quotes over several lines too
    WORDS > FILE, WORDS >> FILE                       relative to the step's folder
    NAME=word, export NAME=word                       for the commands that follow

    echo [-n] WORDS     cat FILE…     seq N      sleep SECONDS      exit [N]      true      false      :
    curl [-s] [-S] [-X METHOD] [-H HEADER] [-d DATA] [-o FILE] [-w FORMAT] URL      FORMAT knows %{http_code}; only
                        where the backend has a way to the network
    test A = B, A != B, -n A, -z A, A, -f FILE, ! and the numbers' -eq -ne -gt -ge -lt -le; [ … ]     env

Any other word is an error, as an unknown command is (127).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Protocol

from runner.backends.fake_words import Piece, Token, UnreadableScript, Word, lists, tokens

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")


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


#: Method, URL, headers and body to status and body.
Fetch = Callable[[str, str, Mapping[str, str], bytes], tuple[int, bytes]]


class _Exit(Exception):
    """``exit``."""

    def __init__(self, code: int) -> None:
        self.code = code


class Shell:
    """One script's run. ``run`` gives its exit code."""

    def __init__(self, world: World, environment: Mapping[str, str], folder: str, fetch: Fetch | None = None) -> None:
        self._world = world
        self._fetch = fetch
        self._variables = dict(environment)
        self._folder = folder
        self._code = 0
        self.stopped = False

    def run(self, script: str) -> int:
        """From the first command to the end, to ``exit``, or to the first that fails."""
        try:
            for commands in lists(tokens(script)):
                self._list(commands)
                if self.stopped:
                    return self._code
        except _Exit as end:
            return end.code
        except UnreadableScript as error:
            return self._say(f"syntax error: {error}", 2)
        return self._code

    def _list(self, commands: list[tuple[str, list[Token]]]) -> None:
        """``a && b || c``: as with ``-e``, only the last may end the script by failing."""
        last = len(commands) - 1
        for number, (operator, found) in enumerate(commands):
            if operator == "&&" and self._code != 0:
                continue
            if operator == "||" and self._code == 0:
                continue
            self._code = self._command(found)
            if self.stopped:
                return
            if self._code != 0 and number == last:
                raise _Exit(self._code)

    def _command(self, tokens: list[Token]) -> int:
        words, target, append = self._redirected(tokens)
        while words and (found := _assigned(words[0])):
            if len(words) > 1:
                raise UnreadableScript("a variable for one command alone is not known here")
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

    def _redirected(self, tokens: list[Token]) -> tuple[list[Word], str, bool]:
        words: list[Word] = []
        target, append, wants = "", False, False
        for token in tokens:
            if isinstance(token, str):
                wants, append = True, token == ">>"
            elif wants:
                target, wants = " ".join(self._expand(token)), False
            else:
                words.append(token)
        if wants:
            raise UnreadableScript("a file was expected")
        return words, target, append

    def _assign(self, name: str, word: Word) -> int:
        if not name:
            return self._say(f"export: {_plain(word)}: not a valid identifier", 1) if "=" in _plain(word) else 0
        first = Piece(word[0].text[len(name) + 1 :], quoted=True)
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
        if self._fetch is not None:
            known["curl"] = self._curl
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

    def _curl(self, words: list[str]) -> tuple[int, bytes]:
        method, target, form, url = "", "", "", ""
        headers, body = {}, b""
        rest = iter(words)
        for word in rest:
            match word:
                case "-s" | "-S" | "-sS":
                    pass
                case "-X":
                    method = next(rest, "")
                case "-H":
                    name, _, value = next(rest, "").partition(":")
                    headers[name] = value.strip()
                case "-d":
                    method, body = method or "POST", next(rest, "").encode()
                case "-o":
                    target = next(rest, "")
                case "-w":
                    form = next(rest, "")
                case _ if word.startswith("-"):
                    return self._say(f"curl: option {word}: is unknown", 2), b""
                case _:
                    url = word
        assert self._fetch is not None
        status, answer = self._fetch(method or "GET", url, headers, body)
        if target and target != "/dev/null":
            self._save(target, answer, append=False)
        told = form.replace("%{http_code}", f"{status:03}").replace("\\n", "\n").encode()
        return (0 if status else 7), (b"" if target else answer) + told

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

    def _expand(self, word: Word) -> list[str]:
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

    def _value(self, piece: Piece) -> str:
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


def _plain(word: Word) -> str:
    return "".join(piece.text for piece in word)


def _assigned(word: Word) -> str:
    """The name that a word assigns to; empty when it does not."""
    found = None if word[0].quoted or word[0].is_name else _ASSIGNMENT.match(word[0].text)
    return found[1] if found else ""
