"""What every call goes through: credentials, errors, pages, limits and headers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from django.test import Client, override_settings

from forge.accounts import tokens, users
from forge.api import throttling
from tests import factories
from tests.forge.api.conftest import Api, Check

pytestmark = pytest.mark.django_db


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@pytest.mark.parametrize(
    "header",
    [
        lambda text: f"token {text}",
        lambda text: f"Bearer {text}",
        lambda text: f"bearer  {text}",
        lambda text: basic("x-access-token", text),
        lambda text: basic("anybody", text),
        lambda text: basic(text, ""),
        lambda text: basic(text, "x-oauth-basic"),
    ],
)
def test_every_scheme_opens(header: Callable[[str], str]) -> None:
    text = factories.token(factories.account("alice"))

    answer = Client(headers={"authorization": header(text)}).get("/api/v3/user")

    assert (answer.status_code, answer.json()["login"]) == (200, "alice")


@pytest.mark.parametrize(
    "header",
    ["token x", "Bearer", "Basic !!!", basic("a", "b"), "Digest x", "shp_x", "token shp_é", "Bearer forge_job_x"],
)
def test_bad_credentials_open_nothing_not_even_the_public(header: str) -> None:
    public = factories.repository()

    answer = Client(headers={"authorization": header}).get(f"/api/v3/repos/{public.full_name}")

    assert answer.status_code == 401
    assert answer.json()["message"] == "Bad credentials"
    assert answer["WWW-Authenticate"].startswith("Basic ")


def test_a_session_reads_and_writes_only_with_its_csrf_token() -> None:
    users.create_user("alice", "a-long-enough-password")
    client = Client(enforce_csrf_checks=True)
    assert client.login(username="alice", password="a-long-enough-password")

    assert client.get("/api/v3/user").json()["login"] == "alice"
    body = json.dumps({"name": "x"})
    refused = client.post("/api/v3/user/repos", body, content_type="application/json")
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["message"]


def test_the_anonymous_are_asked_for_a_credential(anonymous: Api) -> None:
    answer = anonymous("GET", "/user")

    assert answer.status_code == 401
    assert answer.json() == {
        "message": "Requires authentication",
        "documentation_url": "https://docs.github.com/rest",
        "status": "401",
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[]", 400),
        (b'"text"', 400),
        (b"nul", 400),
        (b"NaN", 400),
        (b"[" * 100_000, 400),
        (b'{"name": "a\\u0000b"}', 400),
        (b'{"name": "\\ud800"}', 400),
        (b"1" * 5000, 400),
        (b"", 422),
        (b"{}", 422),
        (b"null", 400),
        (b'{"name": 5}', 422),
        (b'{"name": "x", "private": "yes"}', 422),
        (b'{"name": "x", "description": ["a"]}', 422),
        (b'{"name": "x", "default_branch": "a b"}', 422),
    ],
)
def test_wrong_bodies_are_the_clients_fault(alice: Api, body: bytes, status: int) -> None:
    answer = alice("POST", "/user/repos", body)

    assert answer.status_code == status, answer.content
    assert answer.json()["status"] == str(status)
    assert answer["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/repos/a",
        "/repos//x",
        "/users/%00",
        "/repos/a%00/b",
        "/user/",
        "/users/nobody",
        "/repositories/99999999999999999999",
    ],
)
def test_what_is_not_there_is_404_in_githubs_words(alice: Api, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = alice(method, path)
        if answer.status_code != 405:
            assert answer.status_code == 404
            assert "Not Found" in answer.json()["message"]


def test_a_wrong_method_is_405(alice: Api) -> None:
    answer = alice("PUT", "/user")

    assert (answer.status_code, answer.json()["status"]) == (405, "405")
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize(
    "accept", ["application/vnd.github+json", "application/vnd.github.v3+json", "image/png", "*/*"]
)
def test_the_accept_header_is_ignored(anonymous: Api, accept: str) -> None:
    answer = anonymous("GET", "/meta", headers={"accept": accept})

    assert (answer.status_code, answer.json()["installed_version"]) == (200, "3.21.0")


def test_headers_that_clients_read(alice: Api) -> None:
    answer = alice("GET", "/user", headers={"x-github-api-version": "2026-03-10"})

    assert answer["X-OAuth-Scopes"] == "repo"
    assert answer["X-GitHub-Request-Id"]
    assert answer["X-GitHub-Media-Type"] == "github.v3; format=json"
    assert answer["X-GitHub-Enterprise-Version"] == "3.21.0"
    assert answer["X-GitHub-Api-Version-Selected"] == "2026-03-10"
    assert answer["Cache-Control"] == "private, max-age=60, s-maxage=60"
    assert (answer["X-RateLimit-Limit"], answer["X-RateLimit-Used"]) == ("5000", "1")
    assert (answer["X-RateLimit-Remaining"], answer["X-RateLimit-Resource"]) == ("4999", "core")
    assert int(answer["X-RateLimit-Reset"]) % throttling.HOUR == 0


@pytest.mark.parametrize(
    ("asked", "status"), [("2022-11-28", 200), ("2026-03-10", 200), ("2021-01-01", 400), ("v3", 400)]
)
def test_only_versions_that_there_are(anonymous: Api, asked: str, status: int) -> None:
    answer = anonymous("GET", "/meta", headers={"x-github-api-version": asked})

    assert answer.status_code == status
    assert answer["X-GitHub-Api-Version-Selected"] == (asked if status == 200 else "2022-11-28")
    if status == 400:
        assert '"2022-11-28", "2026-03-10"' in answer.json()["message"]


def test_an_unchanged_answer_is_304_and_free(alice: Api) -> None:
    first = alice("GET", "/user")

    again = alice("GET", "/user", headers={"if-none-match": first["ETag"]})
    other = alice("GET", "/user", headers={"if-none-match": 'W/"other"'})

    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert other.status_code == 200
    assert [one["X-RateLimit-Used"] for one in (first, again, other)] == ["1", "1", "2"]


def test_nobody_asks_for_nothing(anonymous: Api) -> None:
    first = anonymous("GET", "/meta")

    again = anonymous("GET", "/meta", headers={"if-none-match": first["ETag"]})

    assert (again.status_code, again["X-RateLimit-Used"]) == (304, "2")


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100)
def test_a_body_that_is_too_large_is_413(alice: Api) -> None:
    answer = alice("POST", "/user/repos", {"name": "x" * 100})

    assert (answer.status_code, answer.json()["status"]) == (413, "413")


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("GET", "/repos/{0}", "repo, repo:read"),
        ("PATCH", "/repos/{0}", "repo"),
        ("GET", "/repos/{1}", ""),
        ("PATCH", "/repos/{1}", "repo, public_repo"),
        ("GET", "/meta", ""),
    ],
)
def test_a_token_is_told_which_scopes_would_do(alice: Api, method: str, path: str, scopes: str) -> None:
    both = [factories.repository(alice.account, private=private).full_name for private in (True, False)]
    for asker in (alice, Api(factories.account(is_site_admin=True), "repo"), Api(alice.account, "repo:read")):
        assert asker(method, path.format(*both))["X-Accepted-OAuth-Scopes"] == scopes
    assert not Api()(method, path.format(*both)).has_header("X-Accepted-OAuth-Scopes")


@override_settings(RATE_LIMIT=3, RATE_LIMIT_ANONYMOUS=2)
def test_too_many_requests_are_429(alice: Api, anonymous: Api) -> None:
    for asker, limit in ((alice, 3), (anonymous, 2)):
        assert [asker("GET", "/meta").status_code for _ in range(limit)] == [200] * limit
        refused = asker("GET", "/meta")
        assert refused.status_code == 429
        assert refused["X-RateLimit-Remaining"] == "0"
        assert 0 < int(refused["Retry-After"]) <= throttling.HOUR
        assert asker("GET", "/rate_limit").json()["resources"]["core"]["remaining"] == 0


def test_each_token_has_its_own_limit(alice: Api) -> None:
    assert alice.account is not None
    other = Api(alice.account)

    alice("GET", "/meta")

    assert other("GET", "/meta")["X-RateLimit-Used"] == "1"


def test_rate_limit_has_the_official_shape(alice: Api, conforms: Check) -> None:
    conforms("rate-limit-overview", alice("GET", "/rate_limit").json())
    newer = alice("GET", "/rate_limit", headers={"x-github-api-version": "2026-03-10"}).json()
    assert "rate" not in newer


def test_the_root_is_there_with_and_without_its_slash(anonymous: Api, conforms: Check) -> None:
    for path in ("", "/"):
        answer = anonymous("GET", path)
        assert answer.status_code == 200
        assert answer.json()["repository_url"] == "http://127.0.0.1:8000/api/v3/repos/{owner}/{repo}"
    conforms("api-overview", anonymous("GET", "/meta").json())


@override_settings(INTERNAL_URLS=["http://172.17.0.1:8000"], ALLOWED_HOSTS=["172.17.0.1", "evil.example"])
@pytest.mark.parametrize(
    ("host", "base"), [("172.17.0.1:8000", "http://172.17.0.1:8000"), ("evil.example", "http://127.0.0.1:8000")]
)
def test_links_are_on_the_clients_host_if_it_is_ours(alice: Api, host: str, base: str) -> None:
    assert alice("GET", "/user", headers={"host": host}).json()["url"] == f"{base}/api/v3/users/Alice"


@pytest.mark.parametrize(
    ("query", "names", "rels"),
    [
        ("", ["r0", "r1", "r2", "r3", "r4"], []),
        ("?per_page=2", ["r0", "r1"], ["next=2", "last=3"]),
        ("?per_page=2&page=2", ["r2", "r3"], ["prev=1", "next=3", "last=3", "first=1"]),
        ("?per_page=2&page=3", ["r4"], ["prev=2", "first=1"]),
        ("?per_page=2&page=9", [], ["prev=3", "first=1"]),
        ("?per_page=0&page=0", ["r0", "r1", "r2", "r3", "r4"], []),
        ("?per_page=x&page=-1", ["r0", "r1", "r2", "r3", "r4"], []),
        ("?per_page=1000", ["r0", "r1", "r2", "r3", "r4"], []),
        ("?page=99999999999999999999999", ["r0", "r1", "r2", "r3", "r4"], []),
        ("?page=999999999999", [], ["prev=1", "first=1"]),
        ("?page=²", ["r0", "r1", "r2", "r3", "r4"], []),
    ],
)
def test_pages_are_cut_and_linked(alice: Api, query: str, names: list[str], rels: list[str]) -> None:
    for number in range(5):
        factories.repository(alice.account, f"r{number}")

    answer = alice("GET", f"/user/repos{query}")

    assert [row["name"] for row in answer.json()] == names
    found = []
    for link in filter(None, answer.headers.get("Link", "").split(", ")):
        address, rel = link.split("; ")
        assert address.startswith("<http://127.0.0.1:8000/api/v3/user/repos?")
        found.append(f"{rel[5:-1]}={address.split('page=')[-1].rstrip('>')}")
    assert found == rels


def test_a_revoked_token_is_worth_nothing_at_once(alice: Api) -> None:
    assert alice.account is not None
    row, text = tokens.create(alice.account, "x", ["repo"])
    client = Client(headers={"authorization": f"token {text}"})
    assert client.get("/api/v3/user").status_code == 200

    tokens.revoke(row)

    assert client.get("/api/v3/user").status_code == 401
