"""Our own OpenAPI description: it is valid, and says exactly what the URL table has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from forge.api.v3.base import NotFoundView

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
def document(db: None, recwarn: pytest.WarningsRecorder, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    answer = Client().get("/api/v3/openapi.json")
    assert answer.status_code == 200
    assert capsys.readouterr().err == ""  # the generator's complaints
    found: dict[str, Any] = answer.json()
    return found


def routes() -> set[tuple[str, str]]:
    """Every path and method of the API's views, as a description writes them."""
    return {
        (path, method)
        for path, view in _views(get_resolver().url_patterns, "")
        for method in METHODS
        if hasattr(view, method)
    }


def _views(patterns: list[Any], before: str) -> list[tuple[str, type[APIView]]]:
    found = []
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += _views(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "cls", None) or getattr(pattern.callback, "view_class", None)
            if view is not None and issubclass(view, APIView) and view is not NotFoundView:
                found.append(("/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path.lstrip("/")), view))
    return found


def test_it_says_what_the_url_table_has(document: dict[str, Any]) -> None:
    described = {
        (path.rstrip("/"), method) for path, item in document["paths"].items() for method in item if method in METHODS
    }
    assert described == {(path.rstrip("/"), method) for path, method in routes()}
    assert len(described) > 60


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [item[method]["operationId"] for item in document["paths"].values() for method in item if method in METHODS]
    assert len(ids) == len(set(ids))


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    for path, item in document["paths"].items():
        for method, operation in item.items():
            named = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path)), (path, method)
            assert operation["responses"], (path, method)


def test_the_documentation_names_every_call_of_the_actions(document: dict[str, Any]) -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "api.md").read_text()
    below = "/api/v3/repos/{owner}/{repo}/actions"
    calls = {path.removeprefix(below) for path in document["paths"] if path.startswith(below)}
    calls |= {path for path in document["paths"] if path.startswith("/api/v1/")}
    assert len(calls) > 25
    assert sorted(call for call in calls if f"`{call}`" not in text) == []
    written = set(re.findall(r"`(/(?:runs|jobs|workflows|runners|feed-token|secrets|variables)[^`]*)`", text))
    assert written - calls == set()
