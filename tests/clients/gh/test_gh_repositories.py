"""`gh auth …`, `gh repo …`, `gh org …` and `gh api …`, over TLS."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.clients.gh.conftest import Gh, Site, lines, matches
from tests.services.stack import LOGIN, UNLIMITED, Project

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def project(site: Site) -> Project:
    """One for all tests that only look."""
    return site.project({"README.md": "# Hello\n\nSays *it*.\n"}, "hello")


def test_login(site: Site, gh: Gh) -> None:
    for name in ("GH_HOST", "GH_ENTERPRISE_TOKEN"):
        del gh.environment[name]
    assert gh.run("auth", "status").status == 1
    assert gh("auth", "login", "--hostname", site.host, "--with-token", input=site.stack.token + "\n") == ""
    status = gh("auth", "status")
    assert f"✓ Logged in to {site.host}" in status
    assert LOGIN in status
    if not gh.is_new:  # a newer one tells the scopes of tokens that look like GitHub's
        assert "✓ Token scopes: admin:org, read:org, repo, user, workflow" in status
    assert gh("auth", "token", "--hostname", site.host) == site.stack.token + "\n"
    assert gh("api", "user", "--hostname", site.host, "--jq", ".login") == f"{LOGIN}\n"
    wrong = gh.run("auth", "login", "--hostname", site.host, "--with-token", input="shp_wrong\n")
    assert wrong.status == 1
    assert "HTTP 401: Bad credentials" in wrong.err
    weak = site.stack.forge("token", "create", LOGIN, "--scopes", "repo").strip()
    weak_login = gh.run("auth", "login", "--hostname", site.host, "--with-token", input=weak + "\n")
    assert (weak_login.status, "missing required scope 'read:org'" in weak_login.err) == (1, True)


def test_with_a_token_in_the_environment(gh: Gh, site: Site) -> None:
    status = gh("auth", "status", "--hostname", site.host)
    assert f"✓ Logged in to {site.host}" in status
    assert "GH_ENTERPRISE_TOKEN" in status


def test_view_and_list(gh: Gh, project: Project) -> None:
    matches(
        gh("repo", "view", f"{LOGIN}/hello"),
        f"name:\t{LOGIN}/hello\ndescription:\t\n--\n# Hello\n\nSays *it*.\n\n",
    )
    fields = "name,owner,defaultBranchRef,isEmpty,isPrivate,viewerPermission,url,languages,latestRelease"
    shown = json.loads(gh("repo", "view", "hello", "--json", fields))
    assert shown.pop("owner")["login"] == LOGIN
    assert shown == {
        "name": "hello",
        "defaultBranchRef": {"name": "main"},
        "isEmpty": False,
        "isPrivate": False,
        "viewerPermission": "ADMIN",
        "url": f"https://{gh.site.host}/{LOGIN}/hello",
        "languages": [],
        "latestRelease": None,
    }
    rows = [line.split("\t") for line in gh("repo", "list").splitlines()]
    assert [f"{LOGIN}/hello", "", "public"] in [row[:3] for row in rows]
    assert gh("repo", "list", "--limit", "1").count("\n") == 1
    assert gh("repo", "list", LOGIN, "--fork") == ""
    assert gh("repo", "list", LOGIN, "--archived") == ""
    lost = gh.run("repo", "view", f"{LOGIN}/nothing")
    assert (lost.status, lost.out) == (1, "")
    assert f"Could not resolve to a Repository with the name '{LOGIN}/nothing'." in lost.err
    nobody = gh.run("repo", "list", "nobody-here")
    assert nobody.out == ""
    if gh.is_new:
        assert "was not recognized as either a GitHub user or an organization" in nobody.err


def test_create_clone_and_push(gh: Gh, site: Site, tmp_path: Path) -> None:
    name = f"made-by-{'new' if gh.is_new else 'old'}-{tmp_path.parent.name}-gh"
    url = f"https://{site.host}/{LOGIN}/{name}"
    assert gh("repo", "create", name, "--private", "--description", "For work").strip() == url
    assert gh("repo", "create", f"acme/{name}", "--public").strip() == f"https://{site.host}/acme/{name}"
    taken = gh.run("repo", "create", name, "--private")
    assert (taken.status, taken.out) == (1, "")
    assert "name already exists on this account" in taken.err

    # A private one is cloned with what gh tells git.
    helper = ["-c", "credential.helper=", "-c", f"credential.helper=!{gh.program} auth git-credential"]
    place = tmp_path / "clone"
    said = gh("repo", "clone", f"{LOGIN}/{name}", str(place), "--", *helper)
    assert said == f"Cloning into '{place}'...\nwarning: You appear to have cloned an empty repository.\n"
    (place / "README.md").write_text("# New\n")
    who = ["-c", "user.name=Alice", "-c", "user.email=alice@example.org"]
    for command in (["add", "-A"], ["commit", "-q", "-m", "Begin"], ["push", "-q", "origin", "HEAD:main"]):
        subprocess.run(["git", *helper, *who, *command], cwd=place, env=gh.environment, check=True)
    assert json.loads(gh("repo", "view", "--json", "isEmpty,isPrivate,description", cwd=place)) == {
        "isEmpty": False,
        "isPrivate": True,
        "description": "For work",
    }
    assert gh("repo", "edit", "--description", "Other words", cwd=place) == ""
    assert lines(gh("repo", "view", cwd=place))[:2] == [f"name:\t{LOGIN}/{name}", "description:\tOther words"]


def test_api(gh: Gh, site: Site, project: Project) -> None:
    names = [one["full_name"] for one in site.stack.api("/user/repos?per_page=100").json()]
    assert len(names) > 1
    assert gh("api", "--paginate", "user/repos?per_page=1", "--jq", ".[].full_name").splitlines() == names
    assert gh("api", f"repos/{LOGIN}/hello", "--jq", ".visibility") == "public\n"
    query = """query($endCursor: String) {viewer{repositories(first: 1, after: $endCursor) {
        nodes{name} pageInfo{hasNextPage endCursor}
    }}}"""
    paged = gh("api", "graphql", "--paginate", "-f", f"query={query}", "--jq", ".data.viewer.repositories.nodes[].name")
    mine = [name.split("/")[1] for name in names if name.startswith(f"{LOGIN}/")]
    assert sorted(paged.splitlines()) == sorted(mine)
    lost = gh.run("api", "repos/alice/nothing")
    assert (lost.status, lost.err) == (1, "gh: Not Found (HTTP 404)\n")
    assert json.loads(lost.out)["status"] == "404"
    headers = gh("api", "--include", "rate_limit")
    assert f"X-Ratelimit-Limit: {UNLIMITED}" in headers.replace("\r", "")


def test_organizations(new_gh: Gh) -> None:
    assert new_gh("org", "list").strip() == "acme"
