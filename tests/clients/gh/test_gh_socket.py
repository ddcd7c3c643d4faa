"""gh over the unix socket of the server: no certificate, no port."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clients.gh.conftest import Ended, Gh, Site, lines, matches
from tests.clients.gh.words import CI, FILES, GATE, JOB, VIEW
from tests.services.stack import LOGIN, eventually

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def ended(site: Site) -> Ended:
    """One for both versions."""
    return Ended(site)


def test_everything_goes_over_the_socket(gh_by_socket: Gh, ended: Ended, site: Site) -> None:
    gh, at = gh_by_socket, ["-R", ended.name]
    assert f"✓ Logged in to {site.host}" in gh("auth", "status")
    assert "SSL_CERT_FILE" not in gh.environment
    matches(gh("run", "list", *at), ended.words("completed\tfailure\tBegin\tCI\tmain\tpush\t{run}\t<took>\t<age>\n"))
    matches(gh("run", "view", ended.run, *at), ended.words(VIEW))
    matches(gh("run", "view", "--job", str(ended.ids["build"]), *at), ended.words(JOB))
    whole = gh("run", "view", ended.run, "--log", *at)
    assert "hello world" in whole
    failed = gh("run", "view", ended.run, "--log-failed", *at)  # a redirect
    assert "##[error]broken" in failed
    assert set(failed.splitlines()) < set(whole.splitlines())
    watched = gh.run("run", "watch", ended.run, "--exit-status", *at)
    assert (watched.status, watched.out) == (1, f"Run CI ({ended.run}) has already completed with 'failure'\n")
    matches(gh("workflow", "list", *at), "CI\tactive\t<id>\n")
    assert gh("workflow", "view", "ci.yml", "--yaml", *at).strip() == CI.strip()
    assert gh("workflow", "disable", "CI", *at) + gh("workflow", "list", *at) == ""
    assert gh("workflow", "enable", "CI", *at) == ""
    assert f"\t{ended.name}\t" in f"\t{gh('repo', 'list', LOGIN, '--limit', '100')}"
    assert json.loads(gh("repo", "view", ended.name, "--json", "viewerPermission")) == {"viewerPermission": "ADMIN"}
    assert gh("secret", "set", "TOKEN", "--body", "x", *at) == ""
    matches(gh("secret", "list", *at), "TOKEN\t<any>\n")
    assert gh("secret", "delete", "TOKEN", *at) == ""
    assert gh("secret", "set", "BOTH", "--body", "x", "--visibility", "all", "--org", "acme") == ""
    matches(gh("secret", "list", "--org", "acme"), "BOTH\t<any>\tALL\n")
    assert gh("secret", "delete", "BOTH", "--org", "acme") == ""
    assert f"{LOGIN}/" in gh("api", "--paginate", "user/repos?per_page=1", "--jq", ".[].full_name")


def test_runs_are_started_cancelled_and_run_again(gh_by_socket: Gh, site: Site, tmp_path: Path) -> None:
    gate = {".github/workflows/gate.yml": GATE % (tmp_path / "never")}
    ended, gh = Ended(site, {**FILES, **gate}), gh_by_socket
    assert gh("workflow", "run", "gate.yml", "-R", ended.name) == ""
    waiting = ended.project.path("/workflows/gate.yml/runs?status=in_progress")
    held = str(eventually(lambda: next(iter(site.stack.api(waiting).json()["workflow_runs"]), None))["id"])
    assert gh("run", "cancel", held, "-R", ended.name).startswith("✓ Request to cancel workflow")
    assert ended.project.completed(int(held))["conclusion"] == "cancelled"
    assert gh("run", "rerun", ended.run, "--failed", "-R", ended.name) == ""
    eventually(lambda: ended.project.run_state(int(ended.run))["run_attempt"] == 2, what="attempt 2")
    watched = gh("run", "watch", ended.run, "--exit-status", "--interval", "1", "-R", ended.name)
    # without a terminal gh says at the end of what it watched no more than the steps
    assert lines(watched)[-1] in ("✓ Complete job", f"Run CI ({ended.run}) has already completed with 'success'")
    job = str(ended.project.jobs(int(ended.run))["test (two)"]["id"])
    for attempt, again in enumerate((("--job", job), (ended.run,)), 3):
        assert gh("run", "rerun", *again, "-R", ended.name) == ""
        eventually(lambda: ended.project.run_state(int(ended.run))["run_attempt"] == attempt, what=f"attempt {attempt}")  # noqa: B023 - called at once
        ended.project.completed(int(ended.run))
    assert gh("workflow", "run", "CI", "-f", "who=Ann", "-R", ended.name) == ""
    found = ended.project.path("/runs?event=workflow_dispatch")
    run = eventually(lambda: next(iter(site.stack.api(found).json()["workflow_runs"]), None))
    ended.project.completed(run["id"])
