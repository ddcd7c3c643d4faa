"""How often somebody may ask: counted by the hour, a credential or (anonymous) an address at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from forge.accounts.actor import Actor

if TYPE_CHECKING:  # the views import this module by the settings' order
    from rest_framework.views import APIView

HOUR = 3600


@dataclass(frozen=True)
class Rate:
    """Where somebody stands in this hour; ``reset`` in unix seconds."""

    limit: int
    used: int
    reset: int

    @property
    def remaining(self) -> int:
        """Requests left until ``reset``."""
        return max(0, self.limit - self.used)

    @property
    def exceeded(self) -> bool:
        """True for the first request too many, and all after it."""
        return self.used > self.limit


def count(actor: Actor, request: HttpRequest) -> Rate:
    """Count this request, and say where its asker stands."""
    limit, key, reset = _window(actor, request)
    cache.add(key, 0, timeout=HOUR)
    try:
        used = cache.incr(key)
    except ValueError:  # it ran out between the two
        cache.set(key, 1, timeout=HOUR)
        used = 1
    return Rate(limit, used, reset)


def peek(actor: Actor, request: HttpRequest) -> Rate:
    """The same without counting."""
    limit, key, reset = _window(actor, request)
    return Rate(limit, cache.get(key, 0), reset)


def give_back(actor: Actor, request: HttpRequest) -> Rate:
    """Take one request back, and say where its asker stands."""
    limit, key, reset = _window(actor, request)
    try:
        return Rate(limit, cache.decr(key), reset)
    except ValueError:  # the hour's count is gone
        return Rate(limit, 0, reset)


class HourlyLimit(BaseThrottle):
    """DRF's hook: counts the request and leaves its Rate on it for the headers."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """False when the hour's requests are used up."""
        inner = request._request
        rate = count(inner.actor, inner)  # type: ignore[attr-defined]  # set by ForgeAuthentication
        inner.rate = rate  # type: ignore[attr-defined]
        self._reset = rate.reset
        return not rate.exceeded

    def wait(self) -> float:
        """Seconds until asking makes sense again."""
        return max(1.0, self._reset - time.time())


def _window(actor: Actor, request: HttpRequest) -> tuple[int, str, int]:
    hour = int(time.time()) // HOUR
    if actor.is_anonymous:
        who, limit = f"address:{request.META.get('REMOTE_ADDR', '')}", settings.RATE_LIMIT_ANONYMOUS
    elif actor.account is not None and not actor.token_id:
        who, limit = f"account:{actor.account.pk}", settings.RATE_LIMIT
    else:
        who, limit = actor.token_id or f"job:{actor.only_repository_id}", settings.RATE_LIMIT
    return limit, f"rate:{who}:{hour}", (hour + 1) * HOUR
