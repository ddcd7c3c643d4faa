"""A client that asks /api/graphql as one account."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from forge.accounts.models import Account
from tests import factories

Ask = Callable[..., Any]


class Asked:
    """Sends queries with one credential, and keeps the last answer whole."""

    def __init__(self, token: str = "") -> None:
        self.client = Client(headers={"authorization": f"Bearer {token}"} if token else {})
        self.answer: HttpResponse | None = None

    def __call__(self, query: str, /, **variables: Any) -> dict[str, Any]:
        """The body of the answer, which is a 200."""
        answer = self.post({"query": query, "variables": variables})
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found

    def data(self, query: str, /, **variables: Any) -> Any:
        """What was asked for, of an answer without errors."""
        found = self(query, **variables)
        assert "errors" not in found, found
        return found["data"]

    def refused(self, query: str, /, **variables: Any) -> list[tuple[str | None, str]]:
        """The errors: type and message."""
        return [(one.get("type"), one["message"]) for one in self(query, **variables)["errors"]]

    def post(self, body: Any) -> HttpResponse:
        """The answer to any body."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answer = self.client.generic("POST", "/api/graphql", data, content_type="application/json")
        return self.answer


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def alice(db: None) -> Account:
    return factories.account("Alice", email="alice@example.org")


@pytest.fixture
def asked(alice: Account) -> Asked:
    """As Alice, with the scopes that gh asks for."""
    return as_(alice, "repo", "read:org", "workflow")


def as_(account: Account, *scopes: str, **options: Any) -> Asked:
    """As somebody, with these scopes (``repo``)."""
    return Asked(factories.token(account, *scopes, **options))
