"""Jobs that spoil the place they run in, or share an engine: nobody else is hurt, and nothing is left."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.backends.docker import LABEL, DockerBackend, DockerOptions
from tests.docker.conftest import RUNNER, backend, containers, run, said
from tests.runner.conftest import Fleet, job_of, text_of
from tests.services.disk import CannotMount, small_disk
from tests.services.stack import eventually
from workflows.model import Step

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]

#: Every way by which a repository's own configuration makes git run a program. ``$evil`` leaves a mark.
HOSTILE_GIT = r"""
cp -r /seed /tmp/seed
git config --global --add safe.directory '*'
export evil=$PWD/.evil
printf '#!/bin/sh\nmkdir -p MARKS; echo "$0 $*" >> MARKS/ran; exit 0\n' > $evil; chmod +x $evil
mkdir hooks; for name in pre-commit post-checkout post-merge reference-transaction pre-auto-gc post-index-change; do
  cp $evil hooks/$name
done
git init -q -b main .
git config core.fsmonitor $evil; git config core.hooksPath $PWD/hooks; git config core.sshCommand $evil
git config core.askPass $evil; git config core.pager $evil; git config core.editor $evil
git config core.gitProxy $evil; git config credential.helper $evil; git config gpg.program $evil
git config diff.external $evil; git config alias.fetch "!$evil"; git config alias.checkout "!$evil"
git config filter.evil.clean $evil; git config filter.evil.smudge $evil; git config filter.evil.process $evil
printf '[core]\n  fsmonitor = %s\n' $evil > .gitconfig-more
git config include.path ../.gitconfig-more; git config includeIf.gitdir:/.path ../.gitconfig-more
printf '* filter=evil\n' > .gitattributes
echo a > a.txt; git status --short >/dev/null || true; test -e MARKS/ran && echo "inside it runs"
"""


def test_a_hostile_git_configuration_runs_nothing_outside(fleet: Fleet, tmp_path: Path) -> None:
    """Neither at a second checkout of the same folder nor when its files are hashed, nor when it is removed."""
    source, marks = tmp_path / "served", tmp_path / "marks"
    source.mkdir()
    (source / "hello.txt").write_text("hello from git\n")
    for command in ("init -q -b main", "add -A", "-c user.name=a -c user.email=a@b commit -q -m one"):
        subprocess.run(["git", "-C", str(source), *command.split()], check=True)
    sha = subprocess.run(["git", "-C", str(source), "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    assignment = job_of(
        run(HOSTILE_GIT.replace("MARKS", str(marks))),
        run("echo hash ${{ hashFiles('a.txt') }}"),
        Step(id="__checkout", uses="actions/checkout@v4", if_="always()"),
        run("echo again ${{ hashFiles('**') }}", if_="always()"),
        sha=sha.stdout.strip(),
    )
    clone = replace(assignment.repository, clone_url="file:///tmp/seed")
    kept = fleet.run(replace(assignment, repository=clone), backend(volumes=(f"{source}:/seed",)))
    assert "inside it runs" in text_of(kept)
    assert any(line.startswith("hash ") and len(line) == 69 for line in text_of(kept))
    assert any(line.startswith("again ") and len(line) == 70 for line in text_of(kept)), text_of(kept)
    assert not marks.exists()


@pytest.fixture
def spoilt(engine: Any, tmp_path: Path) -> Iterator[Fleet]:
    """An agent whose folder lies on a disk of eight MiB."""
    try:
        with small_disk(tmp_path / "small", "8m") as folder:
            made = Fleet(folder)
            yield made
            made.end()
            eventually(lambda: not containers(engine), timeout=20, what="no container is left")
            assert list(made.leases.iterdir()) == []
    except CannotMount as error:
        pytest.skip(str(error))


def test_a_step_that_fills_its_disk(spoilt: Fleet) -> None:
    script = "cat /dev/zero > big || echo it is full; seq 100000"
    kept = spoilt.run(job_of(run(script), run("echo never")), backend())
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.reason) == ("failure", "disk_full")
    assert [kept.steps[number].conclusion for number in (2, 3)] == ["failure", "skipped"]
    again = spoilt.server.give(job_of(run("echo fine"), job=2, lease_token="lease-token-2"))
    assert spoilt.server.wait_for(lambda: again.end is not None)
    assert again.end is not None
    assert again.end.conclusion == "success"


def test_two_agents_with_the_same_jobs_on_one_engine(fleet: Fleet, engine: Any, tmp_path: Path) -> None:
    """Two servers count their jobs alike; neither agent takes the other's containers for its own leftovers."""
    other = f"{RUNNER}-other"
    second = Fleet(tmp_path / "second")
    kept = fleet.server.give(job_of(run("echo up; sleep 600")))
    brief = second.server.give(job_of(run("echo up")))
    try:
        fleet.start(backend())
        assert fleet.server.wait_for(said(kept, "Z up\n"))
        second.start(DockerBackend(DockerOptions(other, folder=tmp_path)))
        assert second.server.wait_for(lambda: brief.end is not None)
        assert brief.end is not None
        assert brief.end.conclusion == "success"
    finally:
        second.end()  # it has swept at its start, after its job, and at its end
    [container] = containers(engine)
    assert container.status == "running"
    assert not engine.containers.list(all=True, filters={"label": f"{LABEL}={other}"}, ignore_removed=True)
    fleet.server.cancel(1)
    assert fleet.server.wait_for(lambda: kept.end is not None)


@pytest.mark.soak
def test_twenty_jobs_at_once(fleet: Fleet) -> None:
    jobs = [
        fleet.server.give(job_of(run(f"echo I am {number}; sleep 5"), job=number, lease_token=f"lease-{number}"))
        for number in range(1, 21)
    ]
    fleet.start(backend(), capacity=20)
    assert fleet.server.wait_for(lambda: all(kept.end is not None for kept in jobs), 120)
    for number, kept in enumerate(jobs, 1):
        assert kept.end is not None
        assert kept.end.conclusion == "success"
        assert f"I am {number}" in text_of(kept)
