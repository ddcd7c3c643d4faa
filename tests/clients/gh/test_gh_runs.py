"""`gh run …` with -R, over TLS: every word that it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.gh.conftest import Ended, Gh, Site, lines, matches
from tests.clients.gh.words import FILES, GATE, JOB, VIEW
from tests.services.stack import LOGIN, eventually

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def ended(site: Site) -> Ended:
    """One for all tests that only look."""
    return Ended(site)


@pytest.fixture
def on(gh: Gh, ended: Ended) -> Callable[..., str]:
    """gh, asked about that project."""
    return lambda *arguments: gh(*arguments, "-R", ended.name)


def test_list(on: Callable[..., str], ended: Ended, gh: Gh) -> None:
    line = "completed\tfailure\tBegin\tCI\tmain\tpush\t{run}\t<took>\t<age>\n"
    matches(on("run", "list"), ended.words(line))
    matches(on("run", "list", "--workflow", "CI", "--branch", "main", "--limit", "1"), ended.words(line))
    assert on("run", "list", "--branch", "other") == ""
    if gh.is_new:
        for option in (("status", "failure"), ("event", "push"), ("user", LOGIN), ("commit", ended.sha)):
            matches(on("run", "list", f"--{option[0]}", option[1]), ended.words(line))
        matches(on("run", "list", "--created", ">=2026-01-01"), ended.words(line))
        for option in (("status", "success"), ("event", "schedule"), ("commit", "0" * 40), ("created", "<2026-01-01")):
            assert on("run", "list", f"--{option[0]}", option[1]) == ""
    fields = "conclusion,databaseId,displayTitle,event,headBranch,headSha,status,url,workflowName"
    [shown] = json.loads(on("run", "list", "--json", fields))
    assert shown == {
        "conclusion": "failure",
        "databaseId": int(ended.run),
        "displayTitle": "Begin",
        "event": "push",
        "headBranch": "main",
        "headSha": ended.sha,
        "status": "completed",
        "url": ended.url,
        "workflowName": "CI",
    }


def test_view(on: Callable[..., str], ended: Ended, gh: Gh) -> None:
    matches(on("run", "view", ended.run), ended.words(VIEW))
    matches(on("run", "view", "--job", str(ended.ids["build"])), ended.words(JOB))
    verbose = on("run", "view", ended.run, "--verbose")
    assert lines(verbose).count("✓ Complete job") == 3
    assert "✓ Say hello" in lines(verbose)
    shown = json.loads(on("run", "view", ended.run, "--json", "jobs,conclusion,number"))
    assert (shown["conclusion"], shown["number"]) == ("failure", 1)
    assert [(job["name"], job["conclusion"]) for job in shown["jobs"]] == [
        ("Build it", "success"),
        ("test (one)", "success"),
        ("test (two)", "failure"),
    ]
    assert [step["name"] for step in shown["jobs"][2]["steps"]] == ["Set up job", "Try", "Complete job"]
    assert gh.run("run", "view", ended.run, "--exit-status", "-R", ended.name).status == 1
    lost = gh.run("run", "view", "999999", "-R", ended.name)
    assert (lost.status, lost.out) == (1, "")
    assert lost.err.startswith("failed to get run: HTTP 404: Not Found (https://")


def test_logs(on: Callable[..., str], ended: Ended, gh: Gh) -> None:
    whole = [line.split("\t") for line in on("run", "view", ended.run, "--log").splitlines()]
    assert list(dict.fromkeys((job, step) for job, step, _ in whole)) == [
        ("Build it", "Set up job"),
        ("Build it", "Say hello"),
        ("Build it", "Complete job"),
        ("test (one)", "Set up job"),
        ("test (one)", "Try"),
        ("test (one)", "Complete job"),
        ("test (two)", "Set up job"),
        ("test (two)", "Try"),
        ("test (two)", "Complete job"),
    ]
    assert ["Build it", "Say hello", "hello world"] in [[job, step, text[29:].strip()] for job, step, text in whole]
    failed = [line.split("\t") for line in on("run", "view", ended.run, "--log-failed").splitlines()]
    assert {(job, step) for job, step, _ in failed} == {("test (two)", "Try")}
    said = [text[29:] for _, _, text in failed]
    assert said[-3:] == ["trying two", "##[error]broken", "##[error]Process completed with exit code 1."]
    two = str(ended.ids["two"])
    of_job = on("run", "view", "--job", two, "--log")
    assert of_job.splitlines() == ["\t".join(line) for line in whole if line[0] == "test (two)"]
    assert on("run", "view", "--job", two, "--log-failed").splitlines() == ["\t".join(line) for line in failed]


def test_watch_what_is_over(ended: Ended, gh: Gh) -> None:
    said = gh.run("run", "watch", ended.run, "--exit-status", "-R", ended.name)
    assert (said.status, said.out) == (1, f"Run CI ({ended.run}) has already completed with 'failure'\n")


def test_nothing_to_download(ended: Ended, gh: Gh) -> None:
    for which in ([ended.run], []):
        said = gh.run("run", "download", *which, "-R", ended.name)
        assert (said.status, said.out + said.err) == (1, "no valid artifacts found to download\n")
    said = gh.run("run", "download", ended.run, "--name", "report", "-R", ended.name)
    assert (said.status, said.out) == (1, "")


def test_artifacts_are_downloaded(site: Site, gh: Gh, tmp_path: Path) -> None:
    ended = Ended(site)
    site.tell(
        "import io, zipfile\n"
        "from forge.actions.models import Job\n"
        "from forge.artifacts import artifacts\n"
        "made = io.BytesIO()\n"
        "with zipfile.ZipFile(made, 'w') as one: one.writestr('results/a.txt', 'all is well')\n"
        f"artifacts.add(Job.objects.get(pk={ended.ids['build']}), 'report', made.getvalue())\n"
    )
    assert gh("run", "download", ended.run, "--dir", str(tmp_path / "one"), "-R", ended.name) == ""
    assert (tmp_path / "one" / "report" / "results" / "a.txt").read_text() == "all is well"
    assert gh("run", "download", "--name", "report", "--dir", str(tmp_path / "two"), "-R", ended.name) == ""
    assert (tmp_path / "two" / "results" / "a.txt").read_text() == "all is well"
    shown = gh("run", "view", ended.run, "-R", ended.name)
    assert lines(shown)[lines(shown).index("ARTIFACTS") + 1] == "report"


def test_run_again(site: Site, gh: Gh) -> None:
    ended = Ended(site)

    def attempt(number: int) -> dict[str, Any]:
        look = ended.project.run_state
        eventually(lambda: look(int(ended.run))["run_attempt"] == number, what=f"attempt {number}")
        return ended.project.completed(int(ended.run))

    assert gh("run", "rerun", ended.run, "--failed", "-R", ended.name) == ""
    assert attempt(2)["conclusion"] == "success"
    jobs = ended.project.jobs(int(ended.run))
    assert gh("run", "rerun", "--job", str(jobs["test (two)"]["id"]), "-R", ended.name) == ""
    assert attempt(3)["conclusion"] == "success"
    assert gh("run", "rerun", ended.run, "-R", ended.name) == ""
    assert attempt(4)["conclusion"] == "success"
    refused = gh.run("run", "rerun", ended.run, "--failed", "-R", ended.name)
    assert (refused.status, refused.out) == (1, "")
    assert refused.err == f"run {ended.run} cannot be rerun; its workflow file may be broken\n"
    if gh.is_new:
        first = gh("run", "view", ended.run, "--attempt", "1", "-R", ended.name)
        assert f"View this run on GitHub: {ended.url}/attempts/1" in lines(first)
        assert "X broken" in lines(first)


def test_watch_and_cancel(site: Site, gh: Gh, tmp_path: Path) -> None:
    gate = tmp_path / "open"
    project = site.project({**FILES, ".github/workflows/gate.yml": GATE % gate})
    name = f"{LOGIN}/{project.name}"

    def started(number: int) -> str:
        gh("workflow", "run", "gate.yml", "--ref", "main", "-R", name)

        def look() -> str:
            runs = project.stack.api(project.path("/workflows/gate.yml/runs?status=in_progress")).json()[
                "workflow_runs"
            ]
            return str(runs[0]["id"]) if runs and runs[0]["run_number"] == number else ""

        return eventually(look)

    run = started(1)
    with gh.terminal("run", "watch", run, "--interval", "1", "--exit-status", "-R", name) as watching:
        watching.wait_for("* main Gate · " + run)
        watching.wait_for("* wait (ID ")
        gate.touch()
        watching.wait_for("✓ main Gate · " + run)
        watching.wait_for("✓ wait in ")
        status, said = watching.end()
    assert (status, lines(said)[-1]) == (0, f"✓ Run Gate ({run}) completed with 'success'")

    gate.unlink()
    run = started(2)
    which = f" {run}" if gh.is_new else ""
    assert gh("run", "cancel", run, "-R", name) == f"✓ Request to cancel workflow{which} submitted.\n"
    assert project.completed(int(run))["conclusion"] == "cancelled"
    refused = gh.run("run", "cancel", run, "-R", name)
    assert (refused.status, refused.err) == (1, "Cannot cancel a workflow run that is completed\n")
    watched = gh.run("run", "watch", run, "--exit-status", "-R", name)
    assert (watched.status, watched.out) == (1, f"Run Gate ({run}) has already completed with 'cancelled'\n")


def test_delete(site: Site, new_gh: Gh) -> None:
    ended = Ended(site)
    assert new_gh("run", "delete", ended.run, "-R", ended.name) == "✓ Request to delete workflow submitted.\n"
    assert new_gh("run", "list", "-R", ended.name) == ""
    lost = new_gh.run("run", "delete", ended.run, "-R", ended.name)
    assert (lost.status, lost.err) == (1, f"could not find any workflow run with ID {ended.run}\n")
