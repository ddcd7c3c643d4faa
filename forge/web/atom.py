"""Atom documents: Django's writer, with typed links, and texts that XML can hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Any
from xml.sax.xmlreader import AttributesImpl

from django.utils.feedgenerator import Atom1Feed, rfc3339_date
from django.utils.xmlutils import SimplerXMLGenerator

from forge.web import ansi

CONTENT_TYPE = "application/atom+xml; charset=utf-8"
#: What no XML 1.0 document may hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Entry:
    """One entry. ``id`` never changes, ``updated`` does; ``summary`` is HTML."""

    id: str
    title: str
    link: str
    author: str
    published: datetime
    updated: datetime
    summary: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Feed:
    """A feed. ``address`` is the one that was really fetched."""

    id: str
    title: str
    address: str
    page: str
    author: str
    updated: datetime
    entries: tuple[Entry, ...]


def write(feed: Feed) -> bytes:
    """The document, in UTF-8."""
    writer = _Writer(
        title=clean(feed.title),
        link=feed.page,
        description="",
        author_name=clean(feed.author),
        feed_url=feed.address,
        feed_guid=feed.id,
        language="en",
        updated=feed.updated,
    )
    for entry in feed.entries:
        writer.add_item(
            title=clean(entry.title),
            link=entry.link,
            description=clean(entry.summary),
            author_name=clean(entry.author),
            pubdate=entry.published,
            updateddate=entry.updated,
            unique_id=entry.id,
            categories=[clean(word) for word in entry.categories],
        )
    out = StringIO()
    writer.write(out, "utf-8")
    return out.getvalue().encode()


def clean(text: str) -> str:
    """The text without the characters that make a document unreadable, and as pages write it: nothing turns what stands
    beside it, no control of a terminal is left."""
    return _NO_XML.sub("", ansi.visible(text))


class _Writer(Atom1Feed):
    def add_root_elements(self, handler: SimplerXMLGenerator) -> None:
        """As Django's, with the type of each link, and the feed's own time also when it is empty."""
        handler.addQuickElement("id", self.feed["id"])
        handler.addQuickElement("title", self.feed["title"])
        handler.addQuickElement("updated", rfc3339_date(self.feed["updated"]))
        _link(handler, "alternate", self.feed["link"], "text/html")
        _link(handler, "self", self.feed["feed_url"], "application/atom+xml")
        handler.startElement("author", AttributesImpl({}))
        handler.addQuickElement("name", self.feed["author_name"])
        handler.endElement("author")

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        """One entry."""
        handler.addQuickElement("id", item["unique_id"])
        handler.addQuickElement("title", item["title"])
        handler.addQuickElement("published", rfc3339_date(item["pubdate"]))
        handler.addQuickElement("updated", rfc3339_date(item["updateddate"]))
        _link(handler, "alternate", item["link"], "text/html")
        handler.startElement("author", AttributesImpl({}))
        handler.addQuickElement("name", item["author_name"])
        handler.endElement("author")
        for word in item["categories"]:
            handler.addQuickElement("category", "", {"term": word})
        handler.addQuickElement("summary", item["description"], {"type": "html"})


def _link(handler: SimplerXMLGenerator, rel: str, href: str, kind: str) -> None:
    handler.addQuickElement("link", "", {"rel": rel, "type": kind, "href": href})
