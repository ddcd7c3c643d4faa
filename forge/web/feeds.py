"""The feed of a repository's runs, for readers that follow it.

Whoever asks is let in as at any other door: a session, a token in the header, or (since readers cannot
log in) the user's own feed token in the query, which opens nothing but this.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.html import format_html
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from forge.accounts import guesses, tokens
from forge.accounts.actor import Actor
from forge.accounts.authorization import token_of
from forge.accounts.needs import Need
from forge.actions import assignment, reasons
from forge.actions.models import Run
from forge.actions.queries import runs as queries
from forge.actions.queries.runs import RunFilter
from forge.errors import Forbidden, NotFound
from forge.repos import access, feed_tokens
from forge.repos.models import Repository, Right
from forge.web import atom, door

LENGTH = 50
_NEED = Need("actions", "read")
_CHALLENGE = 'Basic realm="Forge", charset="UTF-8"'


class _BadCredentials(Exception):
    """A credential was shown and is worth nothing."""


@dataclass(frozen=True)
class _Place:
    """A repository's page, and the head of every id in its feed."""

    page: str
    tag: str


@require_safe
def runs(request: HttpRequest, owner: str, name: str) -> HttpResponseBase:
    """GET /{owner}/{repo}/actions.atom: the last 50 runs, as far as the query does not narrow them."""
    try:
        repository = access.repository(_actor(request), owner, name, Right.READ, _NEED)
        feed = _feed(request, repository)
    except _BadCredentials:
        if not guesses.TOKENS.count(request.META.get("REMOTE_ADDR", "")):
            return _plain("Too many wrong tokens\n", 429, **{"Retry-After": str(guesses.TOKENS.seconds)})
        return _plain("Bad credentials\n", 401, **{"WWW-Authenticate": _CHALLENGE})
    except (NotFound, Forbidden):
        return _plain("Not Found\n", 404)
    return _answer(request, feed)


def _actor(request: HttpRequest) -> Actor:
    """Who asks; a header counts before the query, and either before a session."""
    header, query = request.headers.get("Authorization", ""), request.GET.get("token", "")
    if not header and not query:
        return door.actor(request)
    found = _by_header(header) if header else feed_tokens.resolve(query)
    if found is None:
        raise _BadCredentials
    return found


def _by_header(header: str) -> Actor | None:
    text = token_of(header)
    if text is None:
        return None
    # Readers that know only Basic may carry the feed token there, out of sight of every log.
    return tokens.resolve(text) or feed_tokens.resolve(text) or assignment.actor_for_token(text)


def _feed(request: HttpRequest, repository: Repository) -> atom.Feed:
    host = urlsplit(settings.PUBLIC_URL).hostname
    place = _Place(
        page=f"{settings.PUBLIC_URL}/{repository.full_name}/actions",
        tag=f"tag:{host},2026:{repository.full_name}/actions",
    )
    entries = _apart([_entry(run, place) for run in _wanted(request, repository)])
    return atom.Feed(
        id=place.tag,
        title=f"{repository.full_name} – workflow runs",
        address=settings.PUBLIC_URL + request.get_full_path(),
        page=place.page,
        author=repository.owner.login,
        updated=max((entry.updated for entry in entries), default=repository.created_at),
        entries=tuple(entries),
    )


def _wanted(request: HttpRequest, repository: Repository) -> list[Run]:
    """The newest runs that fit the query; none when it names a workflow that there is not."""
    file = request.GET.get("workflow", "")
    try:
        workflow = queries.workflow_named(repository, file) if file else None
    except NotFound:
        return []
    wanted = RunFilter(
        workflow=workflow,
        branch=request.GET.get("branch", ""),
        event=request.GET.get("event", ""),
        status=request.GET.get("status", ""),
    )
    return list(queries.runs(repository, wanted)[:LENGTH])


def _entry(run: Run, place: _Place) -> atom.Entry:
    attempt = queries.latest(run)
    state = attempt.conclusion or attempt.status
    person = attempt.triggering_actor or run.actor
    again = f", attempt {attempt.number}" if attempt.number > 1 else ""
    return atom.Entry(
        id=f"{place.tag}/runs/{run.pk}/attempts/{attempt.number}",
        title=f"{run.workflow_name} #{run.run_number}{again}: {run.title} ({_words(state)})",
        link=f"{place.page}/runs/{run.pk}",
        author=person.login if person else "ghost",
        published=attempt.started_at,
        updated=attempt.updated_at,
        summary=_summary(run),
        categories=tuple(filter(None, (attempt.status, attempt.conclusion))),
    )


def _summary(run: Run) -> str:
    attempt = queries.latest(run)
    said = reasons.text(attempt.reason) if attempt.reason else ""
    return format_html(
        "<p>Workflow {} ({}) for {} on {} at commit <code>{}</code>: status {}, conclusion {}.</p>{}<pre>{}</pre>",
        run.workflow_name,
        run.workflow.path,
        run.event_name,
        run.head_branch,
        run.head_sha,
        _words(attempt.status),
        _words(attempt.conclusion or "none yet"),
        format_html("<p>{}</p>", said) if said else "",
        run.head_commit.get("message", ""),
    )


def _words(state: str) -> str:
    return state.replace("_", " ")


def _apart(entries: list[atom.Entry]) -> list[atom.Entry]:
    """No two entries with one ``updated``: readers sort by it, and validators complain."""
    seen: set[datetime] = set()
    found = []
    for entry in entries:
        updated = entry.updated
        while updated in seen:
            updated += timedelta(microseconds=1)
        seen.add(updated)
        found.append(atom.Entry(**{**vars(entry), "updated": updated}))
    return found


def _answer(request: HttpRequest, feed: atom.Feed) -> HttpResponseBase:
    body = atom.write(feed)
    etag, changed = f'"{hashlib.sha256(body).hexdigest()}"', int(feed.updated.timestamp())
    response = HttpResponse(body, content_type=atom.CONTENT_TYPE)
    response["ETag"], response["Last-Modified"] = etag, http_date(changed)
    response["Cache-Control"] = "private, no-cache"  # keep it, and ask again before each use
    found = get_conditional_response(request, etag=etag, last_modified=changed, response=response)
    answer = found if found is not None else response
    patch_vary_headers(answer, ("Accept", "Authorization", "Cookie"))
    return answer


def _plain(text: str, status: int, **headers: str) -> HttpResponse:
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8", headers=headers)
    patch_vary_headers(response, ("Accept", "Authorization", "Cookie"))
    return response
