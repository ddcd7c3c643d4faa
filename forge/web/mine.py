"""What concerns the person: its runs over all repositories, and what waits for its review."""

from __future__ import annotations

from collections.abc import Hashable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from forge.accounts.actor import Actor
from forge.actions.queries import mine as queries
from forge.web import appearance, door, stream, why
from forge.web.errors import page


class MineSource(stream.Moved):
    """The runs of a person, and the reviews that it is asked for."""

    def __init__(self, actor: Actor) -> None:
        person = actor.account.pk if actor.account else 0
        super().__init__(f"actor:{person}", *(f"repository:{one}" for one in queries.reviewed(actor)))
        self.actor = actor

    def mark(self) -> Hashable:
        """What the page would show."""
        return queries.mark(self.actor)


@page
def listing(request: HttpRequest) -> HttpResponse:
    """Reviews that are asked for, then runs: those that failed first."""
    if not request.user.is_authenticated:
        return door.see_other(f"/login?next={request.path}")
    actor = door.actor(request)
    found = queries.runs(actor)
    reasons = why.of_runs(found)
    rows = [(run, run.latest_attempt, reasons.get(run.pk, "")) for run in found]
    newest = sorted(found, key=lambda run: -run.pk)
    standing = appearance.standing(run.latest_attempt for run in newest)
    reviews = queries.reviews(actor)
    return door.show(request, "mine/list.html", rows=rows, reviews=reviews, most=queries.RUNS, standing=standing)


async def events(request: HttpRequest) -> HttpResponseBase:
    """The stream of it; for nobody there is none."""
    return await stream.answer(request, lambda: MineSource(_asking(request)))


def _asking(request: HttpRequest) -> Actor:
    door.person(request)
    return door.actor(request)
