"""A client of the API, and the official description to hold its answers against."""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache as counters
from django.http import HttpResponse
from django.test import Client
from jsonschema import Draft4Validator, FormatChecker

from forge.accounts.models import Account
from tests import factories

_DESCRIPTION = Path(__file__).resolve().parents[4] / "shared" / "openapi" / "actions.json"
Check = Callable[[str, Any], None]


class Api:
    """Asks as one account with one token; bodies are JSON, paths begin below ``/api/v3``."""

    def __init__(self, account: Account | None = None, *scopes: str, scheme: str = "token") -> None:
        self.account = account
        headers = {"authorization": f"{scheme} {factories.token(account, *scopes)}"} if account else {}
        self.client = Client(headers=headers)

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> HttpResponse:
        """The answer; a body that is no text goes as JSON."""
        data = body if isinstance(body, str | bytes) else b"" if body is None else json.dumps(body)
        return self.client.generic(method, f"/api/v3{path}", data, content_type="application/json", **options)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Each test starts with a whole hour's requests and without another test's folders: a rolled back
    database gives the same ids again."""
    counters.clear()
    yield
    counters.clear()
    shutil.rmtree(Path(settings.REPOSITORIES), ignore_errors=True)


@pytest.fixture
def alice(db: None) -> Api:
    """The API as Alice, whose token has the scope ``repo``."""
    return Api(factories.account("Alice", email="alice@example.org"))


@pytest.fixture
def anonymous(db: None) -> Api:
    """The API as nobody."""
    return Api()


@cache
def _description() -> dict[str, Any]:
    path = Path(os.environ.get("OPENAPI_FILE", _DESCRIPTION))
    if not path.exists():
        pytest.skip(f"the official description is not at {path}; give OPENAPI_FILE")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.fixture
def conforms() -> Check:
    """``conforms(name, value)``: the value has the named shape of the official description."""

    def check(name: str, value: Any) -> None:
        schemas = _nullable(copy.deepcopy(_description()["components"]))
        root = {"components": schemas, **schemas["schemas"][name]}
        validator = Draft4Validator(root, format_checker=FormatChecker())
        problems = [f"{'/'.join(map(str, one.absolute_path))}: {one.message}" for one in validator.iter_errors(value)]
        assert not problems, problems

    return check


def _nullable(node: Any) -> Any:
    """OpenAPI's ``nullable`` in the words of JSON Schema."""
    if isinstance(node, list):
        return [_nullable(one) for one in node]
    if not isinstance(node, dict):
        return node
    node = {key: _nullable(value) for key, value in node.items() if key != "example"}
    if node.pop("nullable", False) is True:
        return {"anyOf": [{"enum": [None]}, node]}
    return node
