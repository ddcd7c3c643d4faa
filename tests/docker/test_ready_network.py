"""Network namespaces kept ready, with a real engine: a job in one has what it would have in its own, and no other's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.backends import ready_network
from runner.backends.base import Lease
from runner.backends.docker import DockerBackend
from runner.backends.spares import Spare
from runner.fake_server import KeptJob
from runner.images import DEFAULT_IMAGE
from tests.docker.conftest import backend, containers, run, said
from tests.runner.conftest import Fleet, job_of, text_of
from tests.services.stack import eventually
from workflows.messages import Assignment
from workflows.model import Container, Step

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]

#: What a job finds, then what it leaves: a name in its hosts, a port and an abstract socket that somebody listens on.
SCRIPT = """
import pathlib, socket, subprocess
hosts = pathlib.Path("/etc/hosts")
own, gateway = (socket.gethostbyname(name) for name in (socket.gethostname(), "host.docker.internal"))
print("addresses", own != gateway, sorted(each.name for each in pathlib.Path("/sys/class/net").iterdir()))
print("from before:", "left" in hosts.read_text())
with hosts.open("a") as file:
    file.write("10.0.0.1 left")
port, name = socket.create_server(("", 8080)), socket.socket(socket.AF_UNIX)
name.bind(b"\\0left")
subprocess.Popen(["sleep", "600"], pass_fds=(port.fileno(), name.fileno()), start_new_session=True)
print("pass", flush=True)
"""
WAIT = "echo started; until [ -e /__w/go ]; do sleep 0.05; done"


def _waiting(kept_ready: DockerBackend) -> list[str]:
    return [spare.folder.name for spare in kept_ready._networks._ready]


def _until_ready(kept_ready: DockerBackend, number: int = 1) -> list[str]:
    return eventually(
        lambda: found if len(found := _waiting(kept_ready)) == number else None, timeout=30, what="networks are ready"
    )


def job(number: int, *steps: Step, container: Container | None = None) -> Assignment:
    made = job_of(*steps, definition={"container": container})
    return replace(made, job=number, lease_token=f"lease-token-{number}")


def _mode(engine: Any, kept: KeptJob) -> str:
    """How the container of this job has its network: by the name of the container whose it is."""
    [name] = [line.removeprefix("Container: ") for line in text_of(kept) if line.startswith("Container: ")]
    mode = str(engine.containers.get(name).attrs["HostConfig"]["NetworkMode"])
    return engine.containers.get(mode.partition(":")[2]).name if mode.startswith("container:") else mode


def test_jobs_at_once_have_one_each_as_if_it_were_their_own(fleet: Fleet, engine: Any) -> None:
    """There is one job more than are ready."""
    kept_ready = backend(spare_networks=2)
    fleet.start(kept_ready, capacity=3)
    ready = _until_ready(kept_ready, 2)
    steps = (run(SCRIPT, shell="python3 {0}"), run(WAIT))
    container = Container(DEFAULT_IMAGE, options="--user 0 --memory 512m")
    wanted = [job(1, *steps), job(2, *steps, container=container), job(3, *steps)]
    kept = [fleet.server.give(each) for each in wanted]
    assert all(fleet.server.wait_for(said(each, "Z started\n"), 60) for each in kept)
    modes = [_mode(engine, each) for each in kept]
    assert set(ready) < set(modes)
    assert len(set(modes)) == len(modes)
    assert kept_ready.sweep(lambda: frozenset(Lease(number, 1) for number in (1, 2, 3))) == []
    for each in kept:
        (fleet.leases / f"{each.assignment.job}-1" / "work" / "go").touch()
    assert fleet.server.wait_for(lambda: all(each.end is not None for each in kept), 60)
    for each in kept:
        assert each.end is not None
        assert (each.end.conclusion, each.end.message) == ("success", "")
        lines = text_of(each)
        assert {"addresses True ['eth0', 'lo']", "from before: False", "pass"} <= set(lines), lines
    next_ones = _until_ready(kept_ready, 2)
    assert not set(next_ones) & set(ready)
    assert sorted(one.name for one in containers(engine)) == sorted(next_ones)
    assert not list((kept_ready._options.folder or Path()).glob("networks/*/channel/socket"))


def test_one_that_is_not_there_when_it_is_wanted(fleet: Fleet, engine: Any, tmp_path: Path) -> None:
    """It has died, which is known; and then what is taken dies before it is joined."""
    kept_ready = backend(spare_networks=1)
    fleet.start(kept_ready)
    [waiting] = _until_ready(kept_ready)
    engine.containers.get(waiting).kill()
    eventually(lambda: waiting not in [one.name for one in containers(engine)], timeout=30, what="it is gone")
    assert _succeeds_in_its_own(fleet, engine, 1)
    _until_ready(kept_ready)

    class Gone(ready_network.ReadyNetwork):
        def is_ready(self) -> bool:
            return True

    built = kept_ready._forge_init()
    folder = tmp_path / f"{ready_network.PREFIX}gone"
    folder.mkdir()
    network = ready_network.make(engine, "nobody", "bridge", built, folder)
    gone = Gone(network._container, network._channel, folder)
    network.close()
    kept_ready._networks._ready.insert(0, Spare("bridge", "bridge", folder, gone))
    assert _succeeds_in_its_own(fleet, engine, 2)


def _succeeds_in_its_own(fleet: Fleet, engine: Any, number: int) -> bool:
    kept = fleet.server.give(job(number, run(WAIT)))
    assert fleet.server.wait_for(said(kept, "Z started\n"), 60)
    assert _mode(engine, kept) == "bridge"
    (fleet.leases / f"{number}-1" / "work" / "go").touch()
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert kept.end is not None
    return kept.end.conclusion == "success"


def test_a_network_that_is_lost_is_not_the_steps_fault(fleet: Fleet, engine: Any) -> None:
    kept_ready = backend(spare_networks=1)
    fleet.start(kept_ready)
    [waiting] = _until_ready(kept_ready)
    kept = fleet.server.give(job(1, run("echo started; sleep 600"), run("echo never", if_="always()")))
    assert fleet.server.wait_for(said(kept, "Z started\n"), 60)
    assert _mode(engine, kept) == waiting
    engine.containers.get(waiting).kill()
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.reason) == ("failure", "container_lost")
    assert kept.end.message.startswith("The job's network is gone: ")
    assert kept.steps[3].conclusion == "skipped"
    assert "##[error]Process completed with exit code 137." not in text_of(kept)


@pytest.mark.parametrize("force", [False, True])
def test_a_cancel_takes_it_along(fleet: Fleet, engine: Any, force: bool) -> None:
    kept_ready = backend(spare_networks=1)
    fleet.start(kept_ready)
    [waiting] = _until_ready(kept_ready)
    kept = fleet.server.give(job(1, run("echo started; sleep 600")))
    assert fleet.server.wait_for(said(kept, "Z started\n"), 60)
    fleet.server.cancel(1, force=force)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert kept.end is not None
    assert kept.end.conclusion == "cancelled"
    assert waiting not in [one.name for one in containers(engine)]
