"""The words of status and conclusion as columns, and what holds between them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from workflows.states import Conclusion, Hold, Status

STATUSES = [(word.value, word.value) for word in Status]
CONCLUSIONS = [(word.value, word.value) for word in Conclusion]
HOLDS = [(word.value, word.value) for word in Hold]


def ends(name: str) -> list[models.BaseConstraint]:
    """A conclusion is set exactly when the status is completed, and both are known words."""
    return [
        models.CheckConstraint(
            condition=Q(status="completed", conclusion__isnull=False)
            | (~Q(status="completed") & Q(conclusion__isnull=True)),
            name=f"{name}_concluded",
        ),
        models.CheckConstraint(condition=Q(status__in=[word.value for word in Status]), name=f"{name}_status"),
        models.CheckConstraint(
            condition=Q(conclusion__isnull=True) | Q(conclusion__in=[word.value for word in Conclusion]),
            name=f"{name}_conclusion",
        ),
    ]
