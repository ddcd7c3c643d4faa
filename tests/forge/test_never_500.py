"""Nonsense through every door: wrong types, huge numbers, odd characters, broken and oversized bodies.

Whatever is sent, the answer is a refusal in the door's own shape or an answer, never a fault of ours: the
test client raises what a view does not catch.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client, override_settings

from tests.forge.places import NOTHING, World
from tests.forge.routes import METHODS, Route, routes

pytestmark = pytest.mark.django_db(transaction=True)

_TEXTS = (
    "0",
    "1e9",
    "9" * 19,
    "9" * 5000,
    "٣",
    "²",
    "..",
    "../../../etc/passwd",
    "%2e%2e",
    "a b",
    "\u202eabc",
    "\ud7ff\U0010ffff",
    "<script>alert(1)</script>",
    "'\"; drop table x; --",
    "{{7*7}}${{ github }}",
    "x" * 6000,
    "\n",
    "\x1b[31m",
    "refs/heads/main",
    "HEAD^{tree}",
    "main:README.md",
    "@{-1}",
    "2026-13-45..",
    "*",
)
_RAW = ("%ff%fe", "%00", "%c0%af", "%ed%a0%80", "%2F%2F", "a%0d%0aSet-Cookie:x=y")
_QUERY = (
    *("page", "per_page", "status", "branch", "event", "actor", "created", "head_sha", "check_suite_id"),
    *("exclude_pull_requests", "filter", "name", "ref", "sha", "sort", "direction", "type", "affiliation"),
    *("q", "query", "step", "token", "next", "workflow", "annotations", "times", "ansi", "cursor", "offset"),
    *("service", "before", "after", "open"),
)
_NUMBERS = ("page", "per_page", "check_suite_id", "annotations", "step", "before", "after", "workflow")
_BODIES = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"true",
    b'"x"',
    b"1e999",
    b"\xff\xfe\x00",
    b"[" * 50_000,
    b'{"a":' * 5000,
    b'{"ref": 5}',
    b'{"ref": "main", "inputs": []}',
    b'{"ref": "main", "inputs": {"a": {"b": [1]}}}',
    b'{"ref": "main", "inputs": {"a": NaN}}',
    b'{"ref": "main", "inputs": "x"}',
    b'{"ref": "\\u0000"}',
    b'{"ref": "\\ud800", "inputs": {"\\ud800": "\\ud800"}}',
    b'{"ref": "HEAD^{tree}", "enable_debug_logging": "yes"}',
    b'{"event_type": 5, "client_payload": []}',
    b'{"event_type": "x", "client_payload": {"a": 1e999}}',
    b'{"event_type": "x", "client_payload": {"a": ' + b"[" * 400 + b"]" * 400 + b"}}",
    b'{"name": {}, "private": "no", "description": 5, "default_branch": []}',
    b'{"name": "' + b"x" * 70_000 + b'"}',
    b'{"epoch": "x", "status": 5, "steps": 7, "instance": [], "request_key": {}, "free": "many"}',
    b"name=%ff%00&description=%ed%a0%80&ref=%00&login=%00&password=%00&scopes=%ff&days=9999999999999999",
    b"ref=main&inputs%5Bx%5D=y&" + b"&".join(b"a%d=b" % number for number in range(2000)),
)
_KINDS = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/x; charset=no",
)


@pytest.fixture
def own() -> Iterator[World]:
    """A repository of one's own, so that whatever is sent reaches the views."""
    cache.clear()
    with override_settings(RATE_LIMIT=10**7, RATE_LIMIT_ANONYMOUS=10**7):
        yield World.of("alice", private=True)
    cache.clear()
    shutil.rmtree(Path(settings.REPOSITORIES), ignore_errors=True)


_RUNS = "api/v3/repos/<owner>/<repo>/actions/"
_FOLDERS = (_RUNS, "api/v3", "api/v1", "")
#: The same views once more, by the repository's id; one of them stands for all.
_TWICE, _ONE = "api/v3/repositories/", "api/v3/repositories/<repository_id>"


