"""How a workflow stands, in one word for its badge."""

from __future__ import annotations

from typing import Literal

from django.db.models import QuerySet

from forge.actions.models import Run, Workflow
from workflows.states import Conclusion

Word = Literal["passing", "failing", "no status"]

#: What a run that came to a judgement says; skipped, cancelled, stale and unfinished ones say nothing.
_JUDGED: dict[str, Word] = {
    Conclusion.SUCCESS: "passing",
    Conclusion.NEUTRAL: "passing",
    Conclusion.FAILURE: "failing",
    Conclusion.TIMED_OUT: "failing",
    Conclusion.STARTUP_FAILURE: "failing",
    Conclusion.ACTION_REQUIRED: "failing",
}
#: So many of the newest runs are looked at.
_NEWEST = 1000


def word(workflow: Workflow, branch: str = "", event: str = "") -> Word:
    """What the newest run with a judgement says, of this event if one is given. Without ``branch``: on the default
    branch, or on any when that has no run."""
    found = Run.objects.filter(workflow=workflow, latest_attempt__isnull=False)
    if event:
        found = found.filter(event_name=event)
    if branch:
        return _word(found.filter(head_branch=branch))
    here = found.filter(head_branch=workflow.repository.default_branch)
    return _word(here if here.exists() else found)


def _word(runs: QuerySet[Run]) -> Word:
    newest = runs.order_by("-id").values("id")[:_NEWEST]
    judged = Run.objects.filter(id__in=newest, latest_attempt__conclusion__in=list(_JUDGED)).order_by("-id")
    conclusion = judged.values_list("latest_attempt__conclusion", flat=True).first()
    return _JUDGED[conclusion] if conclusion else "no status"
