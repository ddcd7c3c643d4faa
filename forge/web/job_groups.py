"""A run's jobs as the list at the side has them: legs of one key together, of very many those that tell something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forge.actions.models import Job, JobNode
from forge.web import appearance

#: From so many jobs on there is a box to filter them.
FILTERED_FROM = 15
#: Above this a group names only those of its legs that failed or run, and so many over all groups.
FOLDED_ABOVE = 40
MOST_LEGS = 40
#: States that somebody who looks for something looks for.
TELLING = ("failure", "timed_out", "runner_lost", "cancelled", "in_progress", "action_required")
_BAD = ("failure", "timed_out", "runner_lost")


@dataclass(frozen=True)
class Group:
    """A job key of the run's own file. ``jobs`` are those shown, ``more`` is how many are not."""

    key: str
    jobs: tuple[Job, ...]
    count: int

    @property
    def more(self) -> int:
        """How many of its legs are not shown."""
        return self.count - len(self.jobs)


def roots(nodes: Sequence[JobNode]) -> dict[int, str]:
    """The key in the run's own file by node id: what a file calls has keys that begin with the caller's."""
    return {node.pk: node.key.partition(".")[0] for node in nodes}


def groups(jobs: Sequence[Job], nodes: Sequence[JobNode], *, running: bool) -> list[Group]:
    """The jobs by key in the order of the file; while the run goes on, what failed comes first."""
    root_of = roots(nodes)
    by_key: dict[str, list[Job]] = {}
    for job in sorted(jobs, key=_is_good) if running else jobs:
        by_key.setdefault(root_of.get(job.node_id, job.name), []).append(job)
    folded, room = len(jobs) > FOLDED_ABOVE, MOST_LEGS
    found = []
    for key, legs in by_key.items():
        shown = legs
        if folded and len(legs) > 1:
            shown = [job for job in legs if appearance.of(job).key in TELLING][:room]
            room -= len(shown)
        found.append(Group(key, tuple(shown), len(legs)))
    return found


def by_state(jobs: Sequence[Job]) -> list[Job]:
    """The worst first, each state in the order of the file."""
    return sorted(jobs, key=lambda job: appearance.rank(appearance.of(job)))


def matching(jobs: Sequence[Job], words: str) -> list[Job]:
    """Those whose name or state has every word."""
    wanted = words.lower().split()
    return [job for job in jobs if all(word in f"{job.name} {appearance.of(job).word}".lower() for word in wanted)]


def _is_good(job: Job) -> bool:
    return appearance.of(job).key not in _BAD