def _of(folder: str) -> list[Route]:
    """The routes of one folder, each in one. There are some: else nothing would be asked."""
    found = [
        route
        for route in routes()
        if next(one for one in _FOLDERS if route.pattern.startswith(one)) == folder
        and ".git/" not in route.pattern
        and (not route.pattern.startswith(_TWICE) or route.pattern == _ONE)
    ]
    assert found, folder
    return found


def asking(world: World, pattern: str) -> Client:
    """A token for the API, a session for pages."""
    if pattern.startswith("api/"):
        return Client(headers={"authorization": f"Bearer {world.token}"})
    client = Client()
    client.force_login(world.account)
    return client


def status(client: Client, method: str, url: str, body: bytes = b"", kind: str = "application/json") -> int:
    """Ask, and see that a refusal of the API is JSON with a message."""
    answer = client.generic(method, url, body, content_type=kind)
    answer.close()
    if answer.status_code >= 400 and url.startswith("/api/"):
        said = json.loads(answer.content)
        assert isinstance(said.get("message", said.get("error")), str), (method, url[:300], said)
    return int(answer.status_code)


@pytest.mark.parametrize("folder", _FOLDERS, ids=["actions", "v3", "v1", "pages"])
def test_nonsense_in_the_address(folder: str, own: World) -> None:
    seen: set[str] = set()
    for route in _of(folder):
        client = asking(own, route.pattern)
        for name in route.names - seen:
            if name in ("owner", "repo", "name", "org"):  # found by one function, wherever they stand
                seen.add(name)
            texts = [*(quote(text, safe="") for text in _TEXTS), *_RAW]
            if route.kinds[name] == "int":  # what is no number leads nowhere, which is the same place for all
                texts = [text for text in texts if re.fullmatch("[0-9]+", text) or "int" not in seen]
                seen.add("int")
            for text in texts:
                url = route.url({**NOTHING, **own.values, name: text})
                if len(url) < 8000:
                    assert status(client, "GET", url) < 500, url[:300]


@pytest.mark.parametrize("folder", _FOLDERS, ids=["actions", "v3", "v1", "pages"])
def test_nonsense_in_the_query(folder: str, own: World) -> None:
    short = [text for text in _TEXTS if len(text) < 100]
    queries = [  # each parameter gets another text each time
        urlencode({name: short[(first + number) % len(short)] for number, name in enumerate(_QUERY)})
        for first in range(0, len(short), 4)
    ]
    queries += [urlencode(dict.fromkeys(_NUMBERS, text)) for text in ("9" * 5000, "9" * 19, "²")]
    queries += ["&".join(f"{name}={raw}" for name in _QUERY) for raw in _RAW]
    for route in _of(folder):
        client, url = asking(own, route.pattern), route.url({**NOTHING, **own.values})
        if url.endswith("/events"):
            continue  # a stream goes on until its run ends
        for query in queries:
            assert status(client, "GET", f"{url}?{query}") < 500, (url[:300], query[:300])


@pytest.mark.parametrize("folder", _FOLDERS, ids=["actions", "v3", "v1", "pages"])
def test_nonsense_in_the_body(folder: str, own: World) -> None:
    for place, route in enumerate(_of(folder)):
        client, url = asking(own, route.pattern), route.url({**NOTHING, **own.values})
        if route.pattern == "logout" or url.endswith("/events"):
            continue
        for method in METHODS[1:4] if folder else ("POST",):
            for number, body in enumerate(_BODIES):
                # A form may come as any of these; each body comes as another one at each page.
                kind = _KINDS[0 if folder else (place + number) % len(_KINDS)]
                seen = status(client, method, url, body, kind)
                assert seen < 500, (method, url[:300], body[:100], kind)
                if seen == 405:
                    break  # a method that is none there is refused whatever comes with it
