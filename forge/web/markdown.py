"""Markdown from strangers to safe HTML: raw HTML is shown as text, no image is fetched, links say nofollow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from forge.web import ansi

#: Characters that are drawn; the rest is named in a note.
LIMIT = 1 << 20
_ADDRESS = re.compile("(?:https?:|mailto:|#|/(?!/))", re.IGNORECASE)


class _Renderer(RendererHTML):
    """Draws pictures as links to them, headings below those of the page, alignment by class."""

    def image(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """A link with the picture's text: the page may load pictures from nowhere else."""
        token = tokens[index]
        source = str(token.attrs.get("src", ""))
        text = escape(token.content or source)
        return f'<a href="{escape(source)}" rel="nofollow noopener">{text}</a>' if _ADDRESS.match(source) else text


def _build() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "linkify": False}, renderer_cls=_Renderer).enable("table")
    made.validateLink = lambda url: bool(_ADDRESS.match(url))  # type: ignore[method-assign]
    made.core.ruler.push("tame", _tame)
    return made


def _tame(state: object) -> None:
    prefix = str(state.env.get("prefix", ""))  # type: ignore[attr-defined]
    tokens: list[Token] = state.tokens  # type: ignore[attr-defined]
    taken: set[str] = set()
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        _tame_one(token, prefix)
        if prefix and token.type == "heading_open" and after is not None:
            token.attrs["id"] = _id(prefix, after.content, taken)


def _id(prefix: str, title: str, taken: set[str]) -> str:
    """Where a heading can be linked to: never an id of the page itself, and none twice."""
    slug = re.sub(r"[^\w-]+", "", re.sub(r"\s+", "-", title.strip().lower()))[:100]
    made, number = f"{prefix}{slug}", 1
    while made in taken:
        made, number = f"{prefix}{slug}-{number}", number + 1
    taken.add(made)
    return made


def _tame_one(token: Token, prefix: str) -> None:
    token.attrs.pop("style", None)
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    if token.type == "link_open":
        token.attrs["rel"] = "nofollow noopener"
        target = str(token.attrs.get("href", ""))
        if prefix and target.startswith("#"):
            token.attrs["href"] = f"#{prefix}{target[1:]}"
    for child in token.children or ():
        _tame_one(child, prefix)


_MARKDOWN = _build()


def html(text: str, prefix: str = "") -> SafeString:
    """Safe HTML of a Markdown text, cut at ``LIMIT`` characters. With ``prefix`` headings have ids that begin so, and
    links within the text lead there."""
    lines = "\n".join(ansi.visible(line) for line in text[:LIMIT].splitlines())
    return mark_safe(_MARKDOWN.render(lines, {"prefix": prefix}))


def line(text: str) -> SafeString:
    """The same of one line, without a paragraph around it: code, emphasis and links."""
    return mark_safe(_MARKDOWN.renderInline(ansi.visible(text[:LIMIT])))
