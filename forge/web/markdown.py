"""Markdown from strangers to safe HTML: raw HTML is shown as text, no image is fetched from elsewhere, links say
nofollow. In a document of a repository, relative addresses lead to its files."""

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
from forge.web.doc_links import Links

#: Characters that are drawn; the rest is named in a note.
LIMIT = 1 << 20
_ADDRESS = re.compile("(?:https?:|mailto:|#|/(?!/))", re.IGNORECASE)
#: What a document of a repository may have besides: no scheme, no other host.
_RELATIVE = re.compile(r"(?![a-z][a-z0-9+.-]*:|[/\\]{2})", re.IGNORECASE)
#: Of these the rest of an address is no path of a repository.
_ELSEWHERE = re.compile("https?:|mailto:|#", re.IGNORECASE)


class _Renderer(RendererHTML):
    """Draws pictures as links to them, headings below those of the page, alignment by class."""

    def image(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """A picture of the repository; else a link with its text: the page may load pictures from nowhere else."""
        token = tokens[index]
        source, links = str(token.attrs.get("src", "")), env.get("links")
        text = escape(token.content or source)
        if links and (found := links.picture(source)):
            return f'<img src="{escape(found)}" alt="{escape(token.content)}" loading="lazy">'
        target = _target(source, links)
        if target is None or _is_within_link(tokens, index):
            return text
        return f'<a href="{escape(target)}" rel="nofollow noopener">{text}</a>'


def _is_within_link(tokens: Sequence[Token], index: int) -> bool:
    kinds = [token.type for token in tokens[:index]]
    return kinds.count("link_open") > kinds.count("link_close")


def _target(address: str, links: Links | None) -> str | None:
    """Where a link with this address leads; None for one that leads nowhere."""
    if links is not None and not _ELSEWHERE.match(address):
        return links.page(address)
    return address if _ADDRESS.match(address) else None


def _build(*allowed: re.Pattern[str]) -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "linkify": False}, renderer_cls=_Renderer).enable("table")
    made.validateLink = lambda url: any(one.match(url) for one in allowed)  # type: ignore[method-assign]
    made.core.ruler.push("tame", _tame)
    return made


def _tame(state: object) -> None:
    env = state.env  # type: ignore[attr-defined]
    prefix, links = str(env.get("prefix", "")), env.get("links")
    tokens: list[Token] = state.tokens  # type: ignore[attr-defined]
    taken: set[str] = set()
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        _tame_one(token, prefix, links)
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


def _tame_one(token: Token, prefix: str, links: Links | None) -> None:
    token.attrs.pop("style", None)
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    if token.type == "link_open":
        target = _target(str(token.attrs.get("href", "")), links)
        if target is None:
            token.attrs.pop("href", None)  # a place where a link could be: its text is shown
            return
        token.attrs["rel"] = "nofollow noopener"
        token.attrs["href"] = f"#{prefix}{target[1:]}" if prefix and target.startswith("#") else target
    for child in token.children or ():
        _tame_one(child, prefix, links)


_MARKDOWN = _build(_ADDRESS)
_DOCUMENT = _build(_ADDRESS, _RELATIVE)


def html(text: str, prefix: str = "", links: Links | None = None) -> SafeString:
    """Safe HTML of a Markdown text, cut at ``LIMIT`` characters. With ``prefix`` headings have ids that begin so, and
    links within the text lead there. With ``links`` it is a repository's document."""
    lines = "\n".join(ansi.visible(line) for line in text[:LIMIT].splitlines())
    draw = _MARKDOWN if links is None else _DOCUMENT
    return mark_safe(draw.render(lines, {"prefix": prefix, "links": links}))


def line(text: str) -> SafeString:
    """The same of one line, without a paragraph around it: code, emphasis and links."""
    return mark_safe(_MARKDOWN.renderInline(ansi.visible(text[:LIMIT])))
