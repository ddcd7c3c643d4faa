"""Links and pictures of documents: to the repository's own files, and to nothing else."""

from __future__ import annotations

import pytest
from django.test import Client

from forge.repos import git
from forge.repos.models import Repository
from forge.web import markdown
from forge.web.doc_links import PREFIX, Links
from tests import factories

LINKS = Links("/rosa/widget", "fix/a b", "docs/de")


@pytest.mark.parametrize(
    ("address", "leads"),
    [
        ("guide.md", "/blob/fix/a%20b/docs/de/guide.md"),
        ("./guide.md#first-steps", f"/blob/fix/a%20b/docs/de/guide.md#{PREFIX}first-steps"),
        ("../src/a.py#L3", "/blob/fix/a%20b/docs/src/a.py#L3"),
        ("../guide.md#L3-L9", "/blob/fix/a%20b/docs/guide.md#L3-L9"),
        ("/src/a%20b.py?raw=1", "/blob/fix/a%20b/src/a%20b.py"),
        ("../../LICENSE", "/blob/fix/a%20b/LICENSE"),
        ("images/", "/tree/fix/a%20b/docs/de/images"),
        ("../..", "/tree/fix/a%20b"),
        ("/", "/tree/fix/a%20b"),
        ("a%3Fb%23c.md", "/blob/fix/a%20b/docs/de/a%3Fb%23c.md"),
        ("..\\..\\x", "/blob/fix/a%20b/docs/de/..%5C..%5Cx"),
        ("<b>.md", "/blob/fix/a%20b/docs/de/%3Cb%3E.md"),
        ("../../../settings", None),
        ("..%2F..%2F..%2Fsettings", None),
        ("/../../other/repo", None),
        ("a%00b", None),
        ("a%0Ab", None),
        ("//evil.example/x", None),
        ("http://[", None),
    ],
)
def test_where_addresses_lead(address: str, leads: str | None) -> None:
    assert LINKS.page(address) == (leads and f"/rosa/widget{leads}")


@pytest.mark.parametrize(
    ("address", "bytes_of"),
    [
        ("a.PNG", "/raw/fix/a%20b/docs/de/a.PNG"),
        ("/a.jpeg?raw=true", "/raw/fix/a%20b/a.jpeg"),
        (
            "http://127.0.0.1:8000/rosa/widget/actions/workflows/ci.yml/badge.svg?branch=a",
            "/actions/workflows/ci.yml/badge.svg?branch=a",
        ),
        ("http://127.0.0.1:8000/rosa/other/actions/workflows/ci.yml/badge.svg", None),
        ("http://127.0.0.1:8000/rosa/widget/actions/workflows/../../../x/badge.svg", None),
        ("https://evil.example/rosa/widget/actions/workflows/ci.yml/badge.svg", None),
        ("https://evil.example/a.png", None),
        ("../../../a.png", None),
        ("a.svg", None),
        ("png", None),
    ],
)
def test_which_pictures_are_shown(address: str, bytes_of: str | None) -> None:
    assert LINKS.picture(address) == (bytes_of and f"/rosa/widget{bytes_of}")


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("[x](guide.md)", '<a href="/rosa/widget/blob/fix/a%20b/docs/de/guide.md" rel="nofollow noopener">x</a>'),
        ("[x](../../../y)", "<a>x</a>"),
        ("[x](#top)", f'<a href="#{PREFIX}top" rel="nofollow noopener">x</a>'),
        ("[x](https://example.org)", '<a href="https://example.org" rel="nofollow noopener">x</a>'),
        ("![x](a.png)", '<img src="/rosa/widget/raw/fix/a%20b/docs/de/a.png" alt="x" loading="lazy">'),
        ('![a"b<c](a.png)', 'alt="a&quot;b&lt;c"'),
        ("![x](a.svg)", '<a href="/rosa/widget/blob/fix/a%20b/docs/de/a.svg" rel="nofollow noopener">x</a>'),
        ("![x](https://example.org/a.png)", '<a href="https://example.org/a.png" rel="nofollow noopener">x</a>'),
        ("[![x](https://example.org/a.png)](b)", 'docs/de/b" rel="nofollow noopener">x</a>'),
        ("# Hi", f'<h3 id="{PREFIX}hi">Hi</h3>'),
    ],
)
def test_a_document_is_drawn(text: str, drawn: str) -> None:
    assert drawn in markdown.html(text, PREFIX, LINKS)


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JaVaScript:alert(1)", "data:text/html,1", "vbscript:x", "//evil.example", "file:x"],
)
def test_a_document_leads_nowhere_else(address: str) -> None:
    for text in (f"[x]({address})", f"![x]({address})", f"[x][1]\n\n[1]: {address}", f"<{address}>"):
        found = markdown.html(text, PREFIX, LINKS)
        assert "href=" not in found, found
        assert "src=" not in found, found


def test_links_of_a_page_are_there(anyone: Client, widget: Repository) -> None:
    said = "[Guide](docs/guide.md) ![logo](logo.png) [Out](../../x)\n"
    files = {"README.md": said, "docs/guide.md": "# Guide\n\n[Back](../README.md)\n", "logo.png": "x"}
    factories.push(widget, files, "refs/heads/main")
    try:
        front = anyone.get("/rosa/widget").content.decode()
        assert 'href="/rosa/widget/blob/main/docs/guide.md"' in front
        assert '<img src="/rosa/widget/raw/main/logo.png" alt="logo"' in front
        assert "<a>Out</a>" in front
        assert anyone.get("/rosa/widget/raw/main/logo.png")["Content-Type"] == "image/png"
        guide = anyone.get("/rosa/widget/blob/main/docs/guide.md").content.decode()
        assert 'href="/rosa/widget/blob/main/README.md"' in guide
    finally:
        git.remove(widget.pk)
