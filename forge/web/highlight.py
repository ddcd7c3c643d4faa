"""Source text as lines of safe HTML with the classes of ``code.css``: what a word is, never how it looks.

Pygments reads strangers' files with regular expressions. So only lexers of this list are used, on texts of a moderate
size and for a moderate time; what is left then is drawn without colours.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from time import monotonic

from django.utils.safestring import SafeString, mark_safe
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import (
    Comment,
    Error,
    Generic,
    Keyword,
    Literal,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Token,
    _TokenType,
)

from forge.web import ansi

#: Characters of a text, and of one of its lines, that are looked at; seconds that are spent.
LIMIT = 256 << 10
_LINE = 4000
_SECONDS = 0.5

_LEXERS = {
    "c": "c",
    "cc": "cpp",
    "cfg": "ini",
    "conf": "ini",
    "cpp": "cpp",
    "cs": "csharp",
    "css": "css",
    "dart": "dart",
    "diff": "diff",
    "ex": "elixir",
    "exs": "elixir",
    "go": "go",
    "h": "c",
    "hcl": "terraform",
    "hpp": "cpp",
    "html": "html",
    "ini": "ini",
    "java": "java",
    "js": "javascript",
    "json": "json",
    "jsx": "javascript",
    "kt": "kotlin",
    "lua": "lua",
    "md": "markdown",
    "mjs": "javascript",
    "mk": "make",
    "patch": "diff",
    "php": "php",
    "pl": "perl",
    "proto": "protobuf",
    "ps1": "powershell",
    "py": "python",
    "pyi": "python",
    "rb": "ruby",
    "rs": "rust",
    "scala": "scala",
    "scss": "scss",
    "sh": "bash",
    "sql": "sql",
    "svg": "xml",
    "swift": "swift",
    "tf": "terraform",
    "toml": "toml",
    "ts": "typescript",
    "tsx": "typescript",
    "xml": "xml",
    "yaml": "yaml",
    "yml": "yaml",
    "zig": "zig",
}
_NAMES = {
    "dockerfile": "docker",
    "makefile": "make",
    "gnumakefile": "make",
    "gemfile": "ruby",
    "rakefile": "ruby",
    ".bashrc": "bash",
    ".gitconfig": "ini",
}
#: What a token is drawn as; the first ancestor that is here decides. None: like any text.
_CLASSES: dict[_TokenType, str | None] = {
    Token: None,
    Error: None,
    Comment: "hc",
    Keyword: "hk",
    Keyword.Constant: "hn",
    Operator.Word: "hk",
    String: "hs",
    String.Interpol: "hv",
    Number: "hn",
    Literal: "hs",
    Literal.Scalar.Plain: None,
    Name.Function: "hf",
    Name.Class: "hf",
    Name.Decorator: "hf",
    Name.Tag: "ht",
    Name.Attribute: "ht",
    Name.Builtin: "hn",
    Name.Variable: "hv",
    Name.Constant: "hn",
    Punctuation: None,
    Generic.Heading: "hf",
    Generic.Subheading: "hf",
    Generic.Inserted: "hi",
    Generic.Deleted: "hd",
}


def lines(text: str, path: str) -> list[SafeString]:
    """Every line of a file as safe HTML, in colours where the path says what language it is. Control characters are
    left out and controls of direction written out; there is no line after a final newline."""
    shown = [ansi.visible(line) for line in text.replace("\r\n", "\n").split("\n")]
    if shown[-1] == "":
        shown.pop()
    lexer = _lexer(path)
    if lexer is not None and len(text) <= LIMIT and all(len(line) <= _LINE for line in shown):
        drawn = _drawn(lexer, "".join(f"{line}\n" for line in shown))
        if len(drawn) == len(shown):
            return drawn
    return [mark_safe(escape(line)) for line in shown]


def _lexer(path: str) -> Lexer | None:
    name = path.rsplit("/", 1)[-1].lower()
    alias = _NAMES.get(name) or _LEXERS.get(name.rpartition(".")[2])
    return get_lexer_by_name(alias) if alias else None


def _drawn(lexer: Lexer, text: str) -> list[SafeString]:
    """The lines of a text that ends with a newline."""
    drawn, here = [], ""
    for name, value in _tokens(lexer, text):
        for number, part in enumerate(value.split("\n")):
            if number:
                drawn.append(mark_safe(here))
                here = ""
            safe = escape(part)
            here += f'<span class="{name}">{safe}</span>' if name and part.strip() else safe
    return drawn


def _tokens(lexer: Lexer, text: str) -> Iterator[tuple[str | None, str]]:
    """Classes and texts, in colours until the time is up."""
    end = monotonic() + _SECONDS
    place = 0
    # Not get_tokens(), which strips and adds lines.
    for start, kind, value in lexer.get_tokens_unprocessed(text):
        yield _class(kind), value
        place = start + len(value)
        if monotonic() > end:
            break
    yield None, text[place:]


def _class(kind: _TokenType) -> str | None:
    one: _TokenType | None = kind
    while one is not None and one not in _CLASSES:
        one = one.parent
    return None if one is None else _CLASSES[one]
