"""A person switches a workflow off, and on again."""

from __future__ import annotations

from django.utils import timezone

from forge.actions.models import Workflow
from forge.errors import Forbidden


def disable(workflow: Workflow) -> None:
    """From now on no event starts it; runs that exist go on. Forbidden when its file is gone."""
    _move(workflow, Workflow.State.DISABLED_MANUALLY)


def enable(workflow: Workflow) -> None:
    """Events start it again. Forbidden when its file is gone."""
    _move(workflow, Workflow.State.ACTIVE)


def _move(workflow: Workflow, state: Workflow.State) -> None:
    """One conditional UPDATE, so that a push which deletes or restores the file meanwhile is not undone."""
    rows = Workflow.objects.filter(pk=workflow.pk).exclude(state=Workflow.State.DELETED)
    if not rows.update(state=state, updated_at=timezone.now()):
        raise Forbidden(f"The file {workflow.path} is gone, so this workflow cannot be switched on or off")
