"""Ids of somebody else's private repository, put into every address that there is.

Whoever may not read it gets, for each of them, what he would get for ids that were never given: the same
status, the same headers that tell something, the same body.
"""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.http.response import HttpResponseBase
from django.test import Client, override_settings

from tests.engine import FakeRunner, Project
from tests.forge.places import NOTHING, World
from tests.forge.routes import METHODS, Route, routes

pytestmark = pytest.mark.django_db(transaction=True)

#: Parts that name something of one repository.
_IDS = ("run_id", "job_id", "check_run_id", "runner_id", "workflow_id", "repository_id")
_REPOSITORY = frozenset({"owner", "repository_id"})
#: These tell a runner or a lease from everybody else before they look at any id.
_AGENT = re.compile(r"api/v1/(runners|jobs/<job_id>/(cancel-check|steps|log|status)$)")
_CHANGING = re.compile(r'csrfmiddlewaretoken" value="[^"]+"|nonce="[^"]+"|data-now="\d+"')
_TABLE = [route for route in routes() if route.names]
#: The same views once more, by the repository's id.
_TWICE = "api/v3/repositories/<repository_id>/"


@pytest.fixture(autouse=True)
def _unlimited() -> Iterator[None]:
    cache.clear()
    with override_settings(RATE_LIMIT=10**6, RATE_LIMIT_ANONYMOUS=10**6):
        yield
    cache.clear()
    shutil.rmtree(Path(settings.REPOSITORIES), ignore_errors=True)


@pytest.fixture
def hidden() -> World:
    """Alice's, which is private."""
    return World.of("alice", private=True)


def clients(world: World) -> dict[str, Client]:
    """Every way to be this person, and nobody."""
    session = Client()
    session.force_login(world.account)
    return {
        "anonymous": Client(),
        "token": Client(headers={"authorization": f"Bearer {world.token}"}),
        "session": session,
    }


def job_token(world: World) -> str:
    """The GITHUB_TOKEN of a job that runs in this person's repository and may do what a job can."""
    label = f"of-{world.account.login}"
    text = f"on: push\npermissions: write-all\njobs: {{a: {{runs-on: {label}, steps: [{{run: 'true'}}]}}}}\n"
    Project(world.repository, world.account).run(text, ref="refs/heads/job")
    return FakeRunner.new(label).take().assignment.github_token


def ask(client: Client, method: str, url: str) -> HttpResponseBase:
    """One call with a body that every form of request has."""
    kind = "application/x-www-form-urlencoded" if "/api/" not in url else "application/json"
    if url.endswith("-pack"):
        kind = f"application/x-{url.rpartition('/')[2]}-request"
    query = {"info/refs": "?service=git-upload-pack", "log/lines": "?step=1"}.get("/".join(url.split("/")[-2:]), "")
    data = b'{"ref": "main"}' if method in ("POST", "PUT", "PATCH") and "/api/" in url else b"0000"
    return client.generic(method, url + query, data, content_type=kind)


def seen(answer: HttpResponseBase, url: str) -> tuple[int, str, str]:
    """What an answer tells: status, where to, body, without the address that was asked for."""
    body = "" if answer.streaming else answer.content.decode()
    body = _CHANGING.sub("", body).replace(url, "URL")
    return answer.status_code, answer.headers.get("Location", "").replace(url, "URL"), body


def test_a_private_repository_is_like_none(hidden: World) -> None:
    bob = World.of("bob", private=False)
    people = clients(bob) | {"job": Client(headers={"authorization": f"Bearer {job_token(bob)}"})}
    wrong = []
    for route in _TABLE:
        if route.pattern == "<owner>" or not route.names & (_REPOSITORY | {"run_id", "job_id"}) or "org" in route.names:
            continue  # a person is no secret, nor is an organisation
        real, none = route.url({**NOTHING, **hidden.values}), route.url(NOTHING)
        wrong += differences(people, route, real, none, {401, 404, 405})
    assert wrong == []


def test_foreign_ids_below_ones_own_repository(hidden: World) -> None:
    own = World.of("bob", private=False)
    people = clients(own)
    wrong = []
    for route in _TABLE:
        for name in _IDS if route.names & _REPOSITORY else ():
            if name in route.names:
                real = route.url({**NOTHING, **own.values, name: hidden.values[name]})
                none = route.url({**NOTHING, **own.values, name: 987_654})
                # Nobody may post forms there who has not logged in, whatever the ids are.
                wrong += differences(people, route, real, none, {401, 403, 404, 405})
    assert wrong == []
    assert hidden.unchanged()


def differences(people: Mapping[str, Client], route: Route, real: str, none: str, refusals: set[int]) -> Iterator[str]:
    """Where the answers for a thing that is hidden and for one that is not there are not the same refusal."""
    for who, method in asked(people, route):
        there, gone = (seen(ask(people[who], method, url), url) for url in (real, none))
        if there != gone or there[0] not in refusals:
            apart = [one for one in difflib.ndiff(gone[2].splitlines(), there[2].splitlines()) if one[0] in "+-"]
            yield f"{who} {method} {real}: {there[:2]} instead of {gone[:2]} {apart[:4]}"


def asked(people: Mapping[str, Client], route: Route) -> Iterator[tuple[str, str]]:
    """Everybody asks for what the view has; what it has not, and what another route has too, one asks for all."""
    for who in people:
        for method in METHODS:
            if who == "token" or (method in route.methods and not route.pattern.startswith(_TWICE)):
                yield who, method


def test_the_owner_finds_them(hidden: World) -> None:
    """So that the sweeps above are of addresses that lead somewhere."""
    people = clients(hidden)
    for route in _TABLE:
        # What git gets has tests of its own, with git; and what an organisation shares, with its own repositories.
        elsewhere = ".git/" in route.pattern or _AGENT.match(route.pattern) or "org" in route.names
        elsewhere = elsewhere or route.methods == ("DELETE",)  # nothing is taken away here
        if elsewhere or not route.names & (_REPOSITORY | {"run_id", "job_id"}):
            continue
        url = route.url({**NOTHING, **hidden.values})
        client = people["token" if "/api/" in url else "session"]
        codes = set()
        for method in ("GET", "PUT", "POST"):
            answer = ask(client, method, url)
            codes.add(answer.status_code)
            answer.close()
        assert codes - {404, 405, 401}, (url, codes)
