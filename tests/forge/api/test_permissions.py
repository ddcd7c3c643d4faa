"""Every route says what it needs of a job's GITHUB_TOKEN; the page says the same; and it is what happens."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import URLPattern

from forge.accounts.needs import Need, needed
from forge.api import smart_http
from forge.api.declared import DeclaredView
from forge.api.v3 import archives, artifacts, run_logs
from tests.engine import FakeRunner, Project
from tests.forge.places import NOTHING, World
from tests.forge.routes import METHODS, Route, patterns

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = Path(__file__).resolve().parents[3] / "docs" / "permissions.md"
_BY_ID = "api/v3/repositories/<repository_id>"
#: What is refused whatever the token may: a call that some other credential opens.
_AGENT = re.compile(
    r"api/v1/(runners/(register|poll|heartbeat|recover|rotate|leave|remove)|jobs/<job_id>/(cancel-check|steps|log|status))$"
)
#: What some call takes at all.
_BODY = b'{"name": "n", "labels": [], "credential_hash": "0", "instance": "i", "request_key": "k", "free": 1}'
_REFUSAL = b"Resource not accessible by integration"
#: Heed no credential at all, since the address itself is one.
_SIGNED = {
    "api/v3/signed/logs/<token>": run_logs.signed,
    "api/v3/signed/archives/<token>": archives.signed,
    "api/v3/signed/artifacts/<token>": artifacts.signed,
}
#: Who works in a repository is told to its own jobs only.
_OWN_ONLY = re.compile("/collaborators/")


def declared() -> dict[tuple[str, str], Need]:
    """What each method of each view of the API needs."""
    found = {}
    for route, pattern in patterns():
        view = getattr(pattern.callback, "cls", None)
        if view is None or not issubclass(view, DeclaredView):
            continue
        said = getattr(pattern.callback, "initkwargs", {}).get("permission", view.permission)
        for method in METHODS:
            if hasattr(view, method.lower()):
                found[method, route.pattern.rstrip("/")] = needed(said, method)
    return found


def written(need: Need) -> str:
    """A need as the page writes it."""
    return "–" if need.is_any else f"`{need}`" if str(need) else "a person"


@pytest.fixture(autouse=True)
def _unlimited() -> Iterator[None]:
    cache.clear()
    with override_settings(RATE_LIMIT=10**6, RATE_LIMIT_ANONYMOUS=10**6):
        yield
    cache.clear()
    shutil.rmtree(Path(settings.REPOSITORIES), ignore_errors=True)


def test_every_route_of_the_api_declares_what_it_needs() -> None:
    table = declared()
    assert len(table) > 100
    assert [key for key, need in table.items() if not need.permission] == []


def test_what_declares_nothing_takes_no_job_token() -> None:
    """Git and the feed have their tests elsewhere; agents and signed addresses have credentials of their own."""
    others = []
    for route, pattern in patterns():
        if not issubclass(getattr(pattern.callback, "cls", object), DeclaredView) and route.pattern.startswith("api/"):
            others.append((route, pattern))
    known = [_AGENT.match(route.pattern) or route.pattern in _SIGNED for route, _ in others]
    assert all(known), others
    signed = {route.pattern: pattern.callback for route, pattern in others if route.pattern in _SIGNED}
    assert signed == _SIGNED
    token = token_of("write-all")
    for route, _ in others:
        if route.pattern not in _SIGNED:
            codes = {method: ask(token, method, route.url(NOTHING)).status_code for method in ("POST", "PUT")}
            assert set(codes.values()) <= {401, 403, 405}, (route, codes)
            assert set(codes.values()) & {401, 403}, (route, codes)


def test_pages_see_nobody_in_a_job_token() -> None:
    world, token = World.of("alice", private=True), token_of("write-all")
    pages = [route for route, pattern in patterns() if is_page(route, pattern)]
    assert len(pages) > 20
    for route in pages:
        url = route.url({**NOTHING, **world.values})
        for method in ("GET", "POST"):
            shown, plain = ask(token, method, url), Client().generic(method, url)
            assert (shown.status_code, shown.headers.get("Location")) == (
                plain.status_code,
                plain.headers.get("Location"),
            ), (method, url)


def is_page(route: Route, pattern: URLPattern) -> bool:
    """Everything else that there is, but for the feed."""
    return not route.pattern.startswith("api/") and ".git/" not in route.pattern and "atom" not in route.pattern


def test_the_page_has_the_table() -> None:
    rows = {}
    for line in PAGE.read_text().splitlines():
        if found := re.fullmatch(r"\| (\w+) \| `(/[^`]*)` \| (.+) \|", line):
            rows[found[1], found[2]] = found[3]
    wanted = {}
    for (method, path), need in declared().items():
        if not path.startswith(_BY_ID):
            wanted[method, "/" + re.sub(r"<(\w+)>", r"{\1}", path)] = written(need)
    missing = [f"| {m} | `{path}` | {need} |" for (m, path), need in wanted.items() if rows.get((m, path)) != need]
    assert missing == [], "\n".join(["write these into docs/permissions.md:", *missing])
    assert sorted(set(rows) - set(wanted)) == []


def test_by_id_and_by_name_need_the_same() -> None:
    table = declared()
    for (method, path), need in table.items():
        if path.startswith(_BY_ID):
            assert table[method, path.replace(_BY_ID, "api/v3/repos/<owner>/<repo>")] == need


def token_of(permissions: str) -> str:
    """The token of a job with these permissions, in a private repository of its own."""
    return job(permissions)[1]


def job(permissions: str, *, private: bool = True) -> tuple[Project, str]:
    """A repository and the token of the job that runs in it."""
    project = Project.new(private=private)
    label = f"l{project.repository.pk}"
    text = f"on: push\npermissions: {permissions}\njobs: {{a: {{runs-on: {label}, steps: [{{run: 'true'}}]}}}}\n"
    project.run(text)
    return project, FakeRunner.new(label).take().assignment.github_token


def ask(token: str, method: str, url: str) -> Any:
    """One call."""
    client = Client(headers={"authorization": f"Bearer {token}"})
    return client.generic(method, url, _BODY, content_type="application/json")


@pytest.mark.parametrize("permissions", ["{}", "read-all", "write-all"])
def test_each_call_opens_by_its_permission_and_no_other(permissions: str) -> None:
    project, token = job(permissions)
    levels = {"{}": 0, "read-all": 1, "write-all": 2}
    opened = refused = 0
    for (method, path), need in declared().items():
        if not re.search("<(owner|repository_id)>", path):
            continue
        values = {**NOTHING, "owner": project.account.login, "repo": project.repository.name}
        url = Route(path, {}).url({**values, "repository_id": project.repository.pk})
        answer = ask(token, method, url)
        held = need.permission == "metadata" or levels[permissions] >= ("read", "write").index(need.level) + 1
        may = need.is_any or (need.can_be_held and held)
        is_refused = answer.status_code == 403 and _REFUSAL in answer.content
        assert is_refused == (not may), (method, url, need, answer.content)
        assert answer.headers["X-Accepted-GitHub-Permissions"] == str(need), (method, url)
        opened, refused = opened + may, refused + is_refused
    assert refused > 10
    assert opened > (0, 30, 60)[levels[permissions]]


@pytest.mark.parametrize("private", [True, False])
def test_a_repository_of_others(private: bool) -> None:
    world, token = World.of("alice", private=private), token_of("write-all")
    for (method, path), need in declared().items():
        if not re.search("<(owner|repository_id)>", path):
            continue
        url = Route(path, {}).url({**NOTHING, **world.values})
        code = ask(token, method, url).status_code
        if private and "<org>" not in path:  # an organisation's own doors look at no repository for a job
            assert code == 404, (method, url)
        elif need.level == "write" or not need.can_be_held or _OWN_ONLY.search(path):
            assert code == 403, (method, url)
        else:
            assert code in (200, 302), (method, url)
    assert world.unchanged()


def test_calls_of_no_repository() -> None:
    token = token_of("write-all")
    for (method, path), need in declared().items():
        if re.search("<(owner|repository_id)>", path):
            continue
        answer = ask(token, method, Route(path, {}).url(NOTHING))
        assert (answer.status_code == 403) == (not need.can_be_held), (method, path, answer.status_code)
        assert answer.status_code != 401, (method, path)


def test_git_is_served_by_contents() -> None:
    """Which says itself what it needs; ``tests/forge/actions/test_permissions.py`` asks it."""
    found = [pattern.callback for route, pattern in patterns() if ".git/" in route.pattern]
    assert found == [smart_http.info_refs, smart_http.upload_pack, smart_http.receive_pack]
