"""A step writes a line: a browser that watches the job shows it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.measurement import Measurement, Samples
from bench.web.browsers import Opened
from bench.web.looks import browsers, figure
from tests.services.stack import Stack, eventually

NUMBER = 7
WHAT = "a line is written in the step → it is painted in a browser"
GOAL = None
MOST = 0.3
MOST_P95 = 1.0

#: Lines of one job: no more than stand on the screen, so that none is ever out of sight.
LINES = 25
WORKFLOW = """\
name: Tick
on: push
jobs:
  tick:
    runs-on: ubuntu-latest
    steps:
      - name: Tick
        run: |
          echo begun
          until test -e {folder}/watched; do sleep 0.1; done
          for n in $(seq 1 {lines}); do echo "tick $(date +%s.%N)"; sleep 0.2; done
"""


def measure(samples: int) -> Measurement:
    """Each sample is a line; a real agent runs the step on this machine, without a container. In Chromium; Firefox
    beside it."""
    taken: dict[str, list[float]] = {}
    with (
        browsers() as both,
        tempfile.TemporaryDirectory(prefix="forge-bench-") as scratch,
        Stack(Path(scratch) / "stack") as stack,
    ):
        stack.runner()
        for name, opened in both.items():
            taken[name] = []
            while len(taken[name]) < max(samples, LINES):
                taken[name] += _watch(stack, Path(scratch), opened)
    others = (
        figure("Firefox", taken["Firefox"], MOST),
        figure("Firefox, p95", taken["Firefox"], MOST_P95, percent=95),
    )
    return Measurement(Samples("Chromium", tuple(taken["Chromium"])), figures=others)


def _watch(stack: Stack, scratch: Path, opened: Opened) -> list[float]:
    """Seconds of each line of one job."""
    sign = scratch / "watched"
    sign.unlink(missing_ok=True)
    text = WORKFLOW.format(folder=scratch, lines=LINES)
    project = stack.repository({".github/workflows/tick.yml": text})
    run = project.run(project.push())
    job = eventually(lambda: project.jobs(run["id"]).get("tick"), what="the job")
    project.says(run["id"], "tick", "begun")
    with opened("forgeBench.watchTicks();") as tab:
        tab.go(f"{run['html_url']}/job/{job['id']}")
        tab.run("() => forgeBench.when(() => /begun/.test(document.querySelector('.vlog')?.textContent))")
        sign.touch()
        found = tab.run(
            """async (lines) => {
              await forgeBench.when(() => forgeBench.ticks.size >= lines);
              return [...forgeBench.ticks.values()];
            }""",
            LINES,
        )
    project.completed(run["id"])
    return [took / 1000 for took in found]
