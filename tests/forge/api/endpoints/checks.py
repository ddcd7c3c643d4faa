"""What is held of an operation: its cases, everybody's rights, what is refused, and what every answer must have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.test import Client, override_settings

from tests.forge.api import official
from tests.forge.api.endpoints import askers, routes
from tests.forge.api.endpoints.askers import Asker
from tests.forge.api.endpoints.cases import NOTHING, Case, Operation
from tests.forge.api.endpoints.exchanges import Exchange, Stage
from tests.forge.api.endpoints.matching import differences, filled
from tests.forge.api.endpoints.world import World

#: The parts of every refusal's body, by the beginning of the path.
_ERROR = {"message", "documentation_url", "status", "errors"}
_FIELD = {"resource", "field", "code", "message", "index", "value"}
#: What answers in GitHub's words.
_GITHUB = ("/api/v3", "/api/graphql")
_NO_JSON = b"{"
_NO_OBJECT = b"[1]"


def whole(operation: Operation, *, everybody: bool = True) -> Stage:
    """Everything, on one stage; AssertionError says all that is wrong. Without ``everybody`` only the cases."""
    stage = Stage(operation, routes.of(operation))
    wrong: list[str] = []
    with override_settings(RATE_LIMIT=10**6, RATE_LIMIT_ANONYMOUS=10**6):
        for name in operation.needs:
            stage.world.need(name)
        for case in operation.ok:
            wrong += done(stage, case)
        wrong += by_id(stage)
        for private in (True, False) if everybody else ():
            wrong += rights(stage, private=private)
        wrong += refused(stage)
    assert not wrong, "\n".join([str(operation), *wrong])
    return stage


def done(stage: Stage, case: Case) -> Iterator[str]:
    """A case of what the call is for, made by whoever just has the right."""
    with stage.undone() as world:
        client = _prepared(stage, case, world)
        found = stage.ask(client, case)
        yield from _held(stage, case, found)
        yield from every_answer(found)
        if found.status == 200 and stage.operation.looks and found.headers.get("ETag"):
            yield from _conditional(stage, case, client, found)
        for after in case.then:
            yield from _after(stage, client, after)


def _prepared(stage: Stage, case: Case, world: World) -> Client:
    for name in case.needs:
        world.need(name)
    return askers.entitled(stage.operation)(world)


def _held(stage: Stage, case: Case, found: Exchange) -> Iterator[str]:
    what = f"{case.what or 'success'}: {found.url}"
    if found.status != case.status:
        yield f"{what}: {found.status} instead of {case.status}: {found.body!r:.400}"
        return
    values = stage.world.values
    if official.is_here() and case.status < 400 and not case.unofficial:
        yield from _official(stage.operation, found)
    if case.body is not NOTHING:
        yield from (f"{what}: {one}" for one in differences(filled(case.body, values), found.body))
    for name, pattern in (case.answers or {}).items():
        yield from (f"{what}: {one}" for one in differences(filled(pattern, values), found.headers.get(name), name))


def _official(operation: Operation, found: Exchange) -> Iterator[str]:
    """The body has the shape of the official description."""
    path, method = operation.official_path, operation.method.lower()
    if operation.own:
        yield from _shaped(operation, found)
        return
    if found.status not in official.statuses(path, method):
        if str(found.status) not in operation.quirks:
            yield f"the official description has no {found.status}, only {official.statuses(path, method)}"
        return
    try:
        official.check(found.body, path, method, found.status)
    except AssertionError as error:
        yield f"not as the official description has it: {error}"


def _shaped(operation: Operation, found: Exchange) -> Iterator[str]:
    """The body has the shape that the operation names, each item of a list as well."""
    for one in found.body if isinstance(found.body, list) else [found.body]:
        try:
            if operation.shape:
                official.check_shape(one, operation.shape)
        except AssertionError as error:
            yield f"not in the official shape {operation.shape}: {error}"


def every_answer(found: Exchange) -> Iterator[str]:
    """What holds for whatever is answered: no empty body but of 204, 302 and 304; a refusal's shape; headers."""
    at = f"{found.what or 'success'}: {found.url}"
    if found.status >= 500:
        yield f"{at}: {found.status}"
    if found.status in (204, 304) and found.body is not None:
        yield f"{at}: {found.status} with a body"
    if found.status in (200, 201, 202) and found.body is None:
        yield f"{at}: {found.status} without a body"
    if found.status >= 400:
        yield from (f"{at}: {one}" for one in _refusal(found))
    if found.url.startswith(_GITHUB) and "X-GitHub-Request-Id" not in found.headers:
        yield f"{at}: no X-GitHub-Request-Id"


def _refusal(found: Exchange) -> Iterator[str]:
    if found.url.startswith("/api/v1"):
        if not isinstance(found.body, dict) or not isinstance(found.body.get("error"), str):
            yield f"a refusal of v1 is {{'error': text}}, not {found.body!r:.200}"
    elif found.url.startswith(_GITHUB):
        body = found.body if isinstance(found.body, dict) else {}
        if not {"message", "documentation_url", "status"} <= set(body) <= _ERROR:
            yield f"a refusal has message, documentation_url, status and at most errors: {found.body!r:.200}"
        elif body["status"] != str(found.status):
            yield f"status in the body is {body['status']!r}"
        for one in body.get("errors", ()):
            if not {"resource", "field", "code"} <= set(one) <= _FIELD:
                yield f"an item of errors has resource, field, code and at most message: {one!r}"
    if found.status == 401 and "WWW-Authenticate" not in found.headers and "/api/v1" not in found.url:
        yield "401 without WWW-Authenticate"


