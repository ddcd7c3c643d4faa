"""A real engine that is restarted under a running job: the machine's fault, and the agent goes on with the next."""

from __future__ import annotations

import gc
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from runner.containers.labels import LABEL
from runner.forge_init.build import COMPILERS
from runner.images import Images
from tests.absent import absent
from tests.docker.conftest import RUNNER, backend, run, said
from tests.runner.conftest import Fleet, job_of, text_of
from tests.services import images
from tests.services.engine import CannotRun, OwnEngine
from tests.services.stack import eventually
from workflows.messages import Assignment
from workflows.model import Step

#: The SDK leaves a socket unclosed with which it finds no engine.
pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(180),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

IMAGE = "forge-test/shell:1"
#: The only program of the image: a shell that says its script, and waits where that says so.
SHELL = r"""
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(int count, char **words) {
    char text[4096] = "";
    FILE *script = fopen(words[count - 1], "r");
    if (!script) return 1;
    size_t size = fread(text, 1, sizeof text - 1, script);
    text[size++] = '\n';
    if (write(1, text, size) != (ssize_t) size) return 2;
    if (strstr(text, "wait")) pause();
    return 0;
}
"""


@pytest.fixture(scope="module")
def own_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnEngine]:
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        absent("needs a C compiler")
    source = tmp_path_factory.mktemp("shell") / "shell.c"
    source.write_text(SHELL)
    subprocess.run([compiler, "-static", "-o", source.with_suffix(""), source], check=True)
    try:
        engine = OwnEngine()
    except CannotRun as error:
        absent(str(error))
    with engine:
        client = engine.client()
        images.import_program(client, IMAGE, source.with_suffix(""), [])
        client.close()
        yield engine


@pytest.fixture(autouse=True)
def _sockets_are_found_here(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The failures that hold them are in the log's records."""
    yield
    caplog.get_records("call").clear()
    gc.collect()


def _left(client: Any) -> list[str]:
    found = client.containers.list(all=True, filters={"label": f"{LABEL}={RUNNER}"}, ignore_removed=True)
    return [each.name for each in found]


def job(number: int, *steps: Step) -> Assignment:
    return replace(job_of(*steps), job=number, lease_token=f"lease-token-{number}")


def step(text: str, **fields: object) -> Step:
    return run(text, shell="/program {0}", **fields)


@pytest.mark.parametrize("ready", [0, 1], ids=["alone", "networks"])
def test_a_restart_under_a_running_job(fleet: Fleet, own_engine: OwnEngine, ready: int) -> None:
    where = backend(engine=own_engine.address, images=Images(IMAGE, build=()), spare_networks=ready)
    kept = fleet.server.give(job(1, step("started: wait"), step("never", if_="always()")))
    fleet.start(where)
    assert fleet.server.wait_for(said(kept, "Z started: wait"), 60)
    own_engine.stop()
    own_engine.start()
    assert fleet.server.wait_for(lambda: kept.end is not None, 60)
    assert kept.end is not None
    assert kept.end.conclusion == "failure"
    assert kept.end.reason in ("container_lost", "engine_failed")
    assert [kept.steps[at].conclusion for at in (2, 3)] == ["failure", "skipped"]
    assert not any("Process completed with exit code" in line for line in text_of(kept))
    after = fleet.server.give(job(2, step("after it")))
    assert fleet.server.wait_for(lambda: after.end is not None, 60)
    assert after.end is not None
    assert (after.end.conclusion, after.end.message) == ("success", "")
    assert "after it" in text_of(after)
    fleet.end()
    client = own_engine.client()
    eventually(lambda: not _left(client), timeout=30, what="nothing is left")
    client.close()
