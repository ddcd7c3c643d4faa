"""One request of a case, made and kept: every exchange that was checked goes into the page and the description."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.db import transaction
from django.test import Client

from tests.forge.api.endpoints.cases import NOTHING, Case, Operation
from tests.forge.api.endpoints.matching import filled
from tests.forge.api.endpoints.routes import Known
from tests.forge.api.endpoints.world import World


@dataclass(frozen=True)
class Exchange:
    """What was asked and what came. ``body`` is the JSON value, the text of anything else, None when there was none."""

    operation: Operation
    what: str
    url: str
    sent: Any
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def is_json(self) -> bool:
        """Whether the answer says that it is JSON."""
        return self.headers.get("Content-Type", "").startswith("application/json")


@dataclass
class Stage:
    """Where the exchanges of one operation are made: its world, and what was seen so far."""

    operation: Operation
    route: Known
    world: World = field(default_factory=World.new)
    seen: list[Exchange] = field(default_factory=list)

    @contextmanager
    def undone(self) -> Iterator[World]:
        """What is asked within changes nothing for what comes after: rows are rolled back. What a case made of the
        world stays out of it, too."""
        cache.clear()
        kept = self.world
        if self.operation.committed:
            yield kept
            return
        with transaction.atomic():
            self.world = World(dict(kept.values), dict(kept.rows), set(kept._made))
            try:
                yield self.world
            finally:
                self.world = kept
                transaction.set_rollback(True)

    def ask(self, client: Client, case: Case, *, what: str = "", raw: bytes | None = None, **at: Any) -> Exchange:
        """One request, as the case has it; ``at`` replaces parts of the path, ``raw`` the body."""
        values = self.world
        parts = {**(filled(case.at or {}, values.values)), **at}
        url = self.route.url({name: parts[name] if name in parts else values.value(name) for name in self.route.names})
        query = filled(case.query or {}, values.values)
        if query:
            url += f"?{urlencode(query, doseq=True)}"
        sent = NOTHING if raw is not None else filled(case.send, values.values) if case.send is not NOTHING else NOTHING
        headers = filled(case.headers or {}, values.values)
        body = raw if raw is not None else _written(sent)
        answer = client.generic(self.operation.method, url, body, content_type="application/json", headers=headers)
        found = Exchange(
            self.operation,
            what or case.what,
            url,
            sent,
            answer.status_code,
            dict(answer.headers),
            _read(answer),
        )
        self.seen.append(found)
        return found


def _written(sent: Any) -> bytes:
    if sent is NOTHING:
        return b""
    return sent.encode() if isinstance(sent, str) else json.dumps(sent).encode()


def _read(answer: Any) -> Any:
    data = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if not data:
        return None
    if answer.headers.get("Content-Type", "").startswith("application/json"):
        return json.loads(data)
    return data.decode(errors="replace")
