"""From a cancel to the end of its container, for a step that needs no grace."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from bench import way
from bench.floor import Floor
from bench.measurement import Measurement, Samples
from tests.services.docker import IMAGE
from tests.services.stack import Project, Stack, eventually

NUMBER = 11
WHAT = "cancel → the job's container is gone"
GOAL = None
MOST_P95 = 1.0

_SECONDS = 600


def measure(samples: int) -> Measurement:
    """Cancel a job, kill a container, in turns."""
    client = way.engine()
    ours, floor = [], []
    with tempfile.TemporaryDirectory(prefix="forge-bench-") as scratch, Stack(Path(scratch), bridge=True) as stack:
        stack.runner("cold", backend="docker", labels="cold", image=IMAGE)
        with Floor(client, way.how_made(client, stack), Path(scratch) / "floor") as bare:
            project = way.project_of(stack, "cold", 1, f"sleep {_SECONDS}")
            for _ in range(samples):
                ours.append(cancelled(client, project))
                floor.append(bare.kill())
    client.close()
    return Measurement(Samples("cancel → gone", tuple(ours)), Samples("kill + remove", tuple(floor)))


def cancelled(client: Any, project: Project) -> float:
    """Seconds from the call that cancels a run until the engine no longer knows its container."""
    run = project.run(project.push())
    project.says(run["id"], "bench", "##[endgroup]")
    [name] = eventually(project.stack.containers, what="the job's container")
    container = client.containers.get(name)
    started = time.monotonic()
    project.stack.api(project.path(f"/runs/{run['id']}/cancel"), "POST").raise_for_status()
    container.wait(condition="removed", timeout=60)
    taken = time.monotonic() - started
    project.completed(run["id"])
    return taken
