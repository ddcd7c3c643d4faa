"""Our own OpenAPI description: it is valid, and says exactly what the URL table has."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from rest_framework.views import APIView

from forge.api.described.operations import operations
from forge.api.v3.base import NotFoundView
from tests.forge.api.endpoints.cases import operations as endpoints

#: Served by functions: the feed, and where signed addresses lead.
FUNCTIONS = {
    ("/{owner}/{name}/actions.atom", "get"),
    *((f"/api/v3/signed/{kind}/{{token}}", "get") for kind in ("logs", "artifacts", "archives")),
}
#: Whose doors are described where their client is.
AGENTS = ("runner", "lease", "registration")
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
    assert described == {(path.rstrip("/"), method) for path, method in routes()} | FUNCTIONS
    assert len(described) > 60


def test_it_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_every_call_says_what_it_takes_and_answers(document: dict[str, Any]) -> None:
    said = {name: one["responses"] for name, one in named(document).items()}
    cases = {f"{one.method} {one.address.rstrip('/')}" for one in endpoints() if one.right not in AGENTS}
    assert sorted(cases - set(operations())) == [], "write these into forge/api/described/"
    assert sorted(set(operations()) - set(said)) == [], "these stand in forge/api/described/ and are no calls"
    assert [name for name, answers in said.items() if not any(status < "400" for status in answers)] == []


def test_the_examples_are_what_it_says(document: dict[str, Any]) -> None:
    """Each was answered, or sent and taken; the tests of the endpoints hold that they still are."""
    count = 0
    for name, one in named(document).items():
        for said in [one.get("requestBody", {}), *one["responses"].values()]:
            for content in said.get("content", {}).values():
                if "example" in content:
                    whole = {**content["schema"], "components": document["components"]}
                    wrong = [error.message for error in Draft202012Validator(whole).iter_errors(content["example"])]
                    assert wrong == [], name
                    count += 1
    assert count > 60


def named(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every operation by method and path, those below a repository's id left out: they are made of the others."""
    return {
        f"{method.upper()} {path}": one
        for path, item in document["paths"].items()
        for method, one in item.items()
        if not path.startswith("/api/v3/repositories/{repository_id}")
    }


def test_people_read_it_as_pages(document: dict[str, Any]) -> None:
    client = Client()
    index = client.get("/-/api").content.decode()
    assert "``" not in index
    for name, one in named(document).items():
        assert f'href="/-/api/{one["operationId"]}"' in index, name
        page = client.get(f"/-/api/{one['operationId']}")
        assert page.status_code == 200
        text = page.content.decode()
        assert html.escape(name) in text
        assert all(f"<b>{status}</b>" in text or f">{status}</h2>" in text for status in one["responses"]), name
        assert not re.search(r"(?:src|href)=\"https?:", text)
        assert "``" not in text, f"{name}: its words are Markdown, and drawn as such"
    assert client.get("/-/api/nothing").status_code == 404


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
