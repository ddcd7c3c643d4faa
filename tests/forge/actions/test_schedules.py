"""Schedules: each due time once, whoever looks; one run for a time of absence; nothing for what is not there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from forge.actions import events, schedules, switch, tasks, trigger
from forge.actions.models import Event, Run, Schedule, Workflow
from forge.repos.models import Repository
from tests import factories
from tests.engine import CI, Project
from tests.forge.actions.texts import ONE
from tests.plans import plan
from workflows import cron

pytestmark = pytest.mark.django_db(transaction=True)
NIGHTLY = ".github/workflows/nightly.yml"
#: Where the next due time of a line is set to begin with.
TEN = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _a_clock_of_their_own(transactional_db: None) -> Iterator[None]:
    """These tests say what time it is. By the database's, which the rules go by, all that they make is overdue."""
    yield
    Schedule.objects.update(next_due=Now() + timedelta(days=1))


def text(*lines: str) -> str:
    """A file with these cron lines, each perhaps with a zone after ``@``."""
    listed = []
    for line in lines:
        when, _, zone = line.partition(" @")
        listed.append(f"    - cron: '{when}'" + (f"\n      timezone: {zone}" if zone else ""))
    return ONE.replace("on: push", "on:\n  schedule:\n" + "\n".join(listed))


def pushed(project: Project, *lines: str) -> list[Schedule]:
    """The lines, pushed to the default branch, as rows."""
    trigger.expand(project.push({NIGHTLY: text(*lines)}).pk)
    return list(Schedule.objects.order_by("cron", "zone"))


def due(at: datetime, *lines: str) -> Project:
    """A project with these lines, all due next at ``at``."""
    project = Project.new()
    pushed(project, *lines)
    Schedule.objects.update(next_due=at)
    return project


def expand(fired: list[Event]) -> list[Run]:
    return [run for event in fired for run in trigger.expand(event.pk)]


def test_the_rows_follow_the_file_on_the_default_branch() -> None:
    project = Project.new()
    trigger.expand(project.push({CI: ONE}).pk)
    assert not Schedule.objects.exists()
    trigger.expand(project.push({NIGHTLY: text("0 1 * * *")}, ref="refs/heads/topic").pk)
    assert not Schedule.objects.exists()
    first, second = pushed(project, "0 1 * * *", "0 1 * * * @Europe/Berlin")
    assert (first.zone, second.zone, first.actor) == ("Europe/Berlin", "UTC", project.account)
    kept, _ = pushed(project, "0 1 * * *", "0 2 * * *")
    assert kept.pk == second.pk
    assert [one.cron for one in Schedule.objects.order_by("cron")] == ["0 1 * * *", "0 2 * * *"]
    trigger.expand(project.push({NIGHTLY: "on: [schedule"}).pk)
    assert not Schedule.objects.exists()  # nobody can say what a broken file wants
    pushed(project, "0 1 * * *")
    trigger.expand(project.push({CI: ONE}).pk)
    assert not Schedule.objects.exists()


def test_a_push_that_starts_no_run_keeps_them_in_step_too() -> None:
    project = Project.new()
    trigger.expand(project.push({NIGHTLY: text("0 1 * * *")}, message="Begin [skip ci]").pk)
    assert Schedule.objects.get().cron == "0 1 * * *"


def test_a_line_is_due_first_after_its_row_was_made() -> None:
    (row,) = pushed(Project.new(), "*/5 * * * *")
    assert row.next_due is not None
    row.refresh_from_db()
    assert timedelta(0) < row.next_due - row.created_at <= 5 * MINUTE
    assert schedules.fire() == []


def test_time_is_the_databases_unless_one_is_given() -> None:
    due(TEN, "0 10 * * *")
    (event,) = schedules.fire()
    assert event.key.endswith("T10:00:00+00:00")
    moved = Schedule.objects.annotate(now=Now()).get()
    assert moved.next_due is not None
    assert timedelta(0) < moved.next_due - moved.now <= timedelta(days=1)


