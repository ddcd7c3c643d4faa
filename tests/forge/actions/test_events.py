"""Each change that git took becomes exactly one event, in order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from forge.actions import events, prepared, tasks, trigger
from forge.actions.models import Event, Run, Workflow
from forge.repos import git, pushes
from forge.repos.models import Push, Ref
from tests.engine import CI, Project, attempt, state
from tests.forge.actions.texts import ONE

pytestmark = pytest.mark.django_db(transaction=True)
MAIN = "refs/heads/main"


def change(ref: str, before: str, after: str) -> dict[str, str]:
    return {"ref": ref, "before": before, "after": after}


def prepare(project: Project, *changes: dict[str, str]) -> Push:
    return pushes.prepare(project.repository, project.account, changes)


def test_settling_twice_changes_nothing() -> None:
    project = Project.new()
    one = change(MAIN, *project.commit({CI: ONE}))
    push = prepare(project, one)
    assert events.settle(push, [one]) == events.settle(push, [one])
    assert list(Event.objects.order_by("id").values_list("name", flat=True)) == ["push", "create"]


def test_events_are_numbered_along_the_ref_whichever_settles_first() -> None:
    project = Project.new()
    first = change(MAIN, *project.commit({CI: ONE}))
    second = change(MAIN, *project.commit({CI: ONE, "a": "b"}))
    third = change(MAIN, *project.commit({CI: ONE, "a": "c"}))
    waiting = [prepare(project, one) for one in (first, second)]
    events.settle(prepare(project, third), [third])
    for push, one in zip(waiting, (first, second), strict=True):
        events.settle(push, [one])
    numbered = Event.objects.filter(name="push").order_by("ref_sequence").values_list("ref_sequence", "before", "sha")
    assert list(numbered) == [(n, one["before"], one["after"]) for n, one in enumerate((first, second, third), 1)]
    assert Ref.objects.get(name=MAIN).sha == third["after"]


def test_a_refused_ref_has_no_event() -> None:
    project = Project.new()
    one = change(MAIN, *project.commit({CI: ONE}))
    events.settle(prepare(project, one, change("refs/heads/other", git.ZERO, one["after"])), [one])
    assert set(Event.objects.values_list("ref", flat=True)) == {MAIN}


def test_a_delete_is_kept_and_runs_nothing() -> None:
    project = Project.new()
    event = project.push({CI: ONE})
    gone = change(MAIN, event.sha, git.ZERO)
    deleted, _ = events.settle(prepare(project, gone), [gone])
    assert (deleted.state, deleted.ref_sequence) == (Event.State.EXPANDED, 2)
    assert trigger.expand(deleted.pk) == []


def test_tags_and_branches() -> None:
    project = Project.new()
    text = "on:\n  push:\n    tags: ['v*']\njobs:\n  b:\n    runs-on: a\n    steps:\n      - run: x\n"
    assert trigger.expand(project.push({CI: text}).pk) == []
    (run,) = trigger.expand(project.push({CI: text}, ref="refs/tags/v1").pk)
    github = run.contexts["github"]
    assert (run.head_branch, github["ref_type"], github["ref_name"]) == ("v1", "tag", "v1")


def test_too_many_refs_are_capped_and_said_so() -> None:
    project = Project.new()
    _, sha = project.commit({CI: ONE})
    many = [change(f"refs/heads/b{number:04}", git.ZERO, sha) for number in range(events.REFS_PER_PUSH + 5)]
    written = events.settle(prepare(project, *many), many)
    pushed = [event for event in written if event.name == "push"]
    assert len(pushed) == len(many)
    assert sum(event.state == Event.State.PENDING for event in pushed) == events.REFS_PER_PUSH
    assert len(written) - len(pushed) == events.REFS_PER_PUSH  # as many have been created
    assert "only the first" in (events.notice(many) or "")
    assert events.notice(many[:3]) is None


def test_a_push_whose_process_died_is_settled_from_the_refs() -> None:
    project = Project.new()
    taken = change(MAIN, *project.commit({CI: ONE}))
    refused = change("refs/heads/other", git.ZERO, taken["after"])
    prepare(project, taken, refused)
    assert prepared.settle_left_behind() == []  # it may still be alive
    Push.objects.update(alive_at=Now() - timedelta(seconds=61))
    event, created = prepared.settle_left_behind()
    assert created.name == "create"
    assert (event.ref, event.sha) == (MAIN, taken["after"])
    assert Push.objects.get().state == Push.State.SETTLED
    assert prepared.settle_left_behind() == []


def test_a_dead_push_that_git_refused_does_not_double_a_later_one() -> None:
    project = Project.new()
    one = change(MAIN, *project.commit({CI: ONE}))
    prepare(project, one)
    events.settle(prepare(project, one), [one])
    Push.objects.filter(state=Push.State.PREPARED).update(alive_at=Now() - timedelta(seconds=61))
    assert prepared.settle_left_behind() == []
    assert Event.objects.filter(name="push").count() == 1


def test_the_sweep_expands_what_was_not_nudged() -> None:
    event = Project.new().push({CI: ONE})
    Event.objects.update(created_at=Now() - timedelta(seconds=2))
    tasks.sweep()
    assert Run.objects.filter(event=event).count() == 1


def test_an_event_that_fails_five_times_is_shown() -> None:
    project = Project.new()
    trigger.expand(project.push({CI: ONE}).pk)
    broken = project.push({CI: ONE})
    Event.objects.filter(pk=broken.pk).update(sha="1" * 40)  # a commit that is not there
    for tries in range(1, 5):
        assert trigger.expand(broken.pk) == []
        assert Event.objects.get(pk=broken.pk).tries == tries
    (run,) = trigger.expand(broken.pk)
    assert state(run) == ("completed", "startup_failure")
    assert "5 times" in attempt(run).problems[0]["message"]
    assert Event.objects.get(pk=broken.pk).state == Event.State.FAILED
    assert run.workflow == Workflow.objects.get()


def test_a_runs_commit_is_pinned() -> None:
    project = Project.new()
    run = project.run(ONE)
    assert git.commit(project.repository, run.head_sha)["id"] == run.head_sha
    git.unpin(project.repository, str(run.pk))  # KeyError if it were not
