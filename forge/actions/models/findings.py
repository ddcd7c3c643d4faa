"""What the reconciler has found, and how far it has looked."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Finding(models.Model):
    """Rows that break a rule: one row from when it was first seen until it is seen no more.

    ``scope`` says what has to be looked at again to know whether it is still so: ``run:12``, ``repository:3``,
    ``group:4`` or ``site``. It names rows without referring to them, for they may go before it does.
    """

    rule = models.CharField(max_length=40)
    object = models.CharField(max_length=80)  # job:12
    scope = models.CharField(max_length=40)
    #: What stands in the rows, and what the rule says.
    data = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    #: How often it was seen.
    times = models.PositiveIntegerField(default=1)
    #: Advancing the run again put it right.
    mended = models.BooleanField(default=False)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "object"], condition=Q(resolved_at=None), name="finding_open"),
        ]
        indexes = [models.Index(fields=["scope"], condition=Q(resolved_at=None), name="finding_open_scope")]


class LookCursor(models.Model):
    """How far one of the reconciler's walks has come. A walk that reaches its end begins anew."""

    name = models.CharField(max_length=32, primary_key=True)
    at = models.PositiveBigIntegerField(default=0)