def test_a_line_that_is_due_starts_a_run_in_the_name_of_who_changed_the_file() -> None:
    project = due(TEN, "0 10 * * *")
    assert schedules.fire(TEN - MINUTE) == []
    (run,) = expand(schedules.fire(TEN))
    assert (run.event_name, run.ref, run.head_sha) == ("schedule", "refs/heads/main", project.pushed["refs/heads/main"])
    assert run.event.payload["schedule"] == "0 10 * * *"
    assert run.event.payload["workflow"] == NIGHTLY
    assert run.contexts["github"]["actor"] == project.account.login
    assert schedules.fire(TEN + MINUTE) == []
    assert Schedule.objects.get().next_due == TEN + timedelta(days=1)


def test_the_actor_is_who_last_changed_the_file() -> None:
    project = due(TEN, "0 10 * * *")
    first, second = project.account, factories.account()
    other = {NIGHTLY: text("0 10 * * *"), CI: ONE}
    for who, files, actor in [
        (second, other, first),  # another file is no change of this one
        (second, {**other, NIGHTLY: text("0 10 * * *") + "# changed\n"}, second),
    ]:
        project.account = who
        trigger.expand(project.push(files).pk)
        assert Schedule.objects.get().actor == actor


def test_who_changes_the_default_branch_becomes_the_actor() -> None:
    project = due(TEN, "0 10 * * *")
    trigger.expand(project.push({NIGHTLY: text("0 11 * * *")}, ref="refs/heads/next").pk)
    person = factories.account()
    Repository.objects.update(default_branch="next")
    project.repository.refresh_from_db()
    events.default_branch_changed(project.repository, person)
    assert expand(list(Event.objects.filter(name="default_branch"))) == []
    row = Schedule.objects.get()
    assert (row.cron, row.actor) == ("0 11 * * *", person)


@pytest.mark.parametrize(
    ("line", "down", "fired", "following"),
    [
        ("0 10 * * *", timedelta(days=3, hours=2), "2026-03-05T10:00", "2026-03-06T10:00"),
        ("*/5 * * * *", timedelta(hours=3, minutes=2), "2026-03-02T13:00", "2026-03-02T13:05"),
        ("*/5 * * * *", timedelta(days=400), "2027-04-06T10:00", "2027-04-06T10:05"),
        ("0 10 2 3 *", timedelta(days=800), "2028-03-02T10:00", "2029-03-02T10:00"),
        ("0 10 2 3 *", timedelta(days=100), "2026-03-02T10:00", "2027-03-02T10:00"),
        ("0 10 1,2 * *", timedelta(days=20), "2026-03-02T10:00", "2026-04-01T10:00"),
        ("* * * * *", timedelta(minutes=3), "2026-03-02T10:03", "2026-03-02T10:08"),
        ("0 5 * * * @America/New_York", timedelta(days=10), "2026-03-12T09:00", "2026-03-13T09:00"),
    ],
)
def test_what_was_due_while_nobody_looked_is_fired_once(line: str, down: timedelta, fired: str, following: str) -> None:
    due(TEN, line)
    (event,) = schedules.fire(TEN + down)
    assert event.key.rpartition("schedule:")[2].split(":", 1)[1] == f"{fired}:00+00:00"
    row = Schedule.objects.get()
    assert row.next_due == datetime.fromisoformat(f"{following}:00+00:00")
    assert schedules.fire(TEN + down) == []
    assert len(expand([event])) == 1


def test_a_line_that_is_due_too_often_starts_every_five_minutes() -> None:
    due(TEN, "* * * * *")
    fired = [event for minute in range(21) for event in schedules.fire(TEN + minute * MINUTE)]
    assert [event.key[-14:-9] for event in fired] == ["10:00", "10:05", "10:10", "10:15", "10:20"]


def test_a_day_that_no_year_has_is_never_due() -> None:
    (row,) = pushed(Project.new(), "0 0 30 2 *")
    assert row.next_due is None
    assert schedules.fire(TEN + timedelta(days=5000)) == []


def test_a_disabled_workflow_is_not_fired_and_makes_up_for_nothing() -> None:
    due(TEN, "0 10 * * *")
    switch.disable(Workflow.objects.get())
    assert schedules.fire(TEN + timedelta(hours=1)) == []
    switch.enable(Workflow.objects.get())
    assert schedules.fire(TEN + timedelta(hours=2)) == []
    assert len(schedules.fire(TEN + timedelta(days=1))) == 1


