"""Ids of somebody else's private repository, put into every address that there is.

Whoever may not read it gets, for each of them, what he would get for ids that were never given: the same
status, the same headers that tell something, the same body.
"""

from __future__ import annotations

import difflib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http.response import HttpResponseBase
from django.test import Client, override_settings

from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.repos import policies
from forge.runners import groups
from tests import factories
from tests.engine import FakeRunner, Project
from tests.forge.places import NOTHING, World
from tests.forge.routes import METHODS, Route, routes

pytestmark = pytest.mark.django_db(transaction=True)

_REPOSITORY = frozenset({"owner", "repository_id"})
#: These tell a runner or a lease from everybody else before they look at any id.
_AGENT = re.compile(r"api/v1/(runners|jobs/<job_id>/(cancel-check|steps|log|status)$)")
_CHANGING = re.compile(r'csrfmiddlewaretoken" value="[^"]+"|nonce="[^"]+"|data-now="\d+"')
_TABLE = [route for route in routes() if route.names]
#: Parts that name something of one repository or organisation: all ids but those of a page that everybody may read,
#: and of a person's tokens, which no repository has.
_IDS = sorted({name for route in _TABLE for name in route.names if name.endswith("_id")} - {"operation_id", "token_id"})
#: What each form of request finds in a body that it needs.
_BODY = b'{"ref": "main", "selected_repository_ids": [], "runners": [], "labels": ["own"]}'
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
    data = _BODY if method in ("POST", "PUT", "PATCH") and "/api/" in url else b"0000"
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


@pytest.mark.parametrize("place", ["repository", "organization"])
def test_foreign_ids_below_ones_own(hidden: World, place: str) -> None:
    own = World.of("bob", private=False)
    people = clients(own)
    all_selected(own)
    others = shared(hidden)
    foreign = [{**hidden.values, "runner_group_id": others["runner_group_id"]}]
    foreign += [others] if place == "organization" else []
    wrong = []
    for route in _TABLE:
        if not route.names & (_REPOSITORY if place == "repository" else {"org"}):
            continue
        for name, values in ((name, values) for name in _IDS if name in route.names for values in foreign):
            real = route.url({**NOTHING, **own.values, name: values[name]})
            none = route.url({**NOTHING, **own.values, name: 987_654})
            # Nobody may post forms there who has not logged in, whatever the ids are.
            wrong += differences(people, route, real, none, {401, 403, 404, 405})
    assert wrong == []
    assert hidden.unchanged()


def test_foreign_ids_in_bodies(hidden: World) -> None:
    own = World.of("bob", private=False)
    all_selected(own)
    client = clients(own)["token"]
    others = shared(hidden)
    wrong = []
    for route in _TABLE:
        if not route.pattern.startswith("api/v3") or not route.names & {"org", "owner"}:
            continue
        url = route.url({**NOTHING, **own.values})
        for method in METHODS[1:4]:
            none = named(client, method, url, 987_654, 987_653)
            for values in (hidden.values, others):
                there = named(client, method, url, values["repository_id"], values["runner_id"])
                wrong += [f"{method} {url}: {there} instead of {none}"] if there != none else []
    assert wrong == []


def named(client: Client, method: str, url: str, repository: int, runner: int) -> tuple[object, ...]:
    """What is answered when a body names these, of whatever is selected there: the status, a refusal as it is, and
    how many are there then. It is undone."""
    chosen = {"visibility": "selected", "selected_repository_ids": [repository], "runners": [runner]}
    body = {"name": "ANOTHER", "value": "1", "enabled_repositories": "selected", "ref": "main", **chosen}
    with transaction.atomic():
        answer = client.generic(method, url, json.dumps(body), content_type="application/json")
        refusal = seen(answer, url)[2] if answer.status_code >= 400 else ""
        asked_for = rf'(?<!"status":")(?<=[" ])({repository}|{runner})(?=[:"])'  # an id may be 403
        refusal = re.sub(asked_for, "ID", refusal)
        after = client.get(url) if url.endswith(("/repositories", "/runners")) else None
        transaction.set_rollback(True)
    return answer.status_code, refusal, after and after.json().get("total_count")


def all_selected(world: World) -> None:
    """Let the organisation ask for each repository by its id, as far as it has a word for that."""
    organization, actor = Account.objects.get(login=world.values["org"]), Actor.for_session(world.account)
    word = policies.Enabled.SELECTED
    policies.change(actor, organization, {"enabled_repositories": word, "runner_repositories": word})
    groups.update(actor, groups.default(organization), groups.Settings(visibility="selected"))


def shared(world: World) -> dict[str, Any]:
    """What the organisation has of which repositories have some as well: a group and a runner in it, a repository."""
    organization = Account.objects.get(login=world.values["org"])
    repository = factories.repository(organization, "shared", private=True)
    runner = factories.runner("runner-of-all", owner=organization)
    actor = Actor.for_session(world.account)
    said = {"visibility": "selected", "repository_ids": [repository.pk], "runner_ids": [runner.pk]}
    made = [groups.create(actor, organization, groups.Settings(name=name, **said)) for name in ("a", "b")]
    # Groups are counted from one in each organisation: the second has a number that others have not.
    return {**world.values, "runner_group_id": made[-1].number, "runner_id": runner.pk, "repository_id": repository.pk}


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
        codes: set[int] = set()
        for method in ("GET", "PUT", "POST"):
            if codes - {404, 405, 401}:
                break  # found; a PUT could take away what the next address names
            answer = ask(client, method, url)
            codes.add(answer.status_code)
            answer.close()
        assert codes - {404, 405, 401}, (url, codes)
