"""GitHub's clients for JavaScript, in the steps of ``walk.mjs``, against a real server."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.absent import absent
from tests.clients.walks.walk import ORGANIZATION, SECRET
from tests.services.stack import LOGIN, Project, Stack, clean

pytestmark = [pytest.mark.clients, pytest.mark.timeout(240)]

FOLDER = Path(__file__).resolve().parent
STEPS = [
    "secrets and variables",
    "a run, its jobs and its logs",
    "cancel and run again",
    "workflows, and what is refused",
    "an environment",
    "an organisation",
    "runners",
    "pages",
]


@pytest.fixture
def node() -> str:
    """The program, with the clients beside it."""
    found = shutil.which("node")
    if found is None:
        absent("Node.js is not on this machine")
    if not (FOLDER / "node_modules" / ".package-lock.json").is_file():
        absent(f"GitHub's clients are not there: npm ci --ignore-scripts --prefix {FOLDER}")
    return found


@pytest.mark.parametrize("client", ["octokit-rest", "actions-github"])
def test_a_walk(stack: Stack, project: Project, node: str, client: str) -> None:
    where = {
        "WALK_API": f"{stack.url}/api/v3",
        "WALK_TOKEN": stack.token,
        "WALK_OWNER": LOGIN,
        "WALK_REPO": project.name,
        "WALK_ORGANIZATION": ORGANIZATION,
        "WALK_SECRET": SECRET,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    done = subprocess.run(
        [node, "walk.mjs", client], cwd=FOLDER, env=clean(where), text=True, capture_output=True, timeout=200
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert done.stdout.splitlines() == STEPS
