"""The runners of a repository, an organisation or the site, for those who administer it: what they are and do now, how
one more comes in, and how one goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_POST

from forge.accounts import users
from forge.accounts.models import Account, Kind, Membership
from forge.actions import removal
from forge.actions.models import Claim
from forge.actions.queries import runners as queries
from forge.errors import Forbidden, ForgeError, NotFound
from forge.repos import policies
from forge.repos.models import Repository, Right
from forge.runners import downloads, groups, labels, registration
from forge.runners.models import Runner
from forge.web import door, stream
from forge.web.errors import page
from forge.web.stream import Look, Message

_LISTED = 200
#: A runner that falls silent makes no event: the stream looks by itself as often.
PERIOD_SECONDS = 5.0


@dataclass(frozen=True)
class Scope:
    """Whose runners: a repository's, an organisation's or, without either, the site's. ``base`` is the page."""

    base: str
    owner: Account | None = None
    repository: Repository | None = None

    @property
    def title(self) -> str:
        """In words."""
        if self.repository is not None:
            return self.repository.full_name
        return self.owner.login if self.owner is not None else "this site"

    @property
    def places(self) -> dict[str, Any]:
        """As queries take it."""
        return {"owner": self.owner, "repository": self.repository}

    def has(self, runner: Runner) -> bool:
        """Whether the runner is registered for exactly this, and so may be changed here."""
        mine = (self.owner.pk if self.owner else None, self.repository.pk if self.repository else None)
        return (runner.owner_id, runner.repository_id) == mine

    def sees(self, repository: Repository) -> bool:
        """Whether those who administer it may know what runs for a repository."""
        if self.repository is not None:
            return repository.pk == self.repository.pk
        return self.owner is None or repository.owner_id == self.owner.pk


def _of(request: HttpRequest, owner: str = "", name: str = "", login: str = "") -> Scope:
    """The scope of an address, if the person administers it. Site administrators alone know of the site's page."""
    if name:
        repository = door.repository(request, owner, name, Right.ADMIN)
        return Scope(f"/{repository.full_name}/settings/runners", repository=repository)
    if login:
        found = _owned(request, login)
        return Scope(f"/-/organizations/{found.login}/runners", owner=found)
    account = door.actor(request).account
    if account is None or not account.is_site_admin:
        raise NotFound
    return Scope("/-/admin/runners")


@page
def listing(request: HttpRequest, /, **named: str) -> HttpResponse:
    """Those of the scope, and those of wider ones that take its jobs too."""
    return _show(request, _of(request, **named))


@require_POST
@page
def new(request: HttpRequest, /, **named: str) -> HttpResponse:
    """A registration token, shown this once, with the commands that use it."""
    scope = _of(request, **named)
    try:
        token, until = registration.hand_out(door.actor(request), **scope.places, purpose="register")
    except ForgeError as error:
        return _show(request, scope, status=422, error=error.message)
    # Shown in the answer itself and kept nowhere: not in the session, not in a cookie.
    wheel = f"{settings.PUBLIC_URL}/-/downloads/{downloads.package().filename}"
    answer = _show(request, scope, token=token, until=until, wheel=wheel)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@page
def remove(request: HttpRequest, /, runner_id: int, **named: str) -> HttpResponse:
    """The end of a runner that runs nothing now."""
    scope = _of(request, **named)
    try:
        removal.remove(door.actor(request), queries.runner(runner_id, **scope.places))
    except ForgeError as error:
        if isinstance(error, NotFound):
            raise
        return _show(request, scope, status=422, error=error.message)
    return door.see_other(scope.base)


@require_POST
@page
def drain(request: HttpRequest, /, runner_id: int, **named: str) -> HttpResponse:
    """It takes no more jobs, or (``draining=0``) takes them again."""
    scope = _of(request, **named)
    runner = queries.runner(runner_id, **scope.places)
    removal.drain(door.actor(request), runner, draining=request.POST.get("draining", "1") != "0")
    return door.see_other(scope.base)


async def events(request: HttpRequest, **named: str) -> HttpResponseBase:
    """The stream of the page."""
    return await stream.answer(request, lambda: RunnersSource(_of(request, **named)))


def _show(request: HttpRequest, scope: Scope, *, status: int = 200, **more: Any) -> HttpResponse:
    repository = scope.repository
    context: dict[str, Any] = {
        "scope": scope,
        "shown": shown(scope),
        "url": settings.PUBLIC_URL,
        "permitted": repository is None or policies.runners_permitted(repository),
        **more,
    }
    answer = door.show(request, "runners/list.html", repository, tab="settings", **context)
    answer.status_code = status
    return answer


@dataclass(frozen=True)
class Shown:
    """One row of the page. ``look`` is the class of its state; ``elsewhere`` counts jobs that the person may not
    know of."""

    row: Runner
    state: str
    look: str
    since: datetime | None
    scope: str
    mine: bool
    group: str
    fixed: tuple[str, ...]
    custom: tuple[str, ...]
    claims: tuple[Claim, ...]
    elsewhere: int

    @classmethod
    def of(cls, row: Runner, held: list[Claim], scope: Scope) -> Shown:
        """Of a row of ``queries.serving`` and what it holds."""
        claims = tuple(one for one in held if scope.sees(one.job.run.repository))
        state, look, since = _state(row, held)
        fixed, custom = labels.fixed(row), tuple(labels.custom(row))
        group = groups.title(row.group)[1]
        wider = "" if scope.has(row) else _words(row)
        mine = not wider
        return cls(row, state, look, since, wider, mine, group, fixed, custom, claims, len(held) - len(claims))


def shown(scope: Scope) -> list[Shown]:
    """The rows: the scope's own first."""
    found = list(queries.serving(**scope.places)[:_LISTED])
    held = queries.held_by(found)
    rows = [Shown.of(row, held.get(row.pk, []), scope) for row in found]
    return sorted(rows, key=lambda one: not one.mine)


def _state(row: Runner, held: list[Claim]) -> tuple[str, str, datetime | None]:
    """Word, class, and since when where that is known."""
    if not registration.online(row) and not held:
        return "offline", "skipped", row.left_at or row.last_seen_at
    if row.draining:
        return "draining", "waiting", None
    return ("busy", "in_progress", held[0].claimed_at) if held else ("idle", "success", None)


def _words(row: Runner) -> str:
    return row.owner.login if row.owner is not None else "the site"


@dataclass
class RunnersSource:
    """Says only that something changed; the page fetches itself."""

    scope: Scope
    topics: tuple[str, ...] = ()
    period: float = PERIOD_SECONDS
    seen: list[Any] | None = field(default=None)

    def __post_init__(self) -> None:
        if self.scope.repository is not None:
            self.topics = (f"repository:{self.scope.repository.pk}",)

    def look(self) -> Look:
        """The first look only begins."""
        now = [
            (one.row.pk, one.row.name, one.state, one.group, one.fixed, one.custom, [held.pk for held in one.claims])
            for one in shown(self.scope)
        ]
        before, self.seen = self.seen, now
        return Look() if before in (None, now) else Look((Message("state", {"kind": "runners"}, "0"),))


def _owned(request: HttpRequest, login: str) -> Account:
    """The organisation, if the person is one of its owners."""
    found, person = users.find(login), door.person(request)
    if found.kind != Kind.ORGANIZATION:
        raise NotFound
    mine = Membership.objects.filter(organization=found, user=person, role=Membership.Role.OWNER)
    if not person.is_site_admin and not mine.exists():
        raise Forbidden("You must be an owner of this organization")
    return found
