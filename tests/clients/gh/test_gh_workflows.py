"""`gh workflow …` with -R, over TLS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.gh.conftest import Ended, Gh, Site, lines, matches
from tests.clients.gh.words import CI
from tests.services.stack import eventually

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def ended(site: Site) -> Ended:
    """One project for all of them."""
    return Ended(site)


@pytest.fixture
def on(gh: Gh, ended: Ended) -> Callable[..., str]:
    """gh, asked about that project."""
    return lambda *arguments, **more: gh(*arguments, "-R", ended.name, **more)


def test_list_and_view(on: Callable[..., str], ended: Ended, gh: Gh) -> None:
    matches(on("workflow", "list"), "CI\tactive\t<id>\n")
    for name in ("CI", "ci.yml"):
        heading, identity, total, recent, *rows = lines(on("workflow", "view", name))
        assert (heading, recent) == ("CI - ci.yml", "Recent runs")
        matches(identity, "ID: <id>")
        matches(total, "Total runs <id>")
        assert any(row.split("\t")[:3] == ["completed", "failure", "Begin"] for row in rows)
    assert on("workflow", "view", "ci.yml", "--yaml").strip() == CI.strip()
    assert on("workflow", "view", "ci.yml", "--yaml", "--ref", "main").strip() == CI.strip()
    lost = gh.run("workflow", "view", "nothing.yml", "-R", ended.name)
    assert (lost.status, lost.out) == (1, "")
    assert "HTTP 404: Not Found" in lost.err or "could not find any workflows" in lost.err


def test_switched_off_and_on(on: Callable[..., str], ended: Ended, gh: Gh) -> None:
    assert on("workflow", "disable", "CI") == ""
    assert on("workflow", "list") == ""
    matches(on("workflow", "list", "--all"), "CI\tdisabled_manually\t<id>\n")
    refused = gh.run("workflow", "run", "ci.yml", "-f", "who=x", "-R", ended.name)
    assert refused.status == 1
    assert "could not create workflow dispatch event: HTTP" in refused.err or "could not find" in refused.err
    assert on("workflow", "enable", "CI") == ""
    matches(on("workflow", "list"), "CI\tactive\t<id>\n")


def test_run_with_inputs(on: Callable[..., str], ended: Ended, gh: Gh) -> None:
    said = []
    for arguments, given in (
        (("-f", "who=Ann", "-f", "level=high"), ""),  # asks GraphQL for the default branch
        (("--json", "--ref", "main"), json.dumps({"who": "Json"})),
    ):
        before = newest(ended)
        assert on("workflow", "run", "ci.yml", *arguments, input=given) == ""
        run = eventually(lambda before=before: next(iter(set(newest(ended)) - set(before)), None))  # type: ignore[misc]
        ended.project.completed(run)
        job = ended.project.jobs(run)["Build it"]
        said += [line.partition(" ")[2].strip() for line in ended.project.log(job["id"]).splitlines()]
    assert {"hello Ann high", "hello Json low"} <= set(said)
    refused = gh.run("workflow", "run", "ci.yml", "-f", "level=low", "-R", ended.name)
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith(
        "could not create workflow dispatch event: HTTP 422: Required input 'who' not provided"
    )
    refused = gh.run("workflow", "run", "ci.yml", "-f", "who=x", "--ref", "nothing", "-R", ended.name)
    assert refused.err.startswith("could not create workflow dispatch event: HTTP 422: No ref found for: nothing")


def newest(ended: Ended) -> list[Any]:
    """The runs that were dispatched."""
    found = ended.project.stack.api(ended.project.path("/runs?event=workflow_dispatch")).json()
    return [run["id"] for run in found["workflow_runs"]]
