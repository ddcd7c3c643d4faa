"""gh over the unix socket of the server: no certificate, no port."""

from __future__ import annotations

import json

import pytest

from tests.clients.gh.conftest import Ended, Gh, Site, lines, matches
from tests.clients.gh.words import JOB, VIEW
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
    assert "##[error]broken" in gh("run", "view", ended.run, "--log-failed", *at)  # a redirect
    matches(gh("workflow", "list", *at), "CI\tactive\t<id>\n")
    assert json.loads(gh("repo", "view", ended.name, "--json", "viewerPermission")) == {"viewerPermission": "ADMIN"}
    assert gh("secret", "set", "TOKEN", "--body", "x", *at) == ""
    matches(gh("secret", "list", *at), "TOKEN\t<any>\n")
    assert gh("secret", "delete", "TOKEN", *at) == ""
    assert f"{LOGIN}/" in gh("api", "--paginate", "user/repos?per_page=1", "--jq", ".[].full_name")


def test_runs_are_started_and_run_again(gh_by_socket: Gh, site: Site) -> None:
    ended, gh = Ended(site), gh_by_socket
    assert gh("run", "rerun", ended.run, "--failed", "-R", ended.name) == ""
    eventually(lambda: ended.project.run_state(int(ended.run))["run_attempt"] == 2, what="attempt 2")
    watched = gh("run", "watch", ended.run, "--exit-status", "--interval", "1", "-R", ended.name)
    # without a terminal gh says at the end of what it watched no more than the steps
    assert lines(watched)[-1] in ("✓ Complete job", f"Run CI ({ended.run}) has already completed with 'success'")
    assert gh("workflow", "run", "CI", "-f", "who=Ann", "-R", ended.name) == ""
    found = ended.project.path("/runs?event=workflow_dispatch")
    run = eventually(lambda: next(iter(site.stack.api(found).json()["workflow_runs"]), None))
    ended.project.completed(run["id"])
