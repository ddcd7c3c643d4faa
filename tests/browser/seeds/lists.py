"""A repository with many workflows, one of which is due every night and takes many inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forge.accounts.models import Account

#: A workflow's first input, on which more may follow.
LEVEL = """  workflow_dispatch:
    inputs:
      level:
        description: How much to say
        type: choice
        options: [info, debug]
"""
NIGHTLY = f"""name: Nightly
on:
  push:
    branches: [main, 'release/**']
    paths: ['src/**']
  create:
  schedule:
    - cron: '0 2 * * *'
{LEVEL}      target:
        type: environment
        description: Where it goes
      dry-run:
        type: boolean
        default: true
      count:
        type: number
        default: 3
{{more}}jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: make
"""
#: What the file takes on main only.
MORE = "".join(f"      note-{number}:\n        description: Note {number}\n" for number in range(1, 7))
BROKEN = "name: Broken\non: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    stepz:\n      - run: make\n"


def seed(rosa: Account) -> dict[str, int]:
    """The ids of ``octo/gadget``: a run that was started by hand, and one that waits."""
    from datetime import timedelta

    from django.utils import timezone

    from forge.accounts.actor import Actor
    from forge.actions import bookmarks
    from forge.actions.models import Schedule, Workflow
    from forge.environments import environments
    from forge.repos import repositories
    from forge.repos.models import Ref
    from tests import factories

    gadget = repositories.create(Actor.for_session(rosa), "octo", "gadget")
    folder = ".github/workflows"
    files = {f"{folder}/nightly.yml": NIGHTLY.format(more=MORE), f"{folder}/broken.yml": BROKEN}
    sha = factories.push(gadget, files, "refs/heads/main")
    short = factories.push(gadget, {f"{folder}/nightly.yml": NIGHTLY.format(more="")}, "refs/heads/short")
    for branch, head in (("main", sha), ("short", short)):
        Ref.objects.create(repository=gadget, name=f"refs/heads/{branch}", sha=head, sequence=1)
    for name in ("production", "staging"):
        environments.get_or_create(gadget, name)
    nightly = factories.workflow(gadget, "nightly.yml", name="Nightly")
    factories.workflow(gadget, "broken.yml", name="Broken")
    for number in range(1, 10):
        factories.workflow(gadget, f"w{number}.yml", name=f"Part {number}")
    factories.workflow(gadget, "old.yml", name="Old", state="deleted")
    due = timezone.now() + timedelta(hours=5, minutes=30)
    Schedule.objects.create(
        repository=gadget, workflow=nightly, cron="0 2 * * *", zone="UTC", next_due=due, file_sha256="0" * 64
    )
    states = ("success", "failure", "success", "cancelled", "timed_out", "success")
    for number, conclusion in enumerate(states * 4, start=1):
        ended = factories.START + timedelta(minutes=number * 2)
        times = {"started_at": factories.START, "completed_at": ended}
        factories.run(nightly, title=f"Night {number}", conclusion=conclusion, actor=rosa, head_sha=sha, attempt=times)
    again = factories.run(nightly, title="Say it again", conclusion="failure", actor=rosa, head_sha=sha)
    factories.attempt(again, conclusion="failure")
    tagged = factories.run(nightly, title="Gadget 1.0", actor=rosa, head_branch="v1.0", ref="refs/tags/v1.0")
    by_hand = factories.run(
        nightly,
        title="By hand",
        event_name="workflow_dispatch",
        actor=rosa,
        head_sha=sha,
        contexts={"inputs": {"level": "debug", "target": "staging", "dry-run": False, "count": 7, "note-2": "it's so"}},
    )
    bookmarks.pin(rosa, Workflow.objects.get(repository=gadget, name="Part 5"))
    bookmarks.save(rosa, gadget, "Bad nights", "is:failure workflow:nightly.yml")
    waiting = factories.run(nightly, title="Needs a gpu", status="queued", actor=rosa, head_sha=sha)
    factories.job(waiting.latest_attempt, "gpu", status="queued", labels=["gpu"])
    return {"by_hand": by_hand.pk, "gpu": waiting.pk, "tagged": tagged.pk}
