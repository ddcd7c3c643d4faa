"""workflow_run: who hears of which run, how often, and how far it goes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from forge.actions import cancel, rerun, switch, trigger, workflow_runs
from forge.actions.models import Event, Run, RunAttempt, Workflow
from forge.api.addresses import base_url
from forge.api.v3 import run_shapes
from forge.api.v3.places import Place
from forge.repos import git
from tests.engine import FakeRunner, Project, attempt
from tests.forge.actions.texts import ONE

pytestmark = pytest.mark.django_db(transaction=True)
FOLDER = ".github/workflows/"
BUILD = "name: Build\n" + ONE
#: What Forge tells of a run in its API beside GitHub's fields.
OWN = {"reason", "run_index", "parent_run_id", "head_repository_id"}


def follower(name: str, workflows: str, more: str = "", on: str = "") -> str:
    """A file that follows these workflows."""
    return f"name: {name}\n" + ONE.replace("on: push", f"on:{on}\n  workflow_run:\n    workflows: {workflows}\n{more}")


def project_of(**files: str) -> Project:
    """A repository whose default branch has these files, and that has no run yet."""
    project = Project.new()
    project.push({f"{FOLDER}{name}.yml": text for name, text in files.items()}, message="Begin [skip ci]")
    settle()
    return project


def settle() -> list[Event]:
    """Expand whatever is pending, in order, once each."""
    pending = list(Event.objects.filter(state=Event.State.PENDING).order_by("id"))
    for event in pending:
        trigger.expand(event.pk)
    return pending


def push(project: Project, ref: str = "refs/heads/main") -> Run:
    """Push the same files again; the one run of Build that it starts."""
    files = {FOLDER + "build.yml": BUILD, "x": str(Run.objects.count())}
    event = project.push(files, ref=ref)
    return next(run for run in trigger.expand(event.pk) if run.workflow_name == "Build")


def told() -> list[tuple[str, str, str]]:
    """Each run that followed: its workflow, what it heard, of which workflow."""
    settle()
    followed = Run.objects.filter(event_name="workflow_run").select_related("event").order_by("id")
    return [
        (run.workflow_name, run.event.payload["action"], run.event.payload["workflow_run"]["name"]) for run in followed
    ]


@pytest.fixture
def after(request: pytest.FixtureRequest) -> Project:
    """Build on a topic branch, and one that follows it with the lines given."""
    return project_of(build=BUILD, after=follower("After", *getattr(request, "param", ("[Build]",))))


def test_a_run_tells_of_its_life(after: Project) -> None:
    run = push(after, "refs/heads/topic")
    runner = FakeRunner.new("ubuntu-latest")
    assert told() == [("After", "requested", "Build")]
    work = runner.take()
    assert told()[1:] == [("After", "in_progress", "Build")]
    work.finish("failure")
    assert told()[2:] == [("After", "completed", "Build")]
    last = Run.objects.get(event__payload__action="completed")
    payload = last.event.payload
    assert (payload["workflow_run"]["id"], payload["workflow_run"]["conclusion"]) == (run.pk, "failure")
    assert (payload["workflow"]["name"], payload["sender"]["login"]) == ("Build", after.account.login)
    github = last.contexts["github"]
    assert (github["ref"], github["sha"]) == ("refs/heads/main", after.pushed["refs/heads/main"])
    assert last.actor == after.account


@pytest.mark.parametrize(
    ("after", "ref", "heard"),
    [
        (("[Build]", "    types: [completed]\n"), "main", ["completed"]),
        (("[Build]", "    types: [requested, completed]\n"), "main", ["requested", "completed"]),
        (("[Other]",), "main", []),
        (("['B*']",), "main", ["requested", "in_progress", "completed"]),
        (("[Build]", "    types: [completed]\n    branches: [main]\n"), "topic", []),
        (("[Build]", "    types: [completed]\n    branches: ['t*']\n"), "topic", ["completed"]),
        (("[Build]", "    types: [completed]\n    branches-ignore: [topic]\n"), "topic", []),
        (("[Build]", "    types: [completed]\n    branches-ignore: [topic]\n"), "main", ["completed"]),
    ],
    indirect=["after"],
)
def test_filters(after: Project, ref: str, heard: list[str]) -> None:
    settle()
    # The push to main must leave the follower's file there.
    files = {FOLDER + "build.yml": BUILD, FOLDER + "after.yml": _text(after), "x": "y"}
    trigger.expand(after.push(files, ref=f"refs/heads/{ref}").pk)
    FakeRunner.new("ubuntu-latest").work_off()
    written = Event.objects.filter(name="workflow_run").order_by("id")
    assert [event.payload["action"] for event in written] == heard  # no row that nobody wants
    assert [what for _, what, of in told() if of == "Build"] == heard


def _text(project: Project) -> str:
    data = git.read_file(project.repository, project.pushed["refs/heads/main"], FOLDER + "after.yml")
    assert data is not None
    return data.decode()


def test_a_rerun_is_no_new_request(after: Project) -> None:
    run = push(after, "refs/heads/topic")
    runner = FakeRunner.new("ubuntu-latest")
    runner.take().finish("failure")
    told()
    for one in Run.objects.filter(event_name="workflow_run"):
        cancel.run(None, one)
    rerun.attempt(after.account, run)
    runner.work_off()
    heard = [(event.payload["action"], event.payload["workflow_run"]["run_attempt"]) for event in _events()]
    first, again = [("requested", 1), ("in_progress", 1), ("completed", 1)], [("in_progress", 2), ("completed", 2)]
    assert heard == first + again


def _events() -> list[Event]:
    return list(Event.objects.filter(name="workflow_run").order_by("id"))


def test_a_run_that_never_worked_tells_of_its_end(after: Project) -> None:
    run = push(after, "refs/heads/topic")
    cancel.run(after.account, run)
    assert [event.payload["action"] for event in _events()] == ["requested", "completed"]
    assert _events()[1].payload["workflow_run"]["conclusion"] == "cancelled"


def test_a_file_that_is_broken_tells_of_its_failure() -> None:
    project = project_of(build=BUILD, after=follower("After", "['**']", "    types: [completed]\n"))
    trigger.expand(project.push({FOLDER + "build.yml": "on: push\njobs: 5\n"}, ref="refs/heads/topic").pk)
    (event,) = _events()
    assert event.payload["workflow_run"]["conclusion"] == "startup_failure"


def test_a_chain_ends_after_three_levels() -> None:
    names = ["Build", "B", "C", "D", "E", "F"]
    chain = {
        after.lower(): follower(after, f"[{before}]", "    types: [completed]\n") for before, after in pairwise(names)
    }
    project = project_of(build=BUILD, **chain)
    push(project, "refs/heads/topic")
    runner = FakeRunner.new("ubuntu-latest")
    for _ in names:
        runner.work_off()
        settle()
    assert [name for name, _, _ in told()] == ["B", "C", "D"]
    assert [event.depth for event in _events()] == [1, 2, 3]


def test_none_follows_itself_and_two_that_follow_each_other_end() -> None:
    project = project_of(build=BUILD, loop=follower("Loop", "['**']", "    types: [completed]\n", "\n  push:"))
    push(project, "refs/heads/topic")
    runner = FakeRunner.new("ubuntu-latest")
    for _ in range(6):
        runner.work_off()
        settle()
    assert told() == [("Loop", "completed", "Build")]


def test_a_disabled_follower_hears_nothing(after: Project) -> None:
    switch.disable(Workflow.objects.get(name="After"))
    push(after, "refs/heads/topic")
    assert told() == []
    assert _events() == []


def test_a_follower_whose_file_has_gone_hears_nothing(after: Project) -> None:
    trigger.expand(after.push({FOLDER + "build.yml": BUILD}).pk)
    FakeRunner.new("ubuntu-latest").work_off()
    before = len(_events())
    assert Workflow.objects.get(name="After").follows is None
    push(after, "refs/heads/topic")
    assert len(_events()) == before


def test_where_nobody_listens_it_costs_one_question() -> None:
    project = project_of(build=BUILD)
    run = push(project)
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        workflow_runs.announce(attempt(run), "completed")
    assert len(asked.captured_queries) <= 2  # one of them reads the attempt
    assert _events() == []


def test_what_is_told_twice_is_written_once(after: Project) -> None:
    run = push(after, "refs/heads/topic")
    with transaction.atomic():
        workflow_runs.announce(attempt(run), "requested")
    assert len(_events()) == 1


def test_the_run_is_told_as_the_api_shows_it(after: Project) -> None:
    run = push(after, "refs/heads/topic")
    shown = RunAttempt.objects.select_related(
        "run__workflow__repository__owner", "run__repository__owner", "run__actor", "triggering_actor"
    ).get(run=run)
    FakeRunner.new("ubuntu-latest").work_off()
    said = _events()[0].payload
    place = Place(shown.run.repository, base_url())
    wanted = run_shapes.workflow_run(shown, place, None)
    assert set(said["workflow_run"]) == set(wanted) - OWN
    changing = {"updated_at"}
    assert {name: value for name, value in said["workflow_run"].items() if name not in changing} == {
        name: value for name, value in wanted.items() if name not in OWN | changing
    }
    assert said["workflow"] == run_shapes.workflow(shown.run.workflow, place)
