"""gh as a person uses it: on a terminal inside a clone, where it asks back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.gh.conftest import Ended, Gh, Site, lines, matches
from tests.clients.gh.words import ASK, CI, GATE, VIEW
from tests.services.stack import LOGIN, eventually
from tests.services.terminal import DOWN, ENTER

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]


@pytest.fixture
def ended(site: Site) -> Ended:
    return Ended(site, {".github/workflows/ask.yml": ASK})


@pytest.fixture
def clone(gh: Gh, ended: Ended) -> Path:
    return gh.clone(ended.project)


def says(gh: Gh, clone: Path, *arguments: str) -> str:
    """What a command that asks nothing says there."""
    with gh.terminal(*arguments, cwd=clone) as terminal:
        status, said = terminal.end()
    assert status == 0, said
    return said


def test_a_run_is_chosen_and_shown(gh: Gh, ended: Ended, clone: Path) -> None:
    heading, row = lines(says(gh, clone, "run", "list"))
    assert heading.split()[:5] == ["STATUS", "TITLE", "WORKFLOW", "BRANCH", "EVENT"]
    assert row.split()[:6] == ["X", "Begin", "CI", "main", "push", ended.run]
    assert lines(says(gh, clone, "run", "view", ended.run))[-1] == f"View this run on GitHub: {ended.url}"

    with gh.terminal("run", "view", cwd=clone) as terminal:
        terminal.wait_for("Select a workflow run")
        terminal.wait_for("X Begin, CI (main)")
        terminal.type(ENTER)
        terminal.wait_for("View a specific job in this run?")
        terminal.wait_for("X test (two)")
        terminal.type(ENTER)  # all of them
        terminal.wait_for("JOBS")
        status, said = terminal.end()
    assert status == 0
    matches("\n".join(lines(said)[-len(lines(VIEW)) :]), "\n".join(lines(ended.words(VIEW))))

    with gh.terminal("run", "view", "--log", cwd=clone) as terminal:
        terminal.wait_for("Select a workflow run")
        terminal.type(ENTER)
        terminal.wait_for("View a specific job in this run?")
        terminal.type(DOWN + ENTER)
        terminal.wait_for("hello world")
        status, said = terminal.end()
    assert status == 0
    assert "trying" not in said


def test_a_run_is_chosen_and_run_again(gh: Gh, ended: Ended, clone: Path) -> None:
    with gh.terminal("run", "rerun", cwd=clone) as terminal:
        terminal.wait_for("Select a workflow run")
        terminal.type(ENTER)
        terminal.wait_for(f"✓ Requested rerun of run {ended.run}")
        assert terminal.end()[0] == 0
    eventually(lambda: ended.project.run_state(int(ended.run))["run_attempt"] == 2, what="attempt 2")
    assert ended.project.completed(int(ended.run))["conclusion"] == "success"


def test_runs_are_watched_cancelled_and_run_again(site: Site, gh: Gh, tmp_path: Path) -> None:
    gate = tmp_path / "open"
    ended = Ended(site, {".github/workflows/gate.yml": GATE % gate})
    clone = gh.clone(ended.project)
    found = ended.project.path("/workflows/gate.yml/runs?status=in_progress")

    def started(*but: str) -> str:
        says(gh, clone, "workflow", "run", "gate.yml")

        def look() -> str:
            runs = [str(run["id"]) for run in site.stack.api(found).json()["workflow_runs"]]
            return next((run for run in runs if run not in but), "")

        return eventually(look)

    first = started()
    with gh.terminal("run", "watch", "--interval", "1", "--exit-status", cwd=clone) as watching:
        watching.wait_for("Select a workflow run")
        watching.type(ENTER)
        watching.wait_for("* wait (ID ")
        gate.touch()
        status, said = watching.end()
    assert (status, lines(said)[-1]) == (0, f"✓ Run Gate ({first}) completed with 'success'")

    gate.unlink()
    second = started(first)
    with gh.terminal("run", "cancel", cwd=clone) as cancelling:
        cancelling.wait_for("Select a workflow run")
        cancelling.type(ENTER)
        cancelling.wait_for("✓ Request to cancel workflow")
        assert cancelling.end()[0] == 0
    assert ended.project.completed(int(second))["conclusion"] == "cancelled"

    job = str(ended.ids["two"])
    for attempt, again in enumerate(((ended.run, "--failed"), ("--job", job)), 2):
        assert "✓ Requested rerun " in says(gh, clone, "run", "rerun", *again)
        eventually(lambda: ended.project.run_state(int(ended.run))["run_attempt"] == attempt, what=f"attempt {attempt}")  # noqa: B023 - called at once
        ended.project.completed(int(ended.run))


def test_a_workflow_is_shown(gh: Gh, ended: Ended, clone: Path) -> None:
    with gh.terminal("workflow", "view", cwd=clone) as terminal:
        terminal.wait_for("Select a workflow")
        terminal.type(DOWN + ENTER)
        terminal.wait_for("CI - ci.yml")
        assert terminal.end()[0] == 0
    assert lines(CI)[0] in says(gh, clone, "workflow", "view", "ci.yml", "--yaml")
    failed = says(gh, clone, "run", "view", ended.run, "--log-failed")
    assert "##[error]broken" in failed
    assert "hello world" not in failed
    assert f"{LOGIN}/" in says(gh, clone, "api", "--paginate", "user/repos?per_page=1", "--jq", ".[].full_name")
    assert "Logged in to" in says(gh, clone, "auth", "status")
    assert "acme" in says(gh, clone, "secret", "set", "TYPED", "--body", "x", "--visibility", "all", "--org", "acme")
    assert "TYPED" in says(gh, clone, "secret", "list", "--org", "acme")
    assert "acme" in says(gh, clone, "secret", "delete", "TYPED", "--org", "acme")


def test_a_workflow_is_chosen_and_run(gh: Gh, ended: Ended, clone: Path) -> None:
    with gh.terminal("workflow", "run", cwd=clone) as terminal:
        terminal.wait_for("Select a workflow")
        terminal.wait_for("Ask (ask.yml)")
        terminal.type(ENTER)
        terminal.wait_for("who")
        terminal.type("Ann" + ENTER)
        terminal.wait_for("✓ Created workflow_dispatch event for ask.yml at main")
        status, said = terminal.end()
    assert (status, lines(said)[-1]) == (
        0,
        "To see runs for this workflow, try: gh run list --workflow=ask.yml",
    )
    found = ended.project.path("/workflows/ask.yml/runs")
    run = eventually(lambda: next(iter(ended.project.stack.api(found).json()["workflow_runs"]), None))
    ended.project.completed(run["id"])
    assert "Z hello Ann\n" in ended.project.log(ended.project.jobs(run["id"])["answer"]["id"])

    assert lines(says(gh, clone, "workflow", "disable", "ask.yml"))[-1] == "✓ Disabled Ask"
    with gh.terminal("workflow", "enable", cwd=clone) as terminal:
        terminal.wait_for("Select a workflow")
        terminal.type(ENTER)
        terminal.wait_for("✓ Enabled Ask")
        assert terminal.end()[0] == 0
    assert [line.split()[:2] for line in lines(says(gh, clone, "workflow", "list"))[-2:]] in (
        [["Ask", "active"], ["CI", "active"]],
        [["CI", "active"], ["Ask", "active"]],
    )


def test_secrets_and_variables(gh: Gh, ended: Ended, clone: Path) -> None:
    assert lines(says(gh, clone, "secret", "set", "TOKEN", "--body", "x"))[-1] == (
        f"✓ Set Actions secret TOKEN for {ended.name}"
    )
    with gh.terminal("secret", "set", "TYPED", cwd=clone) as terminal:
        terminal.wait_for("Paste your secret")
        terminal.type("s3cret" + ENTER)
        terminal.wait_for(f"✓ Set Actions secret TYPED for {ended.name}")
        status, said = terminal.end()
    assert (status, "s3cret" in said) == (0, False)
    assert [line.split()[0] for line in lines(says(gh, clone, "secret", "list")) if line.split()[0].isupper()][-2:] == [
        "TOKEN",
        "TYPED",
    ]
    assert (
        lines(says(gh, clone, "secret", "delete", "TYPED"))[-1] == f"✓ Deleted Actions secret TYPED from {ended.name}"
    )
    if gh.is_new:
        assert lines(says(gh, clone, "variable", "set", "COLOUR", "--body", "red"))[-1] == (
            f"✓ Created variable COLOUR for {ended.name}"
        )
        assert lines(says(gh, clone, "variable", "list"))[-1].split()[:2] == ["COLOUR", "red"]
        assert lines(says(gh, clone, "cache", "list"))[-1].startswith("No caches found in")


def test_the_repository(gh: Gh, ended: Ended, clone: Path) -> None:
    said = lines(says(gh, clone, "repo", "view"))
    assert said[0] == ended.name
    assert said[-1] == f"View this repository on GitHub: https://{gh.site.host}/{ended.name}"
    shown = lines(says(gh, clone, "repo", "list", "--limit", "1"))
    assert shown[0].startswith("Showing 1 of ")
