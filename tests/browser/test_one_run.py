"""Four doors, one truth: curl, git, a browser and a feed reader see the same run."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest

from tests.browser.conftest import Opened
from tests.services.stack import LOGIN, Project, Stack

pytestmark = pytest.mark.browser

WORKFLOW = """\
name: Agree
on: push
jobs:
  {name}:
    runs-on: ubuntu-latest
    steps:
      - run: exit {status}
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A public repository on a Forge with a host runner."""
    with Stack(tmp_path / "stack") as stack:
        stack.runner()
        yield stack.repository({})


def by_curl(project: Project, sha: str) -> dict[str, Any]:
    url = f"{project.stack.url}/api/v3{project.path(f'/runs?head_sha={sha}')}"
    out = subprocess.run(["curl", "-sf", "--noproxy", "*", url], capture_output=True, check=True).stdout
    [run] = json.loads(out)["workflow_runs"]
    return dict(run)


def by_feed(project: Project, run: dict[str, Any]) -> Any:
    feed = feedparser.parse(f"{project.stack.url}/{LOGIN}/{project.name}/actions.atom")
    assert not feed.bozo
    [entry] = [one for one in feed.entries if one.link == run["html_url"]]
    return entry


@pytest.mark.parametrize(("status", "conclusion", "word"), [(0, "success", "Success"), (3, "failure", "Failed")])
def test_they_agree(project: Project, visited: Opened, status: int, conclusion: str, word: str) -> None:
    files = {".github/workflows/agree.yml": WORKFLOW.format(name="only", status=status)}
    sha = project.push(files, message=f"Ends with {status}")
    done = project.completed(project.run(sha)["id"])

    seen = by_curl(project, sha)
    assert (seen["status"], seen["conclusion"], seen["run_number"]) == ("completed", conclusion, done["run_number"])
    assert seen["head_sha"] == project.git("ls-remote", "origin", "refs/heads/main").split()[0] == sha

    entry = by_feed(project, seen)
    assert f"#{seen['run_number']}" in entry.title
    assert "completed" in entry.summary
    assert conclusion in entry.summary
    updated = datetime.fromisoformat(entry.updated).replace(microsecond=0)
    assert updated == datetime.fromisoformat(seen["updated_at"]).replace(microsecond=0)

    page = visited().new_page()
    page.goto(seen["html_url"])
    text = page.inner_text("body")
    assert f"#{seen['run_number']}" in text
    assert word in text
    assert sha[:7] in text
    times = {datetime.fromisoformat(one.get_attribute("datetime") or "") for one in page.query_selector_all("time")}
    assert datetime.fromisoformat(seen["run_started_at"]) in {one.replace(microsecond=0) for one in times} | times
