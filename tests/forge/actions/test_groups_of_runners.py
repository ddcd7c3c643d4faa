"""Which jobs the runners of a group may take, and what is said of those that wait for one."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forge.accounts.actor import Actor
from forge.actions import claim, reasons
from forge.actions.models import Job, Run
from forge.errors import Invalid
from forge.runners import group_settings, groups, labels
from forge.runners.models import Runner, RunnerGroup
from tests import factories
from tests.engine import FakeRunner, Project
from tests.plans import plan

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "on: push\njobs: {a: {runs-on: %s, steps: [{run: x}]}}\n"
ONE = TEXT % "gpu"
FILE = ".github/workflows/ci.yml"
CALLER = "on: push\njobs: {a: {uses: ./.github/workflows/called.yml}}\n"
CALLED = "on: workflow_call\njobs: {b: {runs-on: gpu, steps: [{run: x}]}}\n"


def group(project: Project, name: str = "big", **said: Any) -> RunnerGroup:
    """A group of the project's owner."""
    return groups.create(Actor.for_session(project.account), project.account, group_settings.Settings(name, **said))


def runner(project: Project, within: RunnerGroup | None = None) -> FakeRunner:
    """A runner of the project's owner in a group, that is online."""
    made = FakeRunner.new("gpu", owner=project.account, capacity=9)
    place = within or groups.default(project.account)
    Runner.objects.filter(pk=made.row.pk).update(group=place, last_seen_at=timezone.now())
    made.row = again(made)
    return made


def again(made: FakeRunner) -> Runner:
    """Its row as a poll reads it."""
    return Runner.objects.select_related("group").get(pk=made.row.pk)


def why(run: Run) -> str:
    """What is said of the run's job."""
    return reasons.text(reasons.waiting(Job.objects.get(run=run)))


@pytest.mark.parametrize(
    ("private", "said", "serves"),
    [
        (True, {}, True),
        (True, {"visibility": "private"}, True),
        (True, {"visibility": "selected"}, False),
        (True, {"visibility": "selected", "repository_ids": ["this"]}, True),
        (True, {"visibility": "selected", "repository_ids": ["other"]}, False),
        (False, {}, False),
        (False, {"allows_public_repositories": True}, True),
        (False, {"visibility": "private", "allows_public_repositories": True}, False),
        (False, {"visibility": "selected", "repository_ids": ["this"]}, False),
        (False, {"visibility": "selected", "repository_ids": ["this"], "allows_public_repositories": True}, True),
        (True, {"restricted_to_workflows": True}, False),
        (True, {"restricted_to_workflows": True, "selected_workflows": ["{repository}/{file}@main"]}, True),
        (True, {"restricted_to_workflows": True, "selected_workflows": ["{repository}/{file}@refs/heads/main"]}, True),
        (True, {"restricted_to_workflows": True, "selected_workflows": ["{repository}/{file}@{sha}"]}, True),
        (True, {"restricted_to_workflows": True, "selected_workflows": ["{repository}/{file}@v1"]}, False),
        (True, {"restricted_to_workflows": True, "selected_workflows": ["{repository}/x.yml@main"]}, False),
        (True, {"restricted_to_workflows": False, "selected_workflows": ["{repository}/x.yml@main"]}, True),
    ],
)
def test_whose_jobs_a_group_serves(private: bool, said: dict[str, Any], serves: bool) -> None:
    project = Project.new(private=private)
    other = factories.repository(project.account, "other")
    run = project.run(ONE)
    place, ids = project.repository.full_name.upper(), {"this": project.repository.pk, "other": other.pk}
    given = dict(said)
    if "repository_ids" in said:
        given["repository_ids"] = [ids[word] for word in said["repository_ids"]]
    if "selected_workflows" in said:
        filled = [text.format(repository=place, file=FILE, sha=run.head_sha) for text in said["selected_workflows"]]
        given["selected_workflows"] = filled
    within = group(project, **given)
    made = runner(project, within)
    if serves:
        assert why(run) == "Waiting for a runner to take it."
    else:
        assert why(run) == (
            "Waiting for a runner: the one with the label gpu is in the group “big”, which this job may not use."
        )
    assert bool(claim.waiting_label_sets(made.row)) is serves
    assert (made.claim() is not None) is serves


