"""`python -m tests [GROUP …]`: get what the tests need, run them group by group, and sum up.

Without names all groups run, but for `soak`. `quick` stands for those that need nothing but Python and git. With
FORGE_REQUIRE_ALL=1 a group that cannot run, or a test that is skipped, counts as failed. The last line of the output
is the sum: `N passed, N failed`, and `, N skipped` when there are any.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests import machine
from tests.groups import Group, named
from tests.services import docker
from tests.services.postgresql import postgresql
from tests.services.redis import redis

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "var" / "tests"
REQUIRE_ALL = os.environ.get("FORGE_REQUIRE_ALL", "") not in ("", "0")


@dataclass(frozen=True)
class Result:
    """How a group went. `why` says what kept it from running, or what is wrong with it as a whole."""

    group: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    why: str = ""


class Services:
    """What the groups share, started when the first of them asks, gone at the end."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._databases: dict[str, str] = {}
        self._engine = ""

    def databases(self) -> dict[str, str]:
        """The variables that put the server's tests on PostgreSQL and Redis."""
        if not self._databases:
            address = self._stack.enter_context(postgresql())
            self._databases = {"FORGE_DATABASE_URL": address, "FORGE_REDIS_URL": self._stack.enter_context(redis())}
        return self._databases

    def engine(self) -> None:
        """A Docker engine with the job image. Raises NoEngine."""
        if not self._engine:
            self._engine = self._stack.enter_context(docker.engine())
            print(f"tests: Docker engine: {self._engine}", flush=True)
            docker.build_image()


def main(names: list[str]) -> int:
    """Run the groups; 0 when nothing failed."""
    groups = named(names)
    with ExitStack() as stack:
        services = Services(stack)
        results = [run(group, services) for group in groups]
    return sum_up(results)


def run(group: Group, services: Services) -> Result:
    """One group, from what it needs to what came of it."""
    print(f"\n=== {group.name}", flush=True)
    why = machine.install(group.needs, OUTPUT / "install.log")
    environment = dict(os.environ)
    try:
        if not why and group.engine:
            services.engine()
        if not why and group.services:
            environment.update(services.databases())
    except (docker.NoEngine, subprocess.CalledProcessError) as error:
        why = str(error)
    if why:
        print(f"tests: {group.name} cannot run: {why}", flush=True)
        return Result(group.name, failed=int(REQUIRE_ALL), skipped=int(not REQUIRE_ALL), why=why)
    return run_pytest(group, environment)


def run_pytest(group: Group, environment: dict[str, str]) -> Result:
    """Let pytest run it, and read what it wrote down."""
    paths = [f"tests/{path}" for path in group.paths if (ROOT / "tests" / path).exists()]
    if not paths:
        return Result(group.name, failed=int(REQUIRE_ALL), why="there is no test yet")
    report = OUTPUT / f"{group.name.replace(' ', '-')}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-m", group.marks, f"--junitxml={report}"]
    if group.workers:
        command += ["-n", str(group.workers), "--dist=loadfile" if group.whole_files else "--dist=worksteal"]
    command += paths
    started = time.monotonic()
    status = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL).returncode
    return read_report(group.name, report, status, time.monotonic() - started)


def read_report(name: str, report: Path, status: int, seconds: float) -> Result:
    """pytest's own count, checked against its exit status: 5 says that nothing was selected."""
    if status == 5:
        return Result(name, failed=int(REQUIRE_ALL), seconds=seconds, why="no test was selected")
    if not report.is_file():
        return Result(name, failed=1, seconds=seconds, why=f"pytest ended with {status} before it ran a test")
    suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    total, skipped, failures, errors = (
        sum(int(suite.get(field, "0")) for suite in suites) for field in ("tests", "skipped", "failures", "errors")
    )
    passed, failed, why = max(0, total - failures - errors - skipped), failures + errors, ""
    if status != 0 and failed == 0:
        failed, why = 1, f"pytest ended with {status}"
    if REQUIRE_ALL and skipped:
        failed, skipped, why = failed + skipped, 0, f"{skipped} skipped, which counts as failed here"
    return Result(name, passed, failed, skipped, seconds, why)


def sum_up(results: list[Result]) -> int:
    """A table by group, and the sum as the last line; the exit status."""
    width = max(len(result.group) for result in results)
    print(f"\n{'group':{width}}  passed  failed  skipped  seconds")
    for result in results:
        numbers = f"{result.passed:6}  {result.failed:6}  {result.skipped:7}  {result.seconds:7.1f}"
        print(f"{result.group:{width}}  {numbers}  {result.why}".rstrip())
    passed, failed, skipped = (
        sum(getattr(result, field) for result in results) for field in ("passed", "failed", "skipped")
    )
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
