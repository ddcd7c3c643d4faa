"""Keep what was found where an administrator can see it, and say it in the log."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from forge import storable
from forge.actions.models import Finding
from forge.actions.reconcile import look
from forge.actions.reconcile.rule import Found

log: Any = structlog.wrap_logger(
    logging.getLogger(__name__), processors=[structlog.processors.KeyValueRenderer(key_order=["event", "rule"])]
)


def keep(scopes: Collection[str], found: Sequence[Found], mended: Sequence[Found] = ()) -> list[Finding]:
    """Write down what was found when these scopes were looked at; what is open there and was not found is resolved.

    Answers the rows of all that was found, those that were mended included.
    """
    with transaction.atomic():
        known = {(row.rule, row.object): row for row in _open(scopes)}
        seen = {(one.rule, one.object) for one in found}
        gone = [row.pk for key, row in known.items() if key not in seen]
        rows = [_write(one, known.get((one.rule, one.object))) for one in found]
        healed = [_write(one, known.get((one.rule, one.object))) for one in mended]
        Finding.objects.filter(pk__in=gone, resolved_at=None).update(resolved_at=Now())
        Finding.objects.filter(pk__in=[row.pk for row in healed]).update(resolved_at=Now(), mended=True)
    for one in found:
        _say("a rule is broken", one, known.get((one.rule, one.object)))
    for one in mended:
        _say("a rule was broken, and advancing the run again put it right", one, None)
    return list(Finding.objects.filter(pk__in=[row.pk for row in (*rows, *healed)]).order_by("pk"))


def as_data(row: Finding) -> dict[str, Any]:
    """A finding for scripts; times in RFC 3339."""
    return {
        "rule": row.rule,
        "sentence": look.SENTENCES.get(row.rule, ""),
        "object": row.object,
        "scope": row.scope,
        "found": row.data,
        "first_seen_at": row.first_seen_at.isoformat(),
        "last_seen_at": row.last_seen_at.isoformat(),
        "times": row.times,
        "mended": row.mended,
    }


def in_words(row: Finding) -> str:
    """A finding on one line for people: what is wrong, where, and the rule that it breaks."""
    said = ", ".join(f"{key} {value}" for key, value in row.data.items())
    mended = " It was put right by advancing the run again." if row.mended else ""
    since = f"{row.first_seen_at:%Y-%m-%dT%H:%M:%SZ}"
    where = row.object if row.object == row.scope else f"{row.object} of {row.scope}"
    return f"{row.rule}: {where}, seen {row.times} times since {since}: {said}. {look.SENTENCES[row.rule]}{mended}"


def open_scopes(most: int | None = None) -> list[str]:
    """Where something is still wrong, what was not looked at for longest first."""
    rows = Finding.objects.filter(resolved_at=None).order_by("last_seen_at", "pk")
    return list(dict.fromkeys(rows.values_list("scope", flat=True)[:most]))


def _open(scopes: Collection[str]) -> Iterable[Finding]:
    return Finding.objects.filter(scope__in=scopes, resolved_at=None)


def _write(one: Found, known: Finding | None) -> Finding:
    data = storable.data(dict(one.data))
    if known is None:
        # Two that look at once write one row.
        row, made = Finding.objects.get_or_create(
            rule=one.rule, object=one.object, resolved_at=None, defaults={"scope": one.scope, "data": data}
        )
        if made:
            return row
        known = row
    Finding.objects.filter(pk=known.pk).update(data=data, last_seen_at=Now(), times=F("times") + 1)
    return known


def _say(words: str, one: Found, known: Finding | None) -> None:
    log.error(
        words, rule=one.rule, object=one.object, scope=one.scope, times=known.times + 1 if known else 1, **_named(one)
    )


def _named(one: Found) -> dict[str, Any]:
    return {"found": dict(one.data)}
