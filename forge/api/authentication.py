"""Who is asking: Bearer, ``token``, Basic with a token as password, or a browser's session."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user
from django.http import HttpRequest
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.request import Request

from forge.accounts import guesses, tokens
from forge.accounts.actor import ANONYMOUS, Actor
from forge.accounts.authorization import token_of
from forge.accounts.models import Account

CHALLENGE = 'Basic realm="Forge", charset="UTF-8"'


class BadCredentials(exceptions.AuthenticationFailed):
    """A credential was shown and is none of ours, expired or revoked: 401."""

    default_detail = "Bad credentials"


class TooManyWrong(exceptions.Throttled):
    """As ``BadCredentials``, once too often: 429."""

    default_detail = "Too many wrong credentials came from this address. Wait, then ask with a valid one."
    extra_detail_singular = extra_detail_plural = ""

    def __init__(self) -> None:
        super().__init__(wait=guesses.TOKENS.seconds)


def actor_of(request: HttpRequest) -> Actor:
    """The asker of this request, looked up once; ``ANONYMOUS`` when nothing was shown. A session counts only
    where no Authorization header is. ``BadCredentials`` when what was shown is worth nothing, and
    ``TooManyWrong`` when that has happened too often."""
    known: Actor | None = getattr(request, "actor", None)
    if known is None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        known = _by_header(request, header) if header else _by_session(request)
        request.actor = known  # type: ignore[attr-defined]  # ours, for middleware and views
    return known


def actor_for_token(text: str) -> Actor | None:
    """Whoever holds this token: a personal access token's owner, or a running job."""
    if text.startswith(tokens.PREFIX):
        return tokens.resolve(text)
    from forge.actions import assignment  # here, since few requests come from jobs and the engine is large

    return assignment.actor_for_token(text)


class ForgeAuthentication(BaseAuthentication):
    """Puts the Actor on ``request.actor`` and ``request.auth``, and its account (or None) on ``request.user``."""

    def authenticate(self, request: Request) -> tuple[Any, Actor]:
        """Never None: an anonymous asker is an Actor too."""
        actor = actor_of(request._request)
        if actor.kind == "session":
            _check_csrf(request)
        return actor.account, actor

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return CHALLENGE


def wrong(request: HttpRequest) -> exceptions.APIException:
    """The refusal of a credential that is worth nothing, counted."""
    return BadCredentials() if guesses.TOKENS.count(request.META.get("REMOTE_ADDR", "")) else TooManyWrong()


def _by_header(request: HttpRequest, header: str) -> Actor:
    text = token_of(header)
    actor = actor_for_token(text) if text else None
    if actor is None:
        raise wrong(request)
    return actor


def _by_session(request: HttpRequest) -> Actor:
    user = get_user(request) if hasattr(request, "session") else None
    return Actor.for_session(user) if isinstance(user, Account) and user.is_active else ANONYMOUS


def _check_csrf(request: Request) -> None:
    check = CSRFCheck(lambda _: None)  # type: ignore[arg-type]  # no view: only the check is wanted
    check.process_request(request._request)
    reason = check.process_view(request._request, None, (), {})  # type: ignore[arg-type]  # as DRF calls it
    if reason:
        raise exceptions.PermissionDenied(f"CSRF Failed: {reason}")