def test_a_deleted_repository_is_not_fired() -> None:
    due(TEN, "0 10 * * *")
    Repository.objects.update(deleted_at=TEN)
    assert schedules.fire(TEN + timedelta(days=2)) == []
    assert Schedule.objects.get().next_due is None


def test_a_line_that_has_gone_from_the_head_by_then_starts_nothing() -> None:
    project = due(TEN, "0 10 * * *", "0 11 * * *")
    fired = schedules.fire(TEN + timedelta(hours=2))
    assert len(fired) == 2
    project.push({NIGHTLY: text("0 11 * * *")})
    assert [run.event.payload["schedule"] for run in expand(fired)] == ["0 11 * * *"]


def test_a_line_that_nobody_can_read_any_more_keeps_no_other_from_its_time() -> None:
    due(TEN, "0 10 * * *", "5 10 * * *")
    Schedule.objects.filter(cron="0 10 * * *").update(zone="Nowhere/Land")
    assert [event.payload["schedule"] for event in schedules.fire(TEN + timedelta(hours=1))] == ["5 10 * * *"]


def test_the_task_fires_what_is_due() -> None:
    due(TEN, "0 10 * * *")
    tasks.schedule()
    assert Event.objects.filter(name="schedule").count() == 1


def test_when_nothing_is_due_one_question_by_index_says_so() -> None:
    due(datetime(2199, 1, 1, tzinfo=UTC), "0 10 * * *")
    with CaptureQueriesContext(connection) as asked:
        assert schedules.fire() == []
    (query,) = asked.captured_queries
    assert "schedule_due" in plan(query["sql"])


def test_beats_at_once_fire_each_due_time_once() -> None:
    project = due(TEN, *(f"{minute} 10 * * *" for minute in range(4)))
    rounds, beats = 12, 3
    gate = threading.Barrier(beats)

    def beat() -> list[Event]:
        fired = []
        for number in range(rounds):
            gate.wait(60)
            fired += schedules.fire(TEN + timedelta(days=number, minutes=30))
        connection.close()
        return fired

    with ThreadPoolExecutor(beats) as pool:
        won = [event for future in [pool.submit(beat) for _ in range(beats)] for event in future.result(120)]
    keys = [event.key for event in won]
    assert len(keys) == len(set(keys)) == 4 * rounds
    assert Event.objects.filter(repository=project.repository, name="schedule").count() == 4 * rounds
    runs = expand(won)
    assert len(runs) == len({run.event_id for run in runs}) == 4 * rounds


@pytest.mark.parametrize(
    ("line", "zone", "first", "now"),
    [
        ("*/7 * * * *", "UTC", "2026-01-01T00:00", "2026-01-01T05:13"),
        ("30 2 * * *", "Europe/Berlin", "2026-03-01T01:30", "2026-03-29T03:00"),  # the clock skips 02:30
        ("30 2 * * *", "Europe/Berlin", "2026-10-01T00:30", "2026-10-25T12:00"),  # it shows 02:30 twice
        ("0 0 29 2 *", "UTC", "2024-02-29T00:00", "2033-01-01T00:00"),
        ("0 0 29 2 *", "UTC", "2024-02-29T00:00", "2031-06-01T00:00"),
        ("0 0 1 * *", "Pacific/Apia", "2026-01-31T11:00", "2026-01-31T11:00"),
    ],
)
def test_the_latest_time_is_the_last_of_all(line: str, zone: str, first: str, now: str) -> None:
    read, where = cron.parse(line), ZoneInfo(zone)
    start, end = (datetime.fromisoformat(f"{moment}:00+00:00") for moment in (first, now))
    every = list(read.due_between(start - timedelta(seconds=1), end, where))
    assert every[0] == start
    assert schedules.latest(read, where, start, end) == every[-1]


def test_the_account_may_be_gone() -> None:
    due(TEN, "0 10 * * *")
    Schedule.objects.update(actor=None)
    (run,) = expand(schedules.fire(TEN))
    assert run.contexts["github"]["actor"] == "ghost"
