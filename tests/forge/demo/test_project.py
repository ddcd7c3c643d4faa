"""The project that ships with the demonstration is a real one, and its workflow is one that we read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from forge.demo.push import PROJECT
from workflows.parser import parse


def test_its_own_tests_pass() -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-m", "unittest"],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Ran 5 tests" in done.stderr


def test_its_workflow_has_two_jobs_one_after_the_other() -> None:
    path = ".github/workflows/ci.yml"
    workflow = parse(Path(PROJECT, path).read_bytes(), path)
    assert {job.id: job.needs for job in workflow.jobs} == {"test": (), "package": ("test",)}
