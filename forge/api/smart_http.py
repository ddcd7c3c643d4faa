"""Clone, fetch and push over HTTP: git's own backend behind Forge's rights.

A push in order: its commands are read from the beginning of its body; ``pushes.prepare`` commits a row;
receive-pack runs, its report held back; what git took becomes events in one transaction; git is answered.
A process that dies on the way leaves the prepared row, from which a sweep goes on.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from forge.accounts import guesses, users
from forge.accounts.actor import ANONYMOUS, Actor
from forge.accounts.needs import Need
from forge.actions import events
from forge.api import git_backend
from forge.api.authentication import CHALLENGE, BadCredentials, TooManyWrong, actor_of
from forge.api.errors import status_of
from forge.errors import Forbidden, ForgeError, Invalid, NotFound
from forge.repos import access, pktline, pushes, quarantine, repositories
from forge.repos.models import Push, Repository, Right
from forge.threads import run_sync

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]
_RIGHTS = {"git-upload-pack": Right.READ, "git-receive-pack": Right.WRITE}
#: Pushes under way go on when their client leaves: git may have moved refs already.
_under_way: set[asyncio.Task[HttpResponseBase]] = set()


def door(view: View) -> View:
    """A view for git: refusals in plain text, which git shows to the person."""

    @wraps(view)
    async def opened(request: HttpRequest, owner: str, repo: str) -> HttpResponseBase:
        try:
            return await view(request, owner, repo)
        except BadCredentials:
            return _challenge("Bad credentials: give a token as password; it may have expired or been revoked.")
        except TooManyWrong as error:
            return _wait(error)
        except ForgeError as error:
            return _refusal(request, error)

    return csrf_exempt(opened)


@require_GET
@door
async def info_refs(request: HttpRequest, owner: str, repo: str) -> HttpResponseBase:
    """GET …/info/refs?service=…: what there is, before a fetch or a push."""
    service = request.GET.get("service", "")
    if service not in _RIGHTS:
        raise Invalid("Please upgrade your git client: Forge speaks smart HTTP only.")
    _, repository = await run_sync(_admit, request, owner, repo, _RIGHTS[service])
    return await git_backend.stream(request, repository, "info/refs", None)


@require_POST
@door
async def upload_pack(request: HttpRequest, owner: str, repo: str) -> HttpResponseBase:
    """POST …/git-upload-pack: a fetch."""
    _expect(request, "git-upload-pack")
    _, repository = await run_sync(_admit, request, owner, repo, Right.READ)
    body = await run_sync(git_backend.spooled, request)
    return await git_backend.stream(request, repository, "git-upload-pack", body)


@require_POST
@door
async def receive_pack(request: HttpRequest, owner: str, repo: str) -> HttpResponseBase:
    """POST …/git-receive-pack: a push."""
    _expect(request, "git-receive-pack")
    actor, repository = await run_sync(_admit, request, owner, repo, Right.WRITE)
    body = await run_sync(git_backend.spooled, request)
    gzipped = request.META.get("HTTP_CONTENT_ENCODING") in ("gzip", "x-gzip")
    asked = await run_sync(pktline.push_request, body, gzipped=gzipped)
    if not asked.commands:  # git asks whether it may, before it sends a large push in chunks
        return await git_backend.stream(request, repository, "git-receive-pack", body)
    reasons = pktline.refusals(asked)
    if not reasons and not actor.allows("workflow"):  # a job holds no scope
        words = quarantine.BY_JOB if actor.kind == "job" else quarantine.BY_TOKEN
        reasons = await _workflow_changes(repository, body, asked, words, gzipped=gzipped)
    if reasons:
        return HttpResponse(pktline.refused(asked, reasons), content_type="application/x-git-receive-pack-result")
    task = asyncio.create_task(_carry(request, actor, repository, body, asked))
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return await asyncio.shield(task)


async def _workflow_changes(
    repository: Repository, body: IO[bytes], asked: pktline.PushRequest, words: str, *, gzipped: bool
) -> dict[str, str]:
    """The refs of a push that would change workflow files, which its credential may not, with the reason."""
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as pack:
        await run_sync(pktline.copy_pack, body, pack, gzipped=gzipped)
        async with quarantine.unpacked(repository, pack) as folder:
            return await run_sync(quarantine.workflow_changes, repository, folder, asked.commands, words)


async def _carry(
    request: HttpRequest, actor: Actor, repository: Repository, body: IO[bytes], asked: pktline.PushRequest
) -> HttpResponseBase:
    """From the prepared row to the answer."""
    by_job = actor.kind == "job"
    account = await run_sync(users.author, actor)
    push = await run_sync(pushes.prepare, repository, account, asked.commands, by_job=by_job)

    async def alive() -> None:
        await run_sync(pushes.alive, push)

    answer = await git_backend.collect(
        request,
        repository,
        "git-receive-pack",
        body,
        meanwhile=alive,
        every=pushes.ALIVE_EVERY,
        user=account.login if account else "actions",
    )
    notice = await run_sync(_settle, push, pktline.accepted(answer.body, asked))
    content = pktline.with_notice(answer.body, asked, notice) if notice else answer.body
    return HttpResponse(content, status=answer.status, headers=answer.headers)


def _settle(push: Push, accepted: list[dict[str, str]] | None) -> str | None:
    """Events for what git took, in one transaction; what the pusher should be told."""
    taken = pushes.accepted_from_refs(push) if accepted is None else accepted
    pushes.land(push, taken)
    events.settle(push, taken)
    return events.notice(taken)


def _admit(request: HttpRequest, owner: str, name: str, right: Right) -> tuple[Actor, Repository]:
    """Who asks, and the repository. A browser's session is no credential here: git never has one, and
    without it no other site can make a browser push."""
    actor = actor_of(request) if request.META.get("HTTP_AUTHORIZATION") else ANONYMOUS
    request.actor = actor  # type: ignore[attr-defined]  # for the refusal
    need = Need("contents", "write" if right > Right.READ else "read")
    try:
        repository = access.repository(actor, owner, name, right, need)
    except Forbidden as error:
        if actor.kind != "job":
            raise
        raise _denied(owner, name, right) from error
    repositories.ensure_folder(repository)
    return actor, repository


def _denied(owner: str, name: str, right: Right) -> ForgeError:
    """GitHub's words to a job that lacks ``contents``: nothing is there to fetch, and a push is denied."""
    if right <= Right.READ:
        return NotFound()
    return Forbidden(f"Permission to {owner}/{name}.git denied to {users.BOT}.")


def _expect(request: HttpRequest, service: str) -> None:
    if request.META.get("CONTENT_TYPE") != f"application/x-{service}-request":
        raise Invalid("This address is for git")


def _refusal(request: HttpRequest, error: ForgeError) -> HttpResponseBase:
    """Whoever showed nothing is asked for a token; the others are told what is wrong."""
    anonymous = getattr(request, "actor", ANONYMOUS).is_anonymous
    if anonymous and isinstance(error, NotFound | Forbidden):
        return _challenge("Sign in: the user name is yours, the password a token.")
    text = "Repository not found, or you may not see it." if isinstance(error, NotFound) else error.message
    return HttpResponse(text + "\n", status=status_of(error), content_type="text/plain; charset=utf-8")


def _wait(error: TooManyWrong) -> HttpResponseBase:
    headers = {"Retry-After": str(guesses.TOKENS.seconds)}
    return HttpResponse(f"{error.detail}\n", status=429, content_type="text/plain; charset=utf-8", headers=headers)


def _challenge(text: str) -> HttpResponseBase:
    return HttpResponse(
        text + "\n", status=401, content_type="text/plain; charset=utf-8", headers={"WWW-Authenticate": CHALLENGE}
    )
