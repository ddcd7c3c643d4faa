"""Rules of runs, their attempts and their nodes."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Max, Min

from forge.actions.models import JobNode, RunAttempt, RunEvent
from forge.actions.reconcile.rule import Breach, Rule
from forge.actions.reconcile.run_rows import RunRows
from workflows import decide
from workflows.states import Conclusion, Hold, Status

#: These ends are no verdict of the jobs: the file itself could not be used.
_UNREADABLE = "source_unreadable"


def _roll_up(rows: RunRows) -> Iterator[Breach]:
    for attempt in rows.every_attempt():
        if attempt.reason.get("code") == _UNREADABLE:
            continue
        snapshot = rows.snapshot(attempt)
        if snapshot is None and attempt.hold != Hold.STARTUP_FAILURE:
            continue
        status, conclusion = decide.roll_up(snapshot) if snapshot else (Status.COMPLETED, Conclusion.STARTUP_FAILURE)
        if (attempt.status, attempt.conclusion) != (status, conclusion):
            yield (
                *_attempt(attempt),
                {
                    "shows": [attempt.status, attempt.conclusion],
                    "jobs say": [status.value, conclusion.value if conclusion else None],
                },
            )


def _moves_due(rows: RunRows) -> Iterator[Breach]:
    for run, attempt in rows.current():
        if not rows.settled(run.updated_at):
            continue
        snapshot = rows.snapshot(attempt)
        moves = decide.decide(snapshot) if snapshot else ("end: the file cannot be read any more",)
        if moves:
            yield *_attempt(attempt), {"moves": [str(move)[:200] for move in moves[:5]], "count": len(moves)}


def _latest(rows: RunRows) -> Iterator[Breach]:
    for run in rows.runs.values():
        attempts = rows.attempts[run.pk]
        newest = max((one.number for one in attempts), default=0)
        shown = [one.number for one in attempts if one.pk == run.latest_attempt_id]
        if shown != [newest] or any(one.run_id != run.pk for one in attempts):
            yield f"run:{run.pk}", f"run:{run.pk}", {"shows": shown, "newest": newest}


def _one_latest(rows: RunRows) -> Iterator[Breach]:
    for run, attempts in rows.attempts.items():
        marked = [one.number for one in attempts if one.latest]
        newest = [one.number for one in attempts][-1:]
        if marked != newest:
            yield f"run:{run}", f"run:{run}", {"marked": marked, "newest": newest}


def _older_open(rows: RunRows) -> Iterator[Breach]:
    for attempts in rows.attempts.values():
        for attempt in attempts[:-1]:
            if attempt.status != Status.COMPLETED:
                yield *_attempt(attempt), {"number": attempt.number, "status": attempt.status}


def _over(rows: RunRows) -> Iterator[Breach]:
    for attempt in rows.every_attempt():
        if attempt.status != Status.COMPLETED:
            continue
        for job in rows.of_attempt[attempt.pk]:
            if job.status != Status.COMPLETED:
                yield f"job:{job.pk}", f"run:{attempt.run_id}", {"status": job.status, "attempt": attempt.pk}


def _nodes_left(rows: RunRows) -> Iterator[Breach]:
    for attempt in rows.every_attempt():
        if attempt.status != Status.COMPLETED or attempt.reason.get("code") == _UNREADABLE:
            continue
        for node in rows.nodes[attempt.pk]:
            if not node.expanded:
                yield f"node:{node.pk}", f"run:{attempt.run_id}", {"key": node.key}


def _attempt_reason(rows: RunRows) -> Iterator[Breach]:
    for attempt in rows.every_attempt():
        due = attempt.status == Status.COMPLETED and attempt.conclusion not in (Conclusion.SUCCESS, Conclusion.NEUTRAL)
        if due and not attempt.reason.get("code"):
            yield *_attempt(attempt), {"conclusion": attempt.conclusion}


def _attempt_times(rows: RunRows) -> Iterator[Breach]:
    for attempt in rows.every_attempt():
        if (attempt.status == Status.COMPLETED) != (attempt.completed_at is not None):
            yield *_attempt(attempt), {"status": attempt.status, "completed_at": str(attempt.completed_at)}


def _attempt_conclusion(rows: RunRows) -> Iterator[Breach]:
    for attempt in rows.every_attempt():
        if (attempt.status == Status.COMPLETED) != (attempt.conclusion is not None):
            yield *_attempt(attempt), {"status": attempt.status, "conclusion": attempt.conclusion}


def _run_events(rows: RunRows) -> Iterator[Breach]:
    counted = RunEvent.objects.filter(run__in=rows.ids).values("run")
    found = {
        one["run"]: (one["first"], one["last"], one["count"])
        for one in counted.annotate(first=Min("sequence"), last=Max("sequence"), count=Count("pk")).order_by()
    }
    for run in rows.runs.values():
        first, last, count = found.get(run.pk, (1, 0, 0))
        if last != run.last_event or count != last - first + 1:
            yield f"run:{run.pk}", f"run:{run.pk}", {"counter": run.last_event, "last": last, "count": count}


def _jobs_missing(rows: RunRows) -> Iterator[Breach]:
    for attempt in rows.every_attempt():
        for node in rows.nodes[attempt.pk]:
            if node.expanded and not rows.of_node[node.pk] and not node.calls:
                yield f"node:{node.pk}", f"run:{attempt.run_id}", {"key": node.key}


def _jobs_early(rows: RunRows) -> Iterator[Breach]:
    for attempt in rows.every_attempt():
        for node in rows.nodes[attempt.pk]:
            if not node.expanded and rows.of_node[node.pk]:
                yield f"node:{node.pk}", f"run:{attempt.run_id}", {"key": node.key, "jobs": len(rows.of_node[node.pk])}


def _needs(rows: RunRows) -> Iterator[Breach]:
    for attempt in rows.every_attempt():
        by_key = {node.key: node for node in rows.nodes[attempt.pk]}
        for node in by_key.values():
            for key in node.needs if node.expanded else ():
                need = by_key.get(key)
                if need is None or not _done(rows, need):
                    yield f"node:{node.pk}", f"run:{attempt.run_id}", {"key": node.key, "needs": key}


def _calls(rows: RunRows) -> Iterator[Breach]:
    for attempt in rows.every_attempt():
        known = {node.pk: node for node in rows.nodes[attempt.pk]}
        for node in known.values():
            if node.parent_id is None:
                continue
            parent = known.get(node.parent_id)
            if parent is None or not parent.expanded or node.leg >= len(parent.calls):
                yield f"node:{node.pk}", f"run:{attempt.run_id}", {"key": node.key, "parent": node.parent_id}


def _max_parallel(rows: RunRows) -> Iterator[Breach]:
    for attempt in rows.every_attempt():
        for node in rows.nodes[attempt.pk]:
            running = sum(one.status in (Status.QUEUED, Status.IN_PROGRESS) for one in rows.of_node[node.pk])
            if node.max_parallel is not None and running > node.max_parallel:
                yield f"node:{node.pk}", f"run:{attempt.run_id}", {"running": running, "may": node.max_parallel}


def _done(rows: RunRows, node: JobNode) -> bool:
    over = node.expanded and all(job.status == Status.COMPLETED for job in rows.of_node[node.pk])
    return over and all(_done(rows, child) for child in rows.nodes[node.attempt_id] if child.parent_id == node.pk)


def _attempt(attempt: RunAttempt) -> tuple[str, str]:
    return f"attempt:{attempt.pk}", f"run:{attempt.run_id}"


RULES: tuple[Rule[RunRows], ...] = (
    Rule("roll_up", "An attempt shows what its nodes and jobs come to.", _roll_up, mends=True),
    Rule("moves_due", "Of a run that goes on, every move that is due has been made.", _moves_due, mends=True),
    Rule("latest_attempt", "A run shows its newest attempt.", _latest),
    Rule("one_latest", "The newest attempt of a run, and no other, is marked as its latest.", _one_latest),
    Rule("older_open", "Only the newest attempt of a run goes on.", _older_open),
    Rule("open_jobs", "When an attempt is over, so are its jobs.", _over),
    Rule("nodes_left", "When an attempt is over, every job key of its file has been decided.", _nodes_left),
    Rule("attempt_conclusion", "An attempt has a conclusion exactly when it is completed.", _attempt_conclusion),
    Rule("attempt_times", "An attempt has the time of its end exactly when it is completed.", _attempt_times),
    Rule("attempt_reason", "An attempt that is over and not well says why.", _attempt_reason),
    Rule("run_events", "The changes of a run are numbered without a gap, up to its counter.", _run_events),
    Rule("node_without_jobs", "A job key that was decided has jobs, or calls of a workflow.", _jobs_missing),
    Rule("jobs_without_node", "A job key that was not decided yet has no jobs.", _jobs_early),
    Rule("needs_open", "A job key is decided only after all that it needs is over.", _needs),
    Rule("calls", "A job key of a called workflow belongs to a call of its own attempt.", _calls),
    Rule("max_parallel", "No more legs run at once than max-parallel allows.", _max_parallel),
)
