"""``container:`` and ``services:`` with a real engine and a real Redis: reached, waited for, refused, removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.backends.docker import DockerOptions
from runner.backends.host import HostBackend
from runner.containers.labels import LABEL
from runner.containers.options import Policy
from runner.images import DEFAULT_IMAGE
from tests.docker.conftest import RUNNER, backend, run, said
from tests.runner.conftest import Fleet, job_of, text_of
from tests.services import images
from workflows.messages import Assignment
from workflows.model import Container, Step

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]

REDIS = "forge-test/redis:services"
HEALTH = (
    "--health-cmd 'redis-cli ping' --health-interval 300ms --health-timeout 2s --health-retries 3 "
    "--health-start-period 5s"
)
ASK = "import socket; s = socket.create_connection(({host!r}, {port})); s.sendall(b'PING\\r\\n'); print(s.recv(9))"


@pytest.fixture(scope="module", autouse=True)
def redis_image(engine: Any) -> Iterator[str]:
    changes = ['ENTRYPOINT ["redis-server"]', 'CMD ["--save", "", "--protected-mode", "no"]']
    with images.with_packages(engine, REDIS, ["redis-server"], changes) as name:
        yield name


@pytest.fixture(autouse=True)
def _nothing_left(engine: Any, fleet: Fleet) -> Iterator[None]:
    yield
    fleet.end()
    filters = {"label": f"{LABEL}={RUNNER}"}
    assert [*engine.networks.list(filters=filters), *engine.volumes.list(filters=filters)] == []
    assert engine.containers.list(all=True, filters=filters, ignore_removed=True) == []


def redis(**fields: Any) -> Container:
    return Container(REDIS, **{"options": HEALTH, **fields})


def job(*steps: Step, container: Container | None = None, number: int = 1, **services: Container) -> Assignment:
    definition = {"container": container, "services": services}
    return job_of(*steps, definition=definition, job=number, lease_token=f"lease-token-{number}")


def ask(host: str, port: str) -> Step:
    return run(f'python3 -c "{ASK.format(host=host, port="int(" + repr(port) + ")")}"')


def test_by_alias_from_a_job_container(fleet: Fleet) -> None:
    container = Container(DEFAULT_IMAGE, env={"FROM_CONTAINER": "${{ github.actor }}"})
    show = run("echo $FROM_CONTAINER; echo network=${{ job.container.network }} same=${{ job.services.db.network }}")
    kept = fleet.run(job(ask("db", "6379"), show, container=container, db=redis()), backend())
    lines = text_of(kept)
    assert kept.end is not None
    assert "b'+PONG\\r\\n'" in lines
    assert "alice" in lines
    assert "db service is healthy." in lines
    assert "shell: sh -e {0}" in lines
    [network] = [line for line in lines if line.startswith("network=forge-network-1-1-")]
    assert network.split()[0].removeprefix("network=") == network.split()[1].removeprefix("same=")
    assert [kept.steps[number].name for number in sorted(kept.steps)][:2] == ["Set up job", "Initialize containers"]
    assert [kept.steps[number].name for number in sorted(kept.steps)][-2:] == ["Stop containers", "Complete job"]
    stopped = bytes(kept.log[kept.steps[5].log_start or 0 : kept.steps[5].log_end]).decode()
    assert "Ready to accept connections" in stopped  # what the service said itself


def test_by_mapped_ports_from_a_job_without_a_container(fleet: Fleet) -> None:
    services = {"db": redis(ports=("16379:6379",)), "other": redis(ports=("6379",))}
    steps = (
        ask("127.0.0.1", "16379"),
        ask("localhost", "${{ job.services.other.ports['6379'] }}"),
        ask("db", "6379"),
        run("echo db=${{ job.services.db.ports['6379'] }} container=${{ toJSON(job.container) }}."),
    )
    kept = fleet.run(job(*steps, **services), backend())
    lines = text_of(kept)
    assert lines.count("b'+PONG\\r\\n'") == 3, lines
    assert "db=16379 container=null." in lines
    assert "shell: /usr/bin/bash -e {0}" in lines


def test_by_mapped_port_on_the_host_backend(fleet: Fleet, tmp_path: Path) -> None:
    host = HostBackend(tmp_path / "leases", rules=DockerOptions(RUNNER, folder=tmp_path).rules())
    kept = fleet.run(job(ask("127.0.0.1", "${{ job.services.db.ports['6379'] }}"), db=redis(ports=("6379",))), host)
    assert "b'+PONG\\r\\n'" in text_of(kept)


def test_two_jobs_at_once_with_the_same_service_and_port(fleet: Fleet) -> None:
    script = """
