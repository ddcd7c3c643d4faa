"""What goes wrong around a step, with a real engine: who is to blame is said, and nothing is left."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, ClassVar

import pytest

from runner.containers.limits import Limits
from runner.fake_server import KeptJob
from runner.images import Images
from tests.docker.conftest import backend, containers, run, said
from tests.runner.conftest import Fleet, job_of, text_of
from tests.services.proxy import LossyProxy
from tests.services.stack import eventually
from workflows.model import Step

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]
SOCKET = Path("/var/run/docker.sock")


def ended(kept: KeptJob) -> tuple[str | None, str]:
    assert kept.end is not None
    return kept.end.conclusion, kept.end.reason


def test_memory_that_runs_out_is_named(fleet: Fleet) -> None:
    greedy = run("python3 -c 'x = b\"x\" * (400 << 20)'", name="greedy")
    kept = fleet.run(job_of(greedy, run("echo after", if_="always()")), backend(limits=Limits(memory=64 << 20)))
    said_of_it = (
        "The job's container ran out of memory (it may use 64 MiB), and the kernel killed a process of this step."
    )
    assert ended(kept) == ("failure", "out_of_memory")
    assert f"##[error]{said_of_it}" in text_of(kept)
    assert kept.end is not None
    assert kept.end.message == kept.steps[2].reason == said_of_it
    assert {"after", "Limits: 64 MiB, all processors, 4096 processes"} <= set(text_of(kept))


def test_a_kill_that_memory_has_nothing_to_do_with(fleet: Fleet) -> None:
    kept = fleet.run(job_of(run("kill -9 $$")), backend(limits=Limits(memory=512 << 20)))
    assert ended(kept) == ("failure", "")
    assert "##[error]Process completed with exit code 137." in text_of(kept)


def test_too_many_processes_fail_the_step_only(fleet: Fleet) -> None:
    script = "i=0; while [ $i -lt 100 ]; do sleep 60 & i=$((i+1)); done"
    kept = fleet.run(job_of(run(script), run("echo after", if_="always()")), backend(limits=Limits(pids=50)))
    assert ended(kept)[0] == "failure"
    assert any("fork" in line.lower() for line in text_of(kept))


@pytest.mark.skipif(not SOCKET.is_socket(), reason="the engine has no socket at the usual place")
def test_an_engine_that_goes_away_is_not_the_steps_fault(fleet: Fleet, engine: Any) -> None:
    with LossyProxy(SOCKET) as relay:
        kept = fleet.server.give(job_of(run("echo started; sleep 600"), run("echo never", if_="always()")))
        fleet.start(backend(engine=f"tcp://127.0.0.1:{relay.port}"))
        assert fleet.server.wait_for(said(kept, "Z started\n"))
        relay.cut()
        assert fleet.server.wait_for(lambda: kept.end is not None)
    assert ended(kept) == ("failure", "engine_failed")
    assert [kept.steps[number].conclusion for number in (2, 3)] == ["failure", "skipped"]
    assert kept.steps[2].reason.startswith("The Docker engine went away while this step ran")
    assert "##[error]Process completed with exit code 137." not in text_of(kept)
    eventually(lambda: not containers(engine), timeout=20, what="the container ends with its agent's connection")


def test_a_container_that_is_removed_is_not_the_steps_fault(fleet: Fleet, engine: Any) -> None:
    kept = fleet.server.give(job_of(run("echo started; sleep 600"), run("echo never", if_="always()")))
    fleet.start(backend())
    assert fleet.server.wait_for(said(kept, "Z started\n"))
    [container] = containers(engine)
    container.remove(force=True)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert ended(kept) == ("failure", "container_lost")
    assert kept.steps[3].conclusion == "skipped"


CONFIG = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' % (b"1" * 64)
KINDS = "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.container.image.v1+json"
MANIFEST = {
    "schemaVersion": 2,
    "mediaType": KINDS[0],
    "config": {"mediaType": KINDS[1], "size": len(CONFIG), "digest": f"sha256:{sha256(CONFIG).hexdigest()}"},
    "layers": [
        {
            "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "size": 1 << 20,
            "digest": f"sha256:{'2' * 64}",
        }
    ],
}


class SlowRegistry(BaseHTTPRequestHandler):
    """Has one image, whose layer comes byte by byte."""

    asked: ClassVar[Event]
    gone: ClassVar[Event]

    def do_GET(self) -> None:
        if "/blobs/sha256:222" in self.path:
            self.answer("application/octet-stream", b"", 1 << 20)
            self.asked.set()
            self.trickle()
        elif "/blobs/" in self.path:
            self.answer("application/octet-stream", CONFIG)
        else:
            self.answer(KINDS[0], json.dumps(MANIFEST).encode())

    def do_HEAD(self) -> None:
        self.answer(KINDS[0], b"", len(json.dumps(MANIFEST)))

    def trickle(self) -> None:
        """Until the engine hangs up, which it notices when something comes."""
        try:
            while True:
                self.wfile.write(b"x")
                self.gone.wait(0.1)
        except OSError:
            self.gone.set()

    def answer(self, kind: str, body: bytes, length: int = 0) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length or len(body)))
        if kind == KINDS[0]:
            self.send_header("Docker-Content-Digest", f"sha256:{sha256(json.dumps(MANIFEST).encode()).hexdigest()}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def registry() -> Iterator[ThreadingHTTPServer]:
    """One that keeps every pull waiting."""
    SlowRegistry.asked, SlowRegistry.gone = Event(), Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), SlowRegistry) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("force", [False, True])
def test_a_cancel_ends_a_pull(fleet: Fleet, registry: ThreadingHTTPServer, force: bool) -> None:
    image = f"127.0.0.1:{registry.server_port}/never/there:{int(force)}"
    kept = fleet.server.give(job_of(run("echo never", if_="always()")))
    fleet.start(backend(images=Images(image, build=())))
    assert SlowRegistry.asked.wait(60)
    fleet.server.cancel(1, force=force)
    assert fleet.server.wait_for(lambda: kept.end is not None, 10)
    assert ended(kept) == ("cancelled", "cancelled")
    assert SlowRegistry.gone.wait(10), "the engine goes on with the pull"


@pytest.mark.parametrize("force", [False, True])
def test_a_cancel_ends_a_build(fleet: Fleet, force: bool) -> None:
    word = f"9{os.getpid()}{int(force)}"  # a length of sleep that nobody else asks for
    build = ("sh", "-c", f"setsid sleep {word} & sleep {word}")
    kept = fleet.server.give(job_of(run("echo never", if_="always()")))
    fleet.start(backend(images=Images("localhost:1/no/such:image", build=build)))
    assert fleet.server.wait_for(said(kept, "building it"))
    fleet.server.cancel(1, force=force)
    assert fleet.server.wait_for(lambda: kept.end is not None, 10)
    assert ended(kept) == ("cancelled", "cancelled")
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not any(f"sleep\0{word}".encode() in each for each in running)


def test_a_step_that_closes_its_output_goes_on(fleet: Fleet) -> None:
    """For longer than late output is waited for."""
    kept = fleet.run(job_of(run("echo before; exec >&- 2>&-; sleep 6; exit 3")), backend())
    assert "before" in text_of(kept)
    assert "##[error]Process completed with exit code 3." in text_of(kept)
    assert ended(kept) == ("failure", "")


def test_a_process_that_keeps_writing_does_not_hold_the_step(fleet: Fleet) -> None:
    kept = fleet.run(job_of(run("(while :; do echo noise; sleep 0.1; done) & echo left it")), backend())
    assert ended(kept)[0] == "success"
    assert "left it" in text_of(kept)


def test_a_hostile_git_configuration_reaches_only_the_job(fleet: Fleet, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    script = f"""
git init -q . && echo a > a.txt && mkdir -p hooks
printf '#!/bin/sh\\nmkdir -p {tmp_path}; echo ran > {marker}\\n' > hooks/evil; chmod +x hooks/evil
git config core.fsmonitor "$PWD/hooks/evil"; git config core.hooksPath "$PWD/hooks"
git status --short; echo "inside: $(cat {marker})"
"""
    kept = fleet.run(job_of(run(script), run("echo hash ${{ hashFiles('a.txt') }}", if_="always()")), backend())
    assert "inside: ran" in text_of(kept)
    assert any(line.startswith("hash ") and len(line) == 69 for line in text_of(kept))
    assert not marker.exists()


def test_checkout_is_gone_with_the_job(fleet: Fleet) -> None:
    """A folder belongs to one lease: what an earlier job wrote is not there for the next."""
    first = job_of(run("echo secret > $GITHUB_WORKSPACE/kept; echo secret > $HOME/kept; echo secret > /tmp/kept"))
    fleet.run(first, backend())
    look = Step(id="__run", run="find $GITHUB_WORKSPACE $HOME /tmp -name kept | wc -l")
    again = fleet.server.give(job_of(look, job=2, lease_token="lease-token-2"))
    assert fleet.server.wait_for(lambda: again.end is not None)
    assert "0" in text_of(again)
