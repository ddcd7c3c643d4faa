"""The graph of a run's jobs: matrices that open, boxes around what a file calls, and what is too much to draw."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.test import Client

from forge.actions.models import Job, JobNode, Run, RunAttempt
from forge.actions.queries import pages
from forge.repos.models import Repository
from forge.web import clock, graph, graphs
from tests import factories


@pytest.fixture
def run(widget: Repository) -> Run:
    """``lint``, then a call of a workflow with two jobs, the second of three legs, then ``publish``."""
    made = factories.run(factories.workflow(widget), conclusion="failure")
    attempt = made.latest_attempt
    assert attempt is not None
    factories.job(attempt, "lint")
    call = _call(attempt, "ship", ["ship"], needs=["lint"])
    _inside(call, "compile", ["compile"])
    _inside(call, "test", ["test (a)", "test (b)", "test (c)"], needs=["compile"], bad="test (b)")
    publish = JobNode.objects.create(attempt=attempt, key="publish", position=2, needs=["ship"], expanded=True)
    factories.job(attempt, "publish", node=publish, conclusion="skipped")
    return made


def _call(attempt: RunAttempt, key: str, names: Sequence[str], needs: Sequence[str] = ()) -> JobNode:
    calls = [{"name": name, "inputs": {}, "matrix": {}, "groups": [], "cancelled": None} for name in names]
    return JobNode.objects.create(attempt=attempt, key=key, position=1, needs=list(needs), calls=calls, expanded=True)


def _inside(
    call: JobNode, key: str, names: Sequence[str], needs: Sequence[str] = (), *, leg: int = 0, bad: str = ""
) -> JobNode:
    scope = f"{call.key}.{leg}/"
    node = JobNode.objects.create(
        attempt=call.attempt,
        parent=call,
        leg=leg,
        key=scope + key,
        position=call.children.filter(leg=leg).count(),
        needs=[scope + need for need in needs],
        expanded=True,
    )
    for name in names:
        conclusion = "failure" if name == bad else "success"
        full = f"{call.calls[leg]['name']} / {name}"
        factories.job(call.attempt, key, node=node, name=full, conclusion=conclusion)
    return node


def _picture(run: Run, *opened: JobNode) -> graphs.Picture:
    nodes = pages.nodes(run.attempts.get())
    found = graphs.picture(nodes, list(run.jobs.order_by("id")), [node.pk for node in opened])
    assert found is not None
    return found


def test_the_jobs_of_a_call_stand_in_a_box_with_its_name(run: Run) -> None:
    picture = _picture(run)
    assert [node.title for node in picture.nodes] == ["lint", "compile", "test × 3", "publish"]
    (box,) = picture.boxes
    assert box.title == "ship"
    inside = picture.nodes[1:3]
    for node in inside:
        assert box.place.x < node.place.x < node.place.x + node.place.width < box.place.x + box.place.width
        assert box.place.y + graph.HEAD < node.place.y
        assert node.place.y + node.place.height < box.place.y + box.place.height
    after = picture.nodes[3].place
    assert after.x > box.place.x + box.place.width
    assert len(picture.edges) == 3  # to the box, within it, and from it
    assert f"M{box.place.x + box.place.width} {box.place.middle}C" in "".join(picture.edges)


def test_a_call_in_a_matrix_has_a_box_for_each_leg(run: Run) -> None:
    again = _call(run.jobs.earliest("id").attempt, "each", ["each (x)", "each (y)"], needs=["lint"])
    for leg in (0, 1):
        _inside(again, "one", ["one"], leg=leg)
        _inside(again, "two", ["two"], leg=leg)
    JobNode.objects.filter(key="publish").update(needs=["ship", "each"])
    picture = _picture(run)
    assert [box.title for box in picture.boxes] == ["ship", "each (x)", "each (y)"]
    assert len(picture.edges) == 3 + 3 + 1  # lint to each box and each to publish, and one within ship


def test_a_matrix_lists_its_legs_when_it_is_open(run: Run) -> None:
    matrix = JobNode.objects.get(key="ship.0/test")
    shut, shown = _picture(run), _picture(run, matrix)
    assert [node.legs for node in shut.nodes] == [()] * 4
    node = shown.nodes[2]
    assert [leg.title for leg in node.legs] == ["ship / test (b)", "ship / test (a)", "ship / test (c)"]
    assert node.place.height == shut.nodes[2].place.height + 3 * graph.LEG + graph.FOOT
    assert shown.height > shut.height
    assert node.toggle == "view=graph"
    assert shut.nodes[2].toggle == f"view=graph&open={matrix.pk}"
    assert not shut.nodes[0].toggle  # one job: nothing to list


def test_what_still_runs_says_since_when(person: Client, run: Run) -> None:
    first, *others = Job.objects.filter(run=run, node__key="ship.0/test").order_by("id")
    Job.objects.filter(pk=first.pk).update(status="in_progress", conclusion=None, completed_at=None)
    began = min(job.started_at for job in (first, *others) if job.started_at)
    took = [node.took.since for node in _picture(run).nodes]
    assert took == ["", "", clock.iso(began), ""]
    page = person.get(f"/{run.repository.full_name}/actions/runs/{run.pk}?view=graph").content.decode()
    assert page.count(f'text-anchor="end" data-since="{clock.iso(began)}"') == 1


def test_of_very_many_legs_the_worst_are_listed(run: Run) -> None:
    matrix = JobNode.objects.get(key="ship.0/test")
    for number in range(graphs.MOST_LEGS):
        factories.job(matrix.attempt, "test", node=matrix, name=f"ship / test ({number})")
    node = _picture(run, matrix).nodes[2]
    assert len(node.legs) == graphs.MOST_LEGS
    assert node.legs[0].title == "ship / test (b)"
    assert node.more == 3
    last = node.legs[-1].y + graph.LEG
    assert last + graph.LEG <= node.place.y + node.place.height  # room for the line that says so


def test_calls_are_one_node_each_where_their_jobs_are_too_many(run: Run) -> None:
    call = JobNode.objects.get(key="ship")
    for number in range(graph.MOST_NODES):
        _inside(call, f"job{number}", [f"job{number}"])
    picture = _picture(run)
    assert picture.boxes == ()
    assert [node.title for node in picture.nodes] == ["lint", f"ship × {4 + graph.MOST_NODES}", "publish"]
    assert picture.nodes[1].job == Job.objects.get(name="ship / test (b)")


def test_a_run_of_nothing_but_a_call_has_a_graph(run: Run) -> None:
    JobNode.objects.filter(attempt__run=run).exclude(key__startswith="ship").delete()
    picture = _picture(run)
    assert len(picture.boxes) == 1
    JobNode.objects.filter(key="ship.0/compile").delete()
    nodes = list(JobNode.objects.filter(attempt__run=run))
    assert graphs.picture(nodes, list(run.jobs.all())) is None  # one node says nothing


def test_the_page_lists_the_legs_that_the_address_names(person: Client, run: Run) -> None:
    matrix = JobNode.objects.get(key="ship.0/test")
    address = f"/rosa/widget/actions/runs/{run.pk}?view=graph"
    bad = Job.objects.get(name="ship / test (b)")
    page = person.get(f"{address}&open={matrix.pk}").content.decode()
    assert f'<a class="leg" href="/rosa/widget/actions/runs/{run.pk}/job/{bad.pk}">' in page
    assert 'aria-expanded="true" aria-label="Jobs of test"' in page
    page = person.get(address).content.decode()
    assert 'class="leg" href' not in page.split('id="jobview"')[1]
    assert f'href="?view=graph&amp;open={matrix.pk}#jobs"' in page
    assert ">ship</text>" in page