import socket
s = socket.create_connection(("localhost", 6379))
s.sendall(b"INCR count\\r\\n")
print("count", s.recv(9))
"""
    kept = [
        fleet.server.give(job(run(script, shell="python3 {0}"), number=number, db=redis(ports=("6379:6379",))))
        for number in (1, 2)
    ]
    fleet.start(backend(), capacity=2)
    assert fleet.server.wait_for(lambda: all(each.end is not None for each in kept), 60)
    assert all("count b':1\\r\\n'" in text_of(each) for each in kept)


@pytest.mark.parametrize(
    ("service", "said_in_log", "message"),
    [
        (
            redis(options="--health-cmd 'echo not yet; exit 1' --health-interval 100ms --health-retries 2"),
            "Ready to accept connections",
            "The service db is unhealthy: not yet",
        ),
        (
            Container(REDIS, entrypoint="sh", command="-c 'echo cannot; exit 3'"),
            "cannot",
            "The service db has ended with exit code 3.",
        ),
    ],
    ids=["unhealthy", "exited"],
)
def test_a_service_that_fails(fleet: Fleet, service: Container, said_in_log: str, message: str) -> None:
    kept = fleet.run(job(run("echo never"), run("echo afterwards", if_="always()"), db=service), backend())
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.reason) == ("failure", "service_failed")
    assert kept.end.message == f"One or more containers failed to start. {message}"
    lines = text_of(kept)
    assert f"##[error]Failed to initialize container {REDIS}" in lines
    assert any(said_in_log in line for line in lines)
    assert [(step.name, step.conclusion) for _, step in sorted(kept.steps.items())] == [
        ("Set up job", "success"),
        ("Initialize containers", "failure"),
        ("Run echo never", "skipped"),
        ("Run echo afterwards", "success"),
        ("Stop containers", "success"),
        ("Complete job", "success"),
    ]


def test_volumes_of_a_job_are_shared_and_then_gone(fleet: Fleet, tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (allowed / "file").write_text("from the machine\n")
    container = Container(DEFAULT_IMAGE, volumes=("shared:/data", "/scratch", f"{allowed}:/allowed:ro"))
    service = Container(
        REDIS, volumes=("shared:/data",), entrypoint="sh", command="-c 'echo from the service > /data/file; sleep 600'"
    )
    script = "until [ -s /data/file ]; do sleep 0.1; done; cat /data/file /allowed/file; touch /scratch/x; "
    script += "! touch /allowed/x"
    policy = Policy(volumes=(f"{allowed}:ro",))
    kept = fleet.run(job(run(script), container=container, writer=service), backend(policy=policy))
    assert kept.end is not None
    assert {"from the service", "from the machine"} <= set(text_of(kept))
    assert kept.end.conclusion == "success"


def test_options_reach_the_container(fleet: Fleet, engine: Any) -> None:
    options = "--hostname workbench --user 1234 --memory 128m --cpus 0.5 -e A=b"
    container = Container(DEFAULT_IMAGE, options=options, env={"TOKEN": "${{ github.token }}"})
    script = "echo $(hostname) $(id -u) $A ${#TOKEN}; touch here; echo started; sleep 600"
    kept = fleet.server.give(job(run(script), container=container))
    fleet.start(backend())
    assert fleet.server.wait_for(said(kept, "started\n"), 60)
    [found] = engine.containers.list(filters={"label": f"{LABEL}={RUNNER}"})
    settings = found.attrs["HostConfig"]
    fleet.server.cancel(1, force=True)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert f"workbench 1234 b {len('job-token-secret')}" in text_of(kept)
    assert "job-token-secret" not in str(found.attrs)
    assert (settings["Memory"], settings["NanoCpus"], settings["CapDrop"]) == (128 << 20, 500_000_000, ["ALL"])


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (Container(DEFAULT_IMAGE, options="--privileged"), "add '--privileged' to docker.allow_options"),
        (Container(DEFAULT_IMAGE, volumes=("/var/run/docker.sock:/s",)), "add '/var/run/docker.sock' to docker.allow"),
    ],
)
def test_what_the_runner_does_not_allow(fleet: Fleet, container: Container, expected: str) -> None:
    kept = fleet.run(job(run("echo never"), container=container), backend())
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.reason) == ("failure", "container_refused")
    assert expected in kept.end.message


def test_cancel_while_a_service_starts(fleet: Fleet) -> None:
    never = redis(
        options="--health-cmd 'exit 1' --health-interval 100ms --health-retries 9999 --health-start-period 1h"
    )
    kept = fleet.server.give(job(run("echo never"), db=never))
    fleet.start(backend())
    assert fleet.server.wait_for(said(kept, "db service is starting"), 60)
    fleet.server.cancel(1)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert kept.end is not None
    assert kept.end.conclusion == "cancelled"
    assert [(step.name, step.conclusion) for _, step in sorted(kept.steps.items())] == [
        ("Set up job", "success"),
        ("Initialize containers", "cancelled"),
        ("Run echo never", "skipped"),
        ("Stop containers", "success"),
    ]
