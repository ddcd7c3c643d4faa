"""The workflow file of a run as it was, with the files that it calls, and what is wrong in their lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from forge.actions import sources
from forge.actions.models import RunAttempt
from forge.actions.queries import runs
from forge.web import door, highlight
from forge.web.errors import page
from forge.web.run import frame


@dataclass(frozen=True)
class Line:
    """A line of the file with the problems that begin in it."""

    number: int
    html: SafeString
    problems: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Tab:
    """One of the files: its path, for one that is called with its repository; the commit; how many problems it has."""

    path: str
    sha: str
    problems: int

    @property
    def name(self) -> str:
        """What its tab says."""
        return self.path.rpartition("/")[2]


@page
def show(request: HttpRequest, owner: str, name: str, run_id: int) -> HttpResponse:
    """The run's own file, or with ``?file=2`` the second of those that it calls."""
    repository = door.repository(request, owner, name)
    run = runs.run(repository, run_id)
    attempt = runs.latest(run)
    file = sources.file_of_run(run)
    tabs = [Tab(file.path, run.head_sha, _count(attempt, file.path))]
    tabs += [Tab(one.path.partition("@")[0], one.sha, _count(attempt, one.reference, one.path)) for one in file.called]
    chosen = _chosen(request, len(tabs))
    one = file.called[chosen - 1] if chosen else None
    text = (one.data if one else file.data).decode("utf-8", "replace")
    known = (one.reference, one.path) if one else (file.path,)
    context = frame(run, attempt, list(runs.jobs(attempt))) | {
        "files": tabs,
        "chosen": chosen,
        "file": tabs[chosen],
        "lines": _lines(text, attempt, known),
    }
    return door.show(request, "run/file.html", repository, tab="actions", page="file", **context)


def _chosen(request: HttpRequest, count: int) -> int:
    text = request.GET.get("file", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 and int(text) < count else 0


def _lines(text: str, attempt: RunAttempt, names: tuple[str, ...]) -> list[Line]:
    """The lines with what is wrong in them; a problem without a line of the file stands under its first."""
    drawn = highlight.lines(text, "workflow.yml")
    by_line: dict[int, list[dict[str, Any]]] = {}
    for found in _problems(attempt, *names):
        place = int(found.get("line") or 1)
        by_line.setdefault(min(max(place, 1), max(len(drawn), 1)), []).append(found)
    return [Line(number, html, tuple(by_line.get(number, ()))) for number, html in enumerate(drawn, start=1)]


def _problems(attempt: RunAttempt, *names: str) -> list[dict[str, Any]]:
    return [found for found in attempt.problems if found.get("file") in names]


def _count(attempt: RunAttempt, *names: str) -> int:
    return len(_problems(attempt, *names))
