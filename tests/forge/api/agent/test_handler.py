"""The short way to the doors of the runner protocol."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator

from forge.api.agent.handler import AgentDoors, is_door
from forge.api.body_limit import Receive, Scope, Send


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("/api/v1/runners/poll", True),
        ("/api/v1/runners/register", True),
        ("/api/v1/jobs/12/steps", True),
        ("/api/v1/jobs/12/log", True),
        ("/api/v1/jobs/12/cancel", False),
        ("/api/v1/runs/12/rerun", False),
        ("/api/v3/user", False),
        ("/x/api/v1/jobs/12/log", False),
        ("/api/v1/jobs/12/log/x", False),
    ],
)
def test_doors_and_nothing_else(path: str, short: bool) -> None:
    assert is_door(path) is short


async def _ask(path: str) -> tuple[list[str], list[dict[str, Any]]]:
    passed: list[str] = []

    async def pages(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope["path"])

    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": [(b"host", b"127.0.0.1")]}
    asked = ApplicationCommunicator(AgentDoors(pages), scope)
    await asked.send_input({"type": "http.request", "body": b"{}"})
    answered = [] if not is_door(path) else [await asked.receive_output(20), await asked.receive_output(20)]
    await asked.wait(20)
    return passed, answered


@pytest.mark.django_db(transaction=True)  # the pool's threads may hold connections of tests before
async def test_a_door_answers_in_its_own_shape_and_as_an_api_does() -> None:
    passed, (start, body) = await _ask("/api/v1/jobs/7/steps")
    headers = dict(start["headers"])
    assert not passed
    assert start["status"] == 401
    assert json.loads(body["body"])["code"] == "bad_credential"
    assert headers[b"Cache-Control"] == b"no-store"


async def test_everything_else_goes_the_long_way() -> None:
    passed, _ = await _ask("/api/v1/jobs/7/cancel")
    assert passed == ["/api/v1/jobs/7/cancel"]
