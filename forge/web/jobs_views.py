"""The jobs of a run as graph, timeline or list. Which one a person looks at is kept in a cookie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from forge.actions.models import Job, JobNode, RunAttempt
from forge.web import graphs, job_groups, timeline, unfolding

VIEWS = {"graph": "Graph", "timeline": "Timeline", "list": "List"}
#: Rows of the list on one page.
PAGE = 256
#: So many jobs are listed below the graph for phones, where it gives way.
MOST_BELOW = 100
_COOKIE = "run_view"
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Views:
    """What is drawn: ``shown`` names it, ``chosen`` says that the address did."""

    shown: str
    chosen: bool
    picture: graphs.Picture | None
    chart: timeline.Chart | None
    rows: tuple[Job, ...]
    matching: int
    words: str
    page: int

    @property
    def links(self) -> list[tuple[str, str, bool]]:
        """Name, title and whether it is shown, of each that can be."""
        return [(name, title, name == self.shown) for name, title in VIEWS.items() if name != "graph" or self.picture]

    @property
    def newer(self) -> str:
        """The query of the page before; empty on the first."""
        return self._query(self.page - 1) if self.page > 1 else ""

    @property
    def older(self) -> str:
        """The query of the next page; empty on the last."""
        return self._query(self.page + 1) if self.page * PAGE < self.matching else ""

    def _query(self, page: int) -> str:
        return urlencode({"view": "list", "q": self.words, "jobs": page})


def of(request: HttpRequest, attempt: RunAttempt, jobs: Sequence[Job], nodes: Sequence[JobNode]) -> Views:
    """What to draw of an attempt: as asked for, as last time, or what says most."""
    picture = graphs.picture(nodes, jobs, unfolding.asked(request))
    shown = _shown(request, attempt, picture)
    words = request.GET.get("q", "").strip()[:200] if shown == "list" else ""
    found = job_groups.matching(jobs, words) if words else list(jobs)
    number = request.GET.get("jobs", "1")
    page = max(int(number), 1) if number.isascii() and number.isdigit() and len(number) < 6 else 1
    below = shown == "graph" and not _asked(request) and len(jobs) <= MOST_BELOW
    rows = job_groups.by_state(found)[(page - 1) * PAGE : page * PAGE] if shown == "list" or below else []
    chart = timeline.chart(jobs, nodes, timezone.now(), unfolding.asked(request)) if shown == "timeline" else None
    return Views(shown, bool(_asked(request)), picture, chart, tuple(rows), len(found), words, page)


def remember(request: HttpRequest, answer: HttpResponse) -> None:
    """Keep what the address asked for."""
    if asked := _asked(request):
        answer.set_cookie(_COOKIE, asked, max_age=_YEAR, secure=request.is_secure(), httponly=True, samesite="Lax")


def _shown(request: HttpRequest, attempt: RunAttempt, picture: graphs.Picture | None) -> str:
    wanted = _asked(request) or request.COOKIES.get(_COOKIE, "")
    if "q" in request.GET or attempt.conclusion == "skipped":  # then the list alone tells why
        wanted = _asked(request) or "list"
    if wanted not in VIEWS:
        wanted = "graph"
    return "list" if wanted == "graph" and picture is None else wanted


def _asked(request: HttpRequest) -> str:
    asked = request.GET.get("view", "")
    return asked if asked in VIEWS else ""