def _conditional(stage: Stage, case: Case, client: Client, found: Exchange) -> Iterator[str]:
    """Who has it already is told that nothing changed."""
    tag = found.headers["ETag"]
    again = stage.ask(client, replace(case, headers={**(case.headers or {}), "If-None-Match": tag}), what="unchanged")
    if stage.operation.changing:
        return
    if (again.status, again.body, again.headers.get("ETag")) != (304, None, tag):
        yield f"asked again with its ETag: {again.status} {again.headers.get('ETag')}, not 304 {tag}"
    other = stage.ask(client, replace(case, headers={"If-None-Match": '"other"', **(case.headers or {})}))
    if other.status != 200:
        yield f"asked with another's ETag: {other.status}"


def _after(stage: Stage, client: Client, after: Any) -> Iterator[str]:
    """What can be seen after a call: the effect that it had."""
    said = filled(dict(after), stage.world.values)
    method, _, path = said["call"].partition(" ")
    answer = client.generic(method, path if path.startswith("/api/v1") else f"/api/v3{path}")
    if answer.status_code != said.get("status", 200):
        yield f"then {said['call']}: {answer.status_code} instead of {said.get('status', 200)}"
    elif "body" in said:
        yield from (f"then {said['call']}: {one}" for one in differences(said["body"], answer.json()))


def by_id(stage: Stage) -> Iterator[str]:
    """A repository's call is the same under the repository's id."""
    second = routes.by_id(stage.route)
    if second is None:
        return
    case, first = stage.operation.ok[0], stage.route
    answers = []
    for route in (first, second):
        stage.route = route
        with stage.undone() as world:
            client = _prepared(stage, case, world)
            more = {"repository_id": world.rows["hello"].pk} if route is second else {}
            answers.append(stage.ask(client, case, what="by id" if more else "by name", **more))
    stage.route = first
    one, two = answers
    looks = stage.operation.looks and not stage.operation.changing
    if one.status != two.status or (looks and _lasting(one.body) != _lasting(two.body)):
        yield f"by id {two.url}: {two.status} {two.body!r:.200} instead of {one.status} {one.body!r:.200}"


def _lasting(body: Any) -> str:
    """A body without the tokens of addresses, which are others each second."""
    return re.sub(r"([?&]token=)[^\"&]+", r"\1", json.dumps(body, default=repr))


def rights(stage: Stage, *, private: bool) -> Iterator[str]:
    """Everybody asks for the first case; each gets what the right says."""
    operation, case = stage.operation, stage.operation.ok[0]
    known = "owner" in stage.route.names or operation.right in ("read", "write", "admin")
    if not private and not known:
        return  # it makes no difference there
    for asker in askers.everybody(operation, stage.route.need(operation.method), private=private):
        with stage.undone() as world:
            for name in case.needs:
                world.need(name)
            repository = world.hello
            repository.private = private
            repository.save()
            found = stage.ask(asker.makes(world), case, what=f"{asker.name}, {'private' if private else 'public'}")
        yield from _told(operation, case, asker, found)
        yield from every_answer(found)


def _told(operation: Operation, case: Case, asker: Asker, found: Exchange) -> Iterator[str]:
    wanted = (operation.unlike or {}).get(found.what, (operation.unlike or {}).get(asker.name, asker.gets))
    if found.status != (wanted or case.status):
        yield f"{found.what}: {found.status} instead of {wanted or case.status}: {found.body!r:.200}"
    limited = found.url.startswith("/api/v3") and asker.name.startswith("octo with ") and asker.gets == 403
    if found.status == 403 and limited and not found.headers.get("X-Accepted-OAuth-Scopes"):
        yield f"{found.what}: 403 without the scopes that would do"


def refused(stage: Stage) -> Iterator[str]:
    """The bad cases; what is never there; bodies that are none."""
    for case in stage.operation.bad:
        with stage.undone() as world:
            client = _prepared(stage, case, world)
            found = stage.ask(client, case)
            yield from _held(stage, case, found)
            yield from every_answer(found)
    first = stage.operation.ok[0]
    for name in stage.route.names:
        wanted = (stage.operation.absent or {}).get(name, 404)
        if not wanted or stage.operation.right == "address":
            continue
        with stage.undone() as world:
            found = stage.ask(
                _prepared(stage, first, world), first, what=f"no such {name}", **{name: stage.route.made_up(name)}
            )
        if found.status != wanted:
            yield f"no such {name}: {found.status} instead of {wanted}"
        yield from every_answer(found)
    if any(isinstance(case.send, dict | list) for case in stage.operation.ok):
        for raw in (_NO_JSON, _NO_OBJECT):
            with stage.undone() as world:
                found = stage.ask(_prepared(stage, first, world), first, what=f"the body {raw!r}", raw=raw)
            if found.status != 400:
                yield f"the body {raw!r}: {found.status} instead of 400"
            yield from every_answer(found)
