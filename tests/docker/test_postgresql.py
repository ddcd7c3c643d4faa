"""A real PostgreSQL as a service, of Debian's packages: by alias from a job container, by port from a host job."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.backends.base import Backend
from runner.backends.docker import DockerOptions
from runner.backends.host import HostBackend
from runner.containers.labels import LABEL
from tests.absent import absent
from tests.docker.conftest import RUNNER, backend, run
from tests.runner.conftest import Fleet, job_of, text_of
from tests.services import images
from tests.services.postgresql import NotInstalled, programs
from workflows.model import Container

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]

IMAGE = "forge-test/postgresql:services"
#: A cluster that is new with the container, and open for those who know the password alone.
START = """
printf %s "$POSTGRES_PASSWORD" > /tmp/password
initdb -D /tmp/data -U "$POSTGRES_USER" --auth=scram-sha-256 --pwfile=/tmp/password -E UTF8 --locale=C.UTF-8 -N
echo "host all all all scram-sha-256" >> /tmp/data/pg_hba.conf
exec postgres -D /tmp/data -c listen_addresses=* -c unix_socket_directories=/tmp -c fsync=off
"""
SCRIPT = """
export PGPASSWORD="{password}" PGHOST="{host}" PGPORT="{port}" PGUSER=forge PGDATABASE=postgres
psql -qc "create table one as select generate_series(1, 1000) as number"
psql -Atc "select 'sum=' || sum(number) || ' version=' || current_setting('server_version_num')::int / 10000 from one"
! PGPASSWORD=wrong psql -c "select 1" 2>&1
"""


@pytest.fixture(scope="module")
def binaries() -> Path:
    try:
        return programs()
    except NotInstalled as error:
        absent(str(error))


@pytest.fixture(scope="module", autouse=True)
def postgresql_image(engine: Any, binaries: Path) -> Iterator[None]:
    start = START.strip().replace("\n", " && ").replace('"', '\\"')
    changes = ["USER nobody", f"ENV PATH={binaries}:/usr/bin:/bin", f'ENTRYPOINT ["sh", "-ec", "{start}"]', "CMD []"]
    with images.with_packages(engine, IMAGE, [f"postgresql-{binaries.parts[-2]}"], changes):
        yield


@pytest.fixture(params=["alias", "port"])
def way(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Container | None, Backend, str, str]:
    """What reaches it: its name, the job's container, the backend, host and port."""
    if request.param == "alias":
        return "alias", Container(IMAGE, options="--user 0"), backend(), "db", "5432"
    host = HostBackend(tmp_path / "leases", rules=DockerOptions(RUNNER, folder=tmp_path).rules())
    return "port", None, host, "127.0.0.1", "${{ job.services.db.ports['5432'] }}"


def test_postgresql(
    fleet: Fleet, engine: Any, binaries: Path, way: tuple[str, Container | None, Backend, str, str]
) -> None:
    name, container, where, host, port = way
    options = (
        "--health-cmd 'pg_isready -h 127.0.0.1 -U forge' --health-interval 300ms --health-timeout 5s "
        "--health-retries 60 --shm-size 256m"
    )
    service = Container(
        IMAGE,
        env={"POSTGRES_USER": "forge", "POSTGRES_PASSWORD": "of-${{ github.actor }}"},
        ports=("5432",) if name == "port" else (),
        options=options,
    )
    script = f"PATH={binaries}:$PATH\n{SCRIPT.format(password='of-${{ github.actor }}', host=host, port=port)}"
    definition = {"container": container, "services": {"db": service}}
    kept = fleet.run(job_of(run(script), definition=definition), where)
    lines = text_of(kept)
    assert kept.end is not None
    assert f"sum=500500 version={binaries.parts[-2]}" in lines, lines
    assert any("password authentication failed" in line for line in lines)
    assert "db service is healthy." in lines
    assert kept.end.conclusion == "success"
    fleet.end()
    filters = {"label": f"{LABEL}={RUNNER}"}
    assert [*engine.networks.list(filters=filters), *engine.volumes.list(filters=filters)] == []
