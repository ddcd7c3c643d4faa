"""What is found is looked at again, mended where that can be, kept and told; and a pass reads only so much."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from forge import cli
from forge.actions import discard, reconcile, tasks
from forge.actions.models import Finding, Run
from forge.actions.reconcile import look, passes
from tests import factories
from tests.engine import FakeRunner, Project
from tests.forge.actions.reconcile import broken
from tests.forge.actions.reconcile.broken import Scene
from tests.forge.actions.texts import ONE

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_rules]
NONE = timedelta(0)
Count = Callable[..., CaptureQueriesContext]


@pytest.fixture
def scene() -> Scene:
    return Scene.new()


def test_nothing_is_found_where_nothing_is_wrong(scene: Scene) -> None:
    seen = reconcile.a_pass(NONE)
    assert (seen.runs, seen.repositories, seen.findings) == (1, 1, [])
    assert not Finding.objects.exists()


def test_a_finding_is_kept_until_it_is_right_again(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    thing = broken.not_free(scene)

    for times in (1, 2, 3):
        [row] = reconcile.a_pass(NONE).findings
        assert (row.rule, row.object, row.scope, row.times) == ("free", thing, f"run:{scene.run.pk}", times)
        assert (row.resolved_at, row.mended) == (None, False)
        assert f"rule='free' object='{thing}'" in caplog.records[-1].getMessage()
        assert caplog.records[-1].levelname == "ERROR"

    type(scene.leg(2)).objects.filter(pk=scene.leg(2).pk).update(free=True)
    assert reconcile.a_pass(NONE).findings == []
    row.refresh_from_db()
    assert row.resolved_at is not None
    broken.not_free(scene)
    [again] = reconcile.a_pass(NONE).findings
    assert (again.pk != row.pk, again.times) == (True, 1)


@pytest.mark.parametrize("wrong", [broken.roll_up_of_an_open_one, broken.moves_due])
def test_advancing_again_mends_what_it_can_and_says_so(
    wrong: broken.Break, scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    thing = wrong(scene)
    [row] = reconcile.a_pass(NONE).findings
    assert (row.object, row.mended, row.resolved_at is not None) == (thing, True, True)
    assert "put it right" in caplog.records[-1].getMessage()
    assert reconcile.everywhere() == []


def test_what_nobody_can_mend_is_only_reported(scene: Scene) -> None:
    broken.roll_up(scene)  # of an attempt that is over: nothing leaves completed
    [row] = reconcile.a_pass(NONE).findings
    assert (row.rule, row.mended, row.resolved_at) == ("roll_up", False, None)


def test_moves_that_may_still_come_do_not_count(scene: Scene) -> None:
    Run.objects.update(updated_at=Now() - timedelta(seconds=30))
    broken.moves_due(scene)
    assert look.at_runs([scene.run.pk], timedelta(seconds=60)) == []
    assert [one.rule for one in look.at_runs([scene.run.pk], timedelta(seconds=20))] == ["moves_due"]


@pytest.mark.parametrize("wrong", [broken.not_free, broken.run_count_of_repository, broken.push_overdue])
def test_what_is_right_at_the_second_look_does_not_count(wrong: broken.Break, scene: Scene) -> None:
    wrong(scene)
    [seen] = reconcile.everywhere()
    assert [(one.rule, one.object) for one in look.again(seen.scope)] == [(seen.rule, seen.object)]
    scene.project.repository.pushes.all().delete()
    type(scene.run.repository).objects.update(run_count=1)
    type(scene.leg(2)).objects.filter(pk=scene.leg(2).pk).update(free=True)
    assert look.again(seen.scope) == []


def test_what_is_wrong_with_rows_that_go_is_resolved() -> None:
    run = Project.new().run(ONE)
    FakeRunner.new("ubuntu-latest").work_off()
    run.refresh_from_db()
    Run.objects.filter(pk=run.pk).update(last_event=99)
    assert len(reconcile.whole().findings) == 1
    discard.run(run)
    assert reconcile.whole().findings == []
    assert Finding.objects.filter(resolved_at=None).count() == 0


def test_a_pass_comes_to_everything_in_the_end_and_begins_anew(scene: Scene) -> None:
    workflow = factories.workflow(factories.repository())
    old = [factories.run(workflow).pk for _ in range(passes.OTHERS + 5)]  # with neither change nor open job
    Run.objects.filter(pk=old[-1]).update(last_event=99)
    Run.objects.filter(pk=scene.run.pk).update(last_event=99)
    found = [{row.scope for row in reconcile.a_pass(NONE).findings} for _ in range(3)]
    here, there = f"run:{scene.run.pk}", f"run:{old[-1]}"
    assert found == [{here}, {here, there}, {here, there}]  # what was wrong once is looked at each time


def test_a_pass_reads_the_changes_since_the_last(scene: Scene) -> None:
    first = reconcile.a_pass(NONE)
    workflow = factories.workflow(factories.repository())
    for _ in range(passes.OTHERS):
        factories.run(workflow)
    newer = scene.project.run(ONE)
    Run.objects.filter(pk=newer.pk).update(last_event=99)
    assert first.findings == []
    assert [row.scope for row in reconcile.a_pass(NONE).findings] == [f"run:{newer.pk}"]


def test_queries_do_not_grow_with_jobs_and_runs(scene: Scene, django_assert_max_num_queries: Count) -> None:
    with CaptureQueriesContext(connection) as one:
        look.at_runs([scene.run.pk])
    more = [Scene.new().run.pk for _ in range(6)]
    with django_assert_max_num_queries(len(one)):
        look.at_runs([scene.run.pk, *more])


@pytest.mark.django_db(transaction=True)
def test_the_task_of_the_clock_is_one_pass(scene: Scene) -> None:
    thing = broken.not_free(scene)
    tasks.check()
    assert Finding.objects.get().object == thing


@pytest.mark.parametrize("only", [False, True])
def test_the_command(only: bool, scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["check", *(["--repository", scene.run.repository.full_name] if only else [])]
    assert cli.main(asked) == 0
    assert capsys.readouterr().out == "1 runs of 1 repositories: 0 found\n"

    thing = broken.not_free(scene)

    assert cli.main(asked) == 1
    assert f"free: {thing} of run:{scene.run.pk}, seen 1 times" in capsys.readouterr().out
    assert cli.main([*asked, "--json"]) == 1
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (said["runs"], said["repositories"]) == (1, 1)
    [finding] = said["findings"]
    assert (finding["rule"], finding["object"], finding["times"], finding["mended"]) == ("free", thing, 2, False)
    assert finding["sentence"] == reconcile.SENTENCES["free"]


def test_the_command_mends_unless_it_is_told_not_to(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    broken.moves_due(scene)
    Run.objects.update(updated_at=Now() - timedelta(hours=1))
    assert cli.main(["check", "--only-look"]) == 1
    assert "put right" not in capsys.readouterr().out
    assert cli.main(["check"]) == 1
    assert "put right by advancing the run again" in capsys.readouterr().out
    assert cli.main(["check"]) == 0
