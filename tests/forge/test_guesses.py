"""Whoever guesses credentials is told to wait; whoever has one is not locked out by others' tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from forge.accounts import guesses, users
from forge.runners import credentials, registration
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "a-long-enough-word"


@pytest.fixture(autouse=True)
def _none_counted() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def log_in(login: str, password: str, address: str = "10.0.0.1") -> Any:
    return Client(REMOTE_ADDR=address).post("/login", {"login": login, "password": password})


def test_one_login_from_one_address() -> None:
    users.create_user("rosa", PASSWORD)
    for _ in range(guesses.LOGIN.most):
        assert log_in("rosa", "wrong").status_code == 422

    refused = log_in("ROSA", PASSWORD)

    assert refused.status_code == 429
    assert refused["Retry-After"] == "300"
    assert log_in("rosa", PASSWORD, "10.0.0.2").status_code == 303  # nobody is locked out from elsewhere


def test_many_logins_from_one_address() -> None:
    users.create_user("rosa", PASSWORD)
    for number in range(guesses.LOGINS.most):
        assert log_in(f"user{number}", "wrong").status_code == 422

    assert log_in("rosa", PASSWORD).status_code == 429


def test_a_right_password_forgets_the_wrong_ones() -> None:
    users.create_user("rosa", PASSWORD)
    for _ in range(3):
        for _ in range(guesses.LOGIN.most - 1):
            assert log_in("rosa", "wrong").status_code == 422
        assert log_in("rosa", PASSWORD).status_code == 303


def _as_basic(text: str) -> str:
    return "Basic " + base64.b64encode(f"x:{text}".encode()).decode()


@pytest.mark.parametrize(
    "path",
    ["/api/v3/user", "/api/v1/jobs/1/cancel", "/a/b.git/info/refs?service=git-upload-pack", "/a/b/actions.atom"],
)
def test_wrong_tokens(path: str) -> None:
    method = "post" if path.startswith("/api/v1") else "get"

    def ask(text: str, where: str = path) -> Any:
        return getattr(Client(), method)(where, headers={"authorization": _as_basic(text)})

    for number in range(guesses.TOKENS.most):
        assert ask(f"shp_{number}").status_code == 401
    refused = ask("shp_x")
    assert refused.status_code == 429
    assert refused["Retry-After"] == "300"

    right = factories.token(factories.account())
    assert ask(right).status_code in (200, 404)  # a right one still opens


def test_wrong_registration_tokens() -> None:
    def register(token: str) -> Any:
        body = {"name": "r", "labels": ["x"], "credential_hash": credentials.hashed("shc_x")}
        headers = {"authorization": f"Bearer {token}"}
        return Client().post(
            "/api/v1/runners/register", json.dumps(body), content_type="application/json", headers=headers
        )

    for number in range(guesses.REGISTRATIONS.most):
        assert register(f"shr_{number}").status_code == 403
    refused = register("shr_x")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
    assert refused["Retry-After"] == "300"

    assert register(registration.create_token()).status_code == 200
