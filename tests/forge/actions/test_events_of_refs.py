"""create and delete, what GitHub does not send, and what a job's own push starts."""

from __future__ import annotations

import pygit2
import pytest

from forge.actions import events, trigger
from forge.actions.models import Event, Run, Workflow
from forge.repos import git, pushes
from tests.engine import CI, Project
from tests.forge.actions.texts import ONE

pytestmark = pytest.mark.django_db(transaction=True)
MAIN, TOPIC = "refs/heads/main", "refs/heads/topic"
MADE = ".github/workflows/made.yml"
ON_CREATE = ONE.replace("on: push", "on: create")
ON_DELETE = ONE.replace("on: push", "on: [delete]")


def settle(project: Project, *changes: tuple[str, str, str], by_job: bool = False) -> list[Event]:
    """One push of these (ref, before, after)."""
    wanted = [{"ref": ref, "before": before, "after": after} for ref, before, after in changes]
    push = pushes.prepare(project.repository, project.account, wanted, by_job=by_job)
    pushes.land(push, wanted)
    return events.settle(push, wanted)


def expand(written: list[Event]) -> list[Run]:
    """The runs of these events, in order."""
    return [run for event in written for run in trigger.expand(event.pk)]


def test_a_new_branch_runs_what_its_own_commit_says_of_create() -> None:
    project = Project.new()
    expand(settle(project, (MAIN, *project.commit({CI: ONE}))))
    branched = project.commit({CI: ONE, MADE: ON_CREATE}, ref=TOPIC)
    push, create = expand(settle(project, (TOPIC, *branched)))
    assert (push.event_name, push.workflow.path) == ("push", CI)
    github = create.contexts["github"]
    assert (create.event_name, create.workflow.path, create.head_sha) == ("create", MADE, branched[1])
    assert (github["ref"], github["ref_type"], github["sha"]) == (TOPIC, "branch", branched[1])
    payload = create.event.payload
    assert (payload["ref"], payload["ref_type"], payload["master_branch"]) == ("topic", "branch", "main")
    assert not expand(settle(project, (TOPIC, *project.commit({MADE: ON_CREATE}, ref=TOPIC))))  # it was there


def test_a_new_tag_is_a_create_too() -> None:
    project = Project.new()
    _, sha = project.commit({MADE: ON_CREATE})
    settle(project, (MAIN, git.ZERO, sha))
    (run,) = expand(settle(project, ("refs/tags/v1", git.ZERO, sha)))
    assert (run.event.payload["ref"], run.event.payload["ref_type"]) == ("v1", "tag")
    assert (run.ref, run.head_branch) == ("refs/tags/v1", "v1")


def test_a_delete_runs_on_the_default_branch() -> None:
    project = Project.new()
    first = settle(project, (MAIN, *project.commit({CI: ON_DELETE})))
    _, topic = project.commit({CI: ONE}, ref=TOPIC)
    expand([*first, *settle(project, (TOPIC, git.ZERO, topic))])
    (run,) = expand(settle(project, (TOPIC, topic, git.ZERO)))
    assert (run.event_name, run.ref, run.head_sha) == ("delete", MAIN, project.pushed[MAIN])
    assert (run.event.payload["ref"], run.event.payload["ref_type"]) == ("topic", "branch")
    assert run.event.sha == run.head_sha


def test_a_delete_of_the_branch_that_all_would_run_on_starts_nothing() -> None:
    project = Project.new()
    _, sha = project.commit({CI: ON_DELETE})
    settle(project, (MAIN, git.ZERO, sha))
    pygit2.Repository(str(git.path(project.repository))).references.delete(MAIN)
    written = settle(project, (MAIN, sha, git.ZERO))
    assert expand(written) == []
    assert Event.objects.get(name="delete").error == "There is no refs/heads/main to run on."


@pytest.mark.parametrize(("tags", "runs"), [(events.TAGS_PER_PUSH, 9), (events.TAGS_PER_PUSH + 1, 0)])
def test_more_than_three_tags_at_once_are_no_events(tags: int, runs: int) -> None:
    project = Project.new()
    text = ONE.replace("on: push", "on: [push, create, delete]")
    _, sha = project.commit({CI: text})
    settle(project, (MAIN, git.ZERO, sha))
    names = [f"refs/tags/v{number}" for number in range(tags)]
    made = expand(settle(project, *[(name, git.ZERO, sha) for name in names]))
    moved = project.commit({CI: text, "a": "b"})[1]
    gone = expand(settle(project, *[(name, sha, git.ZERO) for name in names]))
    assert len(made) + len(gone) == runs
    assert {run.event_name for run in [*made, *gone]} == ({"push", "create", "delete"} if runs else set())
    changes = [{"ref": name, "before": git.ZERO, "after": moved} for name in names]
    assert ("tags were pushed at once" in (events.notice(changes) or "")) is (runs == 0)


def test_many_tags_do_not_keep_a_branch_from_its_run() -> None:
    project = Project.new()
    _, sha = project.commit({CI: ONE})
    tags = [(f"refs/tags/v{number}", git.ZERO, sha) for number in range(9)]
    (run,) = expand(settle(project, (MAIN, git.ZERO, sha), *tags))
    assert run.ref == MAIN


def test_what_a_job_pushes_starts_nothing_and_is_known_all_the_same() -> None:
    project = Project.new()
    text = ONE.replace("on: push", "on: [push, create, delete]")
    _, sha = project.commit({CI: text})
    written = settle(project, (MAIN, git.ZERO, sha), (TOPIC, git.ZERO, sha), by_job=True)
    assert expand(written) == []
    assert {event.name for event in written} == {"push"}
    assert [event.error for event in Event.objects.all()] == [events._BY_JOB] * 2
    assert Workflow.objects.get().path == CI  # it can be dispatched by hand
    assert expand(settle(project, (TOPIC, sha, git.ZERO), by_job=True)) == []
    assert len(expand(settle(project, (MAIN, *project.commit({CI: text, "a": "b"}))))) == 1


def test_a_push_that_asks_to_skip_is_known_and_its_create_runs() -> None:
    project = Project.new()
    text = ONE.replace("on: push", "on: [push, create]")
    written = settle(project, (MAIN, *project.commit({CI: text}, message="Begin [skip ci]")))
    assert [run.event_name for run in expand(written)] == ["create"]
    assert Event.objects.get(name="push").error == "The commit message asks to skip workflow runs."
    assert Workflow.objects.get().state == Workflow.State.ACTIVE


def test_an_older_push_that_is_expanded_late_undoes_nothing() -> None:
    project = Project.new()
    old = settle(project, (MAIN, *project.commit({CI: ONE})))
    new = settle(project, (MAIN, *project.commit({MADE: ONE})))
    expand(new)
    expand(old)
    assert dict(Workflow.objects.values_list("path", "state")) == {MADE: "active", CI: "active"}
    events.default_branch_changed(project.repository, project.account)
    expand(list(Event.objects.filter(name="default_branch")))
    assert dict(Workflow.objects.values_list("path", "state")) == {MADE: "active", CI: "deleted"}
