"""A repository with commits, and a runner that speaks through the engine's verbs: for tests of the engine.

Nothing is patched: pushes become events, events runs, and the runner claims, reports and appends as the
doors would let it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pygit2

from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.actions import assignment, claim, concurrency, events, logs, report, trigger
from forge.actions.models import Claim, Event, Job, Run, RunAttempt
from forge.repos import git, pushes, repositories
from forge.repos.models import Repository
from forge.runners import credentials, registration
from forge.runners.models import Runner
from tests import factories
from workflows.messages import Assignment, JobReport, Register, StepReport, StepsReport

CI = ".github/workflows/ci.yml"
_numbers = itertools.count(1)


@dataclass
class Project:
    """A repository of a fresh account, to which files are pushed."""

    repository: Repository
    account: Account
    pushed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def new(cls, **options: Any) -> Project:
        """An empty one."""
        account = factories.account()
        made = repositories.create(Actor.for_session(account), account.login, f"p{next(_numbers)}", **options)
        return cls(Repository.objects.select_related("owner").get(pk=made.pk), account)

    def commit(
        self, files: Mapping[str, str | bytes], message: str = "Change", ref: str = "refs/heads/main"
    ) -> tuple[str, str]:
        """Commit a whole tree of files on a ref: (commit before, commit after)."""
        store = pygit2.Repository(str(git.path(self.repository)))
        before = self.pushed.get(ref, git.ZERO)
        tree = _tree(store, {path.split("/")[0]: None for path in files}, files)
        who = pygit2.Signature("Ada", "ada@example.org", 1_700_000_000 + next(_numbers), 0)
        parents = [] if before == git.ZERO else [before]
        sha = str(store.create_commit(None, who, who, message, tree, parents))
        store.references.create(ref, sha, force=True)
        self.pushed[ref] = sha
        return before, sha

    def push(self, files: Mapping[str, str | bytes], message: str = "Change", ref: str = "refs/heads/main") -> Event:
        """Commit and push; the event is pending."""
        before, sha = self.commit(files, message, ref)
        change = {"ref": ref, "before": before, "after": sha}
        push = pushes.prepare(self.repository, self.account, [change])
        pushes.land(push, [change])
        return events.settle(push, [change])[0]

    def run(self, text: str, path: str = CI, files: Mapping[str, str | bytes] | None = None, **options: Any) -> Run:
        """Push one workflow file, with these others, and answer the one run that it starts. Groups are settled."""
        event = self.push({path: text, **(files or {})}, **options)
        (run,) = trigger.expand(event.pk)
        concurrency.sweep()
        return run


@dataclass
class FakeRunner:
    """A runner that works through the verbs."""

    row: Runner
    credential: str

    @classmethod
    def new(cls, *labels: str, capacity: int = 1, **scope: Any) -> FakeRunner:
        """Registered, with these labels."""
        credential = credentials.new("shc_")
        token = registration.create_token(**scope)
        message = Register(f"runner-{next(_numbers)}", labels, credentials.hashed(credential), capacity=capacity)
        return cls(registration.register(token, message), credential)

    def claim(self, key: str = "") -> Claim | None:
        """One poll."""
        return claim.next_job(self.row, key or f"key-{next(_numbers)}")

    def take(self) -> Work:
        """Claim a job, which must be there, and acknowledge it."""
        claimed = self.claim()
        assert claimed is not None, "there is no job for this runner"
        work = Work(claimed, assignment.build(claimed))
        report.acknowledge(claimed, JobReport(claimed.epoch, "in_progress"))
        return work

    def work_off(self, conclusion: str = "success") -> list[str]:
        """Take every job that there is and end each so; answers their names in order."""
        names = []
        while (claimed := self.claim()) is not None:
            work = Work(claimed, assignment.build(claimed))
            report.acknowledge(claimed, JobReport(claimed.epoch, "in_progress"))
            work.step("completed", conclusion)
            work.finish(conclusion)
            names.append(work.assignment.job_name)
        return names


@dataclass
class Work:
    """One claimed job."""

    claim: Claim
    assignment: Assignment

    @property
    def job(self) -> Job:
        """The row as it stands now."""
        return Job.objects.get(pk=self.claim.job_id)

    def step(self, status: str, conclusion: str | None = None, number: int = 2, **more: Any) -> None:
        """Report one step of the workflow's own."""
        step = StepReport(number, f"Step {number}", status, conclusion=conclusion, outcome=conclusion, **more)
        report.steps(self.claim, StepsReport(self.claim.epoch, (step,)))

    def log(self, data: bytes, offset: int | None = None) -> int:
        """Append to the log."""
        return logs.append(self.claim, logs.size(self.job) if offset is None else offset, data)

    def finish(self, conclusion: str = "success", **more: Any) -> None:
        """The final report."""
        report.finish(self.claim, JobReport(self.claim.epoch, "completed", conclusion, **more))


def attempt(run: Run) -> RunAttempt:
    """The run's latest attempt as it stands now."""
    return RunAttempt.objects.get(run=run, latest=True)


def state(run: Run) -> tuple[str, str | None]:
    """Status and conclusion of the run."""
    now = attempt(run)
    return now.status, now.conclusion


def jobs(run: Run) -> dict[str, tuple[str, str | None]]:
    """Status and conclusion of every job of the latest attempt, by name."""
    return {job.name: (job.status, job.conclusion) for job in Job.objects.filter(attempt=attempt(run)).order_by("id")}


def _tree(store: Any, top: Mapping[str, None], files: Mapping[str, str | bytes]) -> Any:
    builder = store.TreeBuilder()
    for name in top:
        inside = {path.split("/", 1)[1]: data for path, data in files.items() if path.startswith(f"{name}/")}
        if inside:
            deeper = _tree(store, {path.split("/")[0]: None for path in inside}, inside)
            builder.insert(name, deeper, pygit2.GIT_FILEMODE_TREE)
        else:
            data = files[name]
            blob = store.create_blob(data.encode() if isinstance(data, str) else data)
            builder.insert(name, blob, pygit2.GIT_FILEMODE_BLOB)
    return builder.write()
