"""`gh secret …`, `gh variable …` and `gh cache …`, over TLS; what was set is what a job sees."""

from __future__ import annotations

import pytest

from tests.clients.gh.conftest import Gh, Site, matches
from tests.clients.gh.words import FILES, SEES
from tests.services.stack import LOGIN, Project, eventually

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]


@pytest.fixture
def project(site: Site) -> Project:
    made = site.project({**FILES, ".github/workflows/ci.yml": SEES})
    assert site.stack.api(f"/repos/{LOGIN}/{made.name}/environments/prod", "PUT", {}).status_code == 200
    return made


def test_secrets_of_a_repository_and_an_environment(gh: Gh, project: Project) -> None:
    for where in ([], ["--env", "prod"]):
        at = [*where, "-R", f"{LOGIN}/{project.name}"]
        assert gh("secret", "list", *at) == ""
        assert gh("secret", "set", "token", "--body", "first", *at) == ""
        assert gh("secret", "set", "OTHER", *at, input="from the standard input") == ""
        matches(gh("secret", "list", *at), "OTHER\t<any>\nTOKEN\t<any>\n")
        assert gh("secret", "set", "TOKEN", "--body", "second", *at) == ""
        assert gh("secret", "delete", "OTHER", *at) == ""
        matches(gh("secret", "list", *at), "TOKEN\t<any>\n")
        lost = gh.run("secret", "delete", "OTHER", *at)
        assert (lost.status, lost.out) == (1, "")
        assert lost.err.startswith("failed to delete secret OTHER: HTTP 404: Not Found")


def test_what_was_set_is_what_a_job_sees(site: Site, new_gh: Gh, project: Project) -> None:
    at = ["-R", f"{LOGIN}/{project.name}"]
    new_gh("secret", "set", "TOKEN", "--body", "s3cret, all of it", *at)
    new_gh("variable", "set", "COLOUR", "--body", "green", *at)
    new_gh("workflow", "run", "ci.yml", *at)
    run = eventually(lambda: next(iter(site.stack.api(project.path("/runs")).json()["workflow_runs"]), None))
    assert project.completed(run["id"])["conclusion"] == "success"
    log = project.log(project.jobs(run["id"])["look"]["id"])
    assert "Z the secret is right\n" in log
    assert "Z the colour is green\n" in log
    assert "s3cret, all" not in log.replace('"s3cret, all of it"', "")


def test_variables_of_a_repository_and_an_environment(new_gh: Gh, project: Project) -> None:
    for where in ([], ["--env", "prod"]):
        at = [*where, "-R", f"{LOGIN}/{project.name}"]
        assert new_gh("variable", "set", "colour", "--body", "blue", *at) == ""
        matches(new_gh("variable", "list", *at), "COLOUR\tblue\t<any>\n")
        assert new_gh("variable", "set", "COLOUR", "--body", "green", *at) == ""
        matches(new_gh("variable", "list", *at), "COLOUR\tgreen\t<any>\n")
        assert new_gh("variable", "delete", "COLOUR", *at) == ""
        assert new_gh("variable", "list", *at) == ""


def test_secrets_of_an_organization(site: Site, gh: Gh) -> None:
    for name in ("one", "two"):
        site.stack.api("/orgs/acme/repos", "POST", {"name": name})  # there already for the second gh
    at = ["--org", "acme"]
    assert gh("secret", "set", "ALL", "--body", "x", "--visibility", "all", *at) == ""
    assert gh("secret", "set", "PRIVATE", "--body", "x", *at) == ""
    assert gh("secret", "set", "SOME", "--body", "x", "--repos", "one,two", *at) == ""
    matches(
        gh("secret", "list", *at),
        "ALL\t<any>\tALL\nPRIVATE\t<any>\tPRIVATE\nSOME\t<any>\tSELECTED\n",
    )
    chosen = site.stack.api("/orgs/acme/actions/secrets/SOME/repositories").json()
    assert {one["name"] for one in chosen["repositories"]} == {"one", "two"}
    lost = gh.run("secret", "set", "SOME", "--body", "x", "--repos", "one,nothing", *at)
    assert lost.status == 1
    assert "could not find acme/repo_001" in lost.err or "Could not resolve to a Repository" in lost.err
    for name in ("ALL", "PRIVATE", "SOME"):
        assert gh("secret", "delete", name, *at) == ""
    assert gh("secret", "list", *at) == ""


def test_variables_of_an_organization(site: Site, new_gh: Gh) -> None:
    site.stack.api("/orgs/acme/repos", "POST", {"name": "one"})
    at = ["--org", "acme"]
    assert new_gh("variable", "set", "COLOUR", "--body", "blue", "--repos", "one", *at) == ""
    matches(new_gh("variable", "list", *at), "COLOUR\tblue\t<any>\tSELECTED\n")
    assert new_gh("variable", "set", "COLOUR", "--body", "red", "--visibility", "all", *at) == ""
    matches(new_gh("variable", "list", *at), "COLOUR\tred\t<any>\tALL\n")
    assert new_gh("variable", "delete", "COLOUR", *at) == ""
    assert new_gh("variable", "list", *at) == ""


def test_caches(site: Site, new_gh: Gh, project: Project) -> None:
    at = ["-R", f"{LOGIN}/{project.name}"]
    assert new_gh("cache", "list", *at) == ""
    site.tell(
        "from forge.artifacts import caches\n"
        "from forge.repos.models import Repository\n"
        f"repository = Repository.objects.get(name={project.name!r})\n"
        "for key in ('node-1', 'node-2', 'pip-1'):\n"
        "    caches.add(repository, 'refs/heads/main', key, 'v1', b'x' * 2048)\n"
    )
    shown = new_gh("cache", "list", *at).splitlines()
    assert sorted(line.split("\t")[1] for line in shown) == ["node-1", "node-2", "pip-1"]
    assert {line.split("\t")[2] for line in shown} == {"2.00 KiB"}
    number = next(line.split("\t")[0] for line in shown if "node-2" in line)
    assert new_gh("cache", "delete", number, *at) == ""
    assert new_gh("cache", "delete", "node-1", *at) == ""
    assert [line.split("\t")[1] for line in new_gh("cache", "list", *at).splitlines()] == ["pip-1"]
    lost = new_gh.run("cache", "delete", "node-1", *at)
    assert (lost.status, lost.err) == (1, f"X Could not find a cache matching node-1 in {LOGIN}/{project.name}\n")
    assert new_gh("cache", "delete", "--all", *at) == ""
    assert new_gh("cache", "list", *at) == ""
    lost = new_gh.run("cache", "delete", "--all", *at)
    assert (lost.status, lost.err) == (1, "X No caches to delete\n")