def test_a_called_file_counts_not_its_caller() -> None:
    project = Project.new(private=True)
    run = project.run(CALLER, files={".github/workflows/called.yml": CALLED})
    job = Job.objects.get(run=run)
    place = project.repository.full_name.lower()
    assert (job.file, job.file_ref) == (f"{place}/.github/workflows/called.yml", "refs/heads/main")
    said = {"restricted_to_workflows": True}
    caller = runner(project, group(project, "caller", selected_workflows=[f"{place}/{FILE}@main"], **said))
    assert caller.claim() is None
    called = f"{place}/.github/workflows/called.yml@main"
    assert runner(project, group(project, "called", selected_workflows=[called], **said)).claim() is not None


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ("{group: big}", True),
        ("{group: BIG, labels: gpu}", True),
        ("{group: org/big, labels: [gpu, self-hosted]}", True),
        ("{group: organization/big}", True),
        ("{group: '${{ github.event_name == ''push'' && ''big'' }}'}", True),
        ('"${{ fromJSON(\'{\\"group\\": \\"big\\", \\"labels\\": [\\"gpu\\"]}\') }}"', True),
        ("{group: small}", False),
        ("{group: ent/big}", False),
        ("{group: big, labels: huge}", False),
    ],
)
def test_a_job_asks_for_a_group(asked: str, fits: bool) -> None:
    project = Project.new(private=True)
    run = project.run(TEXT % asked)
    made = runner(project, group(project))
    assert runner(project).claim() is None  # one of the default group
    assert (made.claim() is not None) is fits
    assert Job.objects.get(run=run).status == "queued"


def test_a_site_runner_is_in_the_default_group_of_all() -> None:
    for asked, fits in (("{group: Default}", True), ("{group: ent/default}", True), ("{group: org/default}", False)):
        Project.new().run(TEXT % asked)
        made = FakeRunner.new("gpu")
        assert (made.claim() is not None) is fits, asked


def test_what_waits_for_a_group_says_so() -> None:
    project = Project.new(private=True)
    both, alone = project.run(TEXT % "{group: big, labels: [gpu, a]}"), project.run(TEXT % "{group: big}")
    assert why(both) == "Waiting for a runner: no runner online has the labels gpu, a in the group “big”."
    assert why(alone) == "Waiting for a runner: no runner online is in the group “big”."
    made = runner(project, group(project))
    Runner.objects.filter(pk=made.row.pk).update(capacity=1)
    project.run(ONE)
    assert made.claim() is not None
    Runner.objects.filter(pk=made.row.pk).update(labels=["gpu", "a"])
    assert why(both) == "Waiting for a runner: the one with gpu, a in the group “big” is busy."
    assert Job.objects.get(run=both).label_set.labels == ["gpu", "a"]  # type: ignore[union-attr]


def test_what_is_closed_between_look_and_claim_is_closed() -> None:
    project = Project.new(private=True)
    project.run(ONE)
    within = group(project)
    made = runner(project, within)
    assert claim.waiting_label_sets(made.row)
    RunnerGroup.objects.filter(pk=within.pk).update(visibility="selected")
    sets = list(Job.objects.values_list("label_set", flat=True))
    assert claim._take(made.row, "k", sets) is None


def test_labels_and_groups_count_for_the_very_next_claim() -> None:
    project = Project.new(private=True)
    project.run(ONE)
    made = runner(project, group(project))
    read = again(made)
    actor = Actor.for_session(project.account)
    labels.replace(actor, made.row, ["other"])
    sets = list(Job.objects.values_list("label_set", flat=True))
    assert claim._take(read, "k", sets) is None  # what was read before the change does not count
    labels.add(actor, again(made), ["GPU"])
    made.row = again(made)
    assert made.claim() is not None


def test_a_claim_asks_as_often_as_without_groups() -> None:
    """Statements of one claim: those of a site's runner, whatever the group says."""
    counts = []
    for said in (None, {}, {"visibility": "selected"}, {"restricted_to_workflows": True}):
        project = Project.new(private=True)
        run = project.run(ONE)
        if said is None:
            row = FakeRunner.new("gpu").row
        else:
            files = [f"{project.repository.full_name}/{FILE}@main"]
            ids = [project.repository.pk]
            row = runner(project, group(project, selected_workflows=files, repository_ids=ids, **said)).row
        with CaptureQueriesContext(
            connection,
        ) as seen:
            found = claim.next_job(row, "k")
        assert found is not None
        assert found.job.run_id == run.pk
        counts.append(len(seen) - 1)  # one is the assertion's own
    assert len(set(counts)) == 1, counts


def test_the_owner_s_index_serves_the_claim() -> None:
    project = Project.new(private=True)
    project.run(ONE)
    made = runner(project, group(project))
    with CaptureQueriesContext(connection) as seen:
        assert made.claim() is not None
    (statement,) = [one["sql"] for one in seen if one["sql"].startswith("UPDATE") and "RETURNING" in one["sql"]]
    found = plan(statement)
    assert "job_claimable" in found, found


def test_the_runners_of_a_group_that_ends_are_in_the_default_one() -> None:
    project = Project.new()
    within = group(project)
    made = runner(project, within)
    actor = Actor.for_session(project.account)
    assert groups.delete(actor, within) == [made.row.pk]
    assert again(made).group == groups.default(project.account)
    with pytest.raises(Invalid):
        groups.delete(actor, groups.default(project.account))
