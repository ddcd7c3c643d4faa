"""The runners of a repository or an organisation, for those who administer it: what they are, and what they do now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from forge.accounts import users
from forge.accounts.models import Account, Kind, Membership
from forge.actions.queries import runners as queries
from forge.errors import Forbidden, NotFound
from forge.repos.models import Right
from forge.runners import groups, labels, registration
from forge.runners.models import Runner
from forge.web import door, stream
from forge.web.errors import page
from forge.web.stream import Look, Message

_LISTED = 200
#: A runner that falls silent makes no event: the stream looks by itself as often.
PERIOD_SECONDS = 5.0


@page
def of_repository(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Those that are registered for the repository alone."""
    repository = door.repository(request, owner, name, Right.ADMIN)
    context: dict[str, Any] = {
        "events": "runners/events",
        "shown": _shown({"repository": repository}),
        "scope": repository.full_name,
    }
    return door.show(request, "runners/list.html", repository, tab="settings", url=settings.PUBLIC_URL, **context)


@page
def of_organization(request: HttpRequest, login: str) -> HttpResponse:
    """Those of the organisation, with their groups."""
    found = _owned(request, login)
    context: dict[str, Any] = {"events": "runners/events", "shown": _shown({"owner": found}), "scope": found.login}
    return door.show(request, "runners/list.html", url=settings.PUBLIC_URL, organization=found, **context)


async def repository_events(request: HttpRequest, owner: str, name: str) -> HttpResponseBase:
    """The stream of the repository's page."""
    return await stream.answer(
        request, lambda: RunnersSource({"repository": door.repository(request, owner, name, Right.ADMIN)})
    )


async def organization_events(request: HttpRequest, login: str) -> HttpResponseBase:
    """The stream of the organisation's page."""
    return await stream.answer(request, lambda: RunnersSource({"owner": _owned(request, login)}))


@dataclass(frozen=True)
class Shown:
    """One row of the page."""

    row: Runner
    state: str  # offline, busy or idle
    group: str
    fixed: tuple[str, ...]
    custom: tuple[str, ...]

    @classmethod
    def of(cls, row: Any) -> Shown:
        """Of a row of ``queries.runners``."""
        state = "busy" if row.busy else "idle" if registration.online(row) else "offline"
        return cls(row, state, groups.title(row.group)[1], labels.fixed(row), tuple(labels.custom(row)))


@dataclass
class RunnersSource:
    """Says only that something changed; the page fetches itself."""

    scope: dict[str, Any]
    topics: tuple[str, ...] = ()
    period: float = PERIOD_SECONDS
    seen: list[Any] | None = field(default=None)

    def __post_init__(self) -> None:
        if repository := self.scope.get("repository"):
            self.topics = (f"repository:{repository.pk}",)

    def look(self) -> Look:
        """The first look only begins."""
        now = [(one.row.pk, one.row.name, one.state, one.group, one.fixed, one.custom) for one in _shown(self.scope)]
        before, self.seen = self.seen, now
        return Look() if before in (None, now) else Look((Message("state", {"kind": "runners"}, "0"),))


def _shown(scope: dict[str, Any]) -> list[Shown]:
    found: Iterable[Runner] = queries.runners(**scope)[:_LISTED]
    return [Shown.of(row) for row in found]


def _owned(request: HttpRequest, login: str) -> Account:
    """The organisation, if the person is one of its owners."""
    found, person = users.find(login), door.person(request)
    if found.kind != Kind.ORGANIZATION:
        raise NotFound
    mine = Membership.objects.filter(organization=found, user=person, role=Membership.Role.OWNER)
    if not person.is_site_admin and not mine.exists():
        raise Forbidden("You must be an owner of this organization")
    return found
