"""The Docker backend with a real engine: fidelity, cancels, limits, hostile jobs, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import docker
import pytest

from runner.backends.base import Lease
from runner.containers.labels import labels
from runner.images import DEFAULT_IMAGE, Images
from runner.step import Graces
from tests.docker.conftest import RUNNER, backend, both_ways, containers, run, said
from tests.runner.conftest import Fleet, job_of, text_of
from workflows.model import Step

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]


def inner_processes(container: Any) -> str:
    return str(container.top(ps_args="-eo pid,args")["Processes"])


def host_processes(container: Any) -> list[str]:
    return [process[1] for process in container.top()["Processes"]]


@both_ways
def test_two_hundred_thousand_lines(fleet: Fleet) -> None:
    kept = fleet.run(job_of(run("seq 1 200000; echo to stderr >&2; printf 'no newline'")), backend())
    step = kept.steps[2]
    assert step.log_start is not None
    lines = [line[29:] for line in bytes(kept.log[step.log_start : step.log_end]).decode().split("\n")]
    start = lines.index("##[endgroup]") + 1
    assert lines[start:] == [*map(str, range(1, 200_001)), "to stderr", "no newline", ""]


@both_ways
@pytest.mark.parametrize("force", [False, True])
def test_cancel_kills_the_tree_and_the_container(fleet: Fleet, engine: Any, force: bool) -> None:
    script = "setsid sh -c 'trap \"\" INT TERM; sleep 601' & sleep 600 & echo started; wait; sleep 602"
    steps = (run(script), run("echo cleaned up; ps_left=$(grep -l sleep /proc/*/comm); echo end", if_="always()"))
    kept = fleet.server.give(job_of(*steps))
    fleet.start(backend(), graces=Graces(0.5, 0.5, 3))
    assert fleet.server.wait_for(said(kept, "started\n"))
    [container] = containers(engine)
    assert "sleep 601" in inner_processes(container)
    fleet.server.cancel(1, force=force)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert kept.end is not None
    assert kept.end.conclusion == "cancelled"
    assert ("cleaned up" in text_of(kept)) is not force
    with pytest.raises(docker.errors.NotFound):
        container.reload()


@both_ways
def test_the_step_after_a_cancel_finds_no_process_of_the_one_before(fleet: Fleet) -> None:
    script = "(trap '' INT TERM; env -i setsid sleep 611) & echo started; sleep 612"
    look = run('for f in /proc/[0-9]*/cmdline; do tr "\\0" " " <$f; echo; done 2>/dev/null | sort', if_="always()")
    kept = fleet.server.give(job_of(run(script), look))
    fleet.start(backend(), graces=Graces(0.3, 0.3, 3))
    assert fleet.server.wait_for(said(kept, "started\n"))
    fleet.server.cancel(1)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    output = bytes(kept.log[kept.steps[3].log_start or 0 :]).decode()
    assert "sleep 612" not in output


@both_ways
def test_step_timeout(fleet: Fleet) -> None:
    kept = fleet.run(
        job_of(run("sleep 600", timeout_minutes=0.01, name="slow"), run("echo after", if_="failure()")),
        backend(),
        graces=Graces(0.5, 0.5, 3),
    )
    assert kept.steps[2].conclusion == "failure"
    assert any("has timed out after 0.01 minutes" in line for line in text_of(kept))
    assert "after" in text_of(kept)


@both_ways
def test_environment_files_and_layout(fleet: Fleet, steps_by: str) -> None:
    script = """
echo "FROM_FILE=one two" >> "$GITHUB_ENV"
printf 'many<<END\\nline 1\\nline 2\\nEND\\n' >> "$GITHUB_OUTPUT"
mkdir -p "$RUNNER_TEMP/bin"; printf '#!/bin/sh\\necho from my tool\\n' > "$RUNNER_TEMP/bin/mytool"
chmod +x "$RUNNER_TEMP/bin/mytool"; echo "$RUNNER_TEMP/bin" >> "$GITHUB_PATH"
echo '# Summary' >> "$GITHUB_STEP_SUMMARY"
pwd; echo "$HOME"; cat "$GITHUB_EVENT_PATH"
"""
    second = 'echo "$FROM_FILE"; echo "${{ steps.set.outputs.many }}"; mytool; false | true; echo piped'
    kept = fleet.run(
        job_of(
            run(script, id="set"),
            run(second),
            run("false | true\necho unreachable", shell="bash", name="pipefail"),
            run("import sys\nprint('python', sys.version_info[0])", shell="python3 {0}", if_="always()"),
            run("echo in $(pwd)", working_directory="/tmp", if_="always()"),
        ),
        backend(),
    )
    lines = text_of(kept)
    for expected in ("one two", "line 1", "line 2", "from my tool", "piped", "python 3", "in /tmp"):
        assert expected in lines
    assert {"/__w/project/project", "/github/home", '  "before": "0"'} <= set(lines)
    assert kept.steps[4].conclusion == "failure"
    assert "unreachable" not in lines
    assert any(line.startswith("Steps run by docker exec") for line in lines) is (steps_by == "exec")
    assert kept.end is not None
    assert [each.text for each in kept.end.summaries] == ["# Summary\n"]


@pytest.mark.parametrize(
    "attack",
    [
        'rm "$GITHUB_ENV"; ln -s /etc/passwd "$GITHUB_ENV"',
        'rm "$GITHUB_ENV"; mkfifo "$GITHUB_ENV"',
        'rm "$GITHUB_OUTPUT"; mkdir "$GITHUB_OUTPUT"',
        "mv /__w/_temp/_runner_file_commands /__w/x; ln -s /etc /__w/_temp/_runner_file_commands",
    ],
)
def test_hostile_files_fail_the_step_only(fleet: Fleet, attack: str) -> None:
    kept = fleet.run(job_of(run(attack), run("true", if_="always()")), backend())
    assert kept.steps[2].conclusion == "failure"
    assert kept.end is not None
    assert any("Unable to process file command" in note.message for note in kept.end.annotations)
    assert b"root:x" not in kept.log


def test_a_linked_summary_is_not_read(fleet: Fleet) -> None:
    kept = fleet.run(job_of(run('rm "$GITHUB_STEP_SUMMARY"; ln -s /etc/passwd "$GITHUB_STEP_SUMMARY"')), backend())
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.summaries) == ("success", ())


@both_ways
def test_output_of_what_is_left_running_does_not_hold_the_step(fleet: Fleet) -> None:
    kept = fleet.run(job_of(run("sleep 300 & echo left it")), backend())
    assert kept.end is not None
    assert kept.end.conclusion == "success"


@both_ways
def test_a_step_that_kills_everything(fleet: Fleet) -> None:
    kept = fleet.run(job_of(run("echo bye; kill -9 -1; sleep 5"), run("echo next", if_="always()")), backend())
    assert kept.end is not None
    assert kept.end.conclusion == "failure"


def test_an_image_that_cannot_be_had(fleet: Fleet) -> None:
    images = Images("localhost:1/no/such:image", build=())
    kept = fleet.run(job_of(run("echo never")), backend(images=images))
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.reason) == ("failure", "image_unavailable")
    assert "localhost:1/no/such:image" in kept.end.message
    assert kept.steps[2].conclusion == "skipped"


@both_ways
def test_secrets_are_in_no_inspect_output(fleet: Fleet, engine: Any) -> None:
    kept = fleet.server.give(job_of(run("echo started; sleep 600", env={"TOKEN": "${{ github.token }}"})))
    fleet.start(backend(), graces=Graces(0.2, 0.2, 3))
    assert fleet.server.wait_for(said(kept, "started\n"))
    [container] = containers(engine)
    arguments = [
        path.read_bytes() for pid in host_processes(container) if (path := Path(f"/proc/{pid}/cmdline")).exists()
    ]
    assert any(b"_temp" in each for each in arguments)
    assert not any(b"job-token-secret" in each for each in arguments)
    seen = str(container.attrs) + str([engine.api.exec_inspect(each) for each in container.attrs["ExecIDs"] or ()])
    settings = container.attrs["HostConfig"]
    fleet.server.cancel(1, force=True)
    assert "job-token-secret" not in seen
    assert "lease-token" not in seen
    assert settings["SecurityOpt"] == ["no-new-privileges"]
    assert settings["CapDrop"] == ["ALL"]
    assert settings["LogConfig"]["Type"] == "none"
    assert fleet.server.wait_for(lambda: kept.end is not None)


def test_sweep_removes_what_no_lease_holds(engine: Any) -> None:
    mine = backend()
    made = [engine.containers.create(DEFAULT_IMAGE, ["true"], labels=labels(RUNNER, Lease(job, 1))) for job in (90, 91)]
    stranger = engine.containers.create(DEFAULT_IMAGE, ["true"], labels=labels("another-runner", Lease(90, 1)))
    try:
        removed = mine.sweep(lambda: frozenset({Lease(91, 1)}))
        assert removed == [f"container {made[0].name}"]
        made[1].reload()
        stranger.reload()
    finally:
        for container in (made[1], stranger):
            container.remove(force=True)


def test_checkout_of_a_real_repository(fleet: Fleet, tmp_path: Path) -> None:
    source = tmp_path / "served"
    commands = ["init -q -b main", "add -A", "-c user.name=a -c user.email=a@b commit -q -m one"]
    source.mkdir()
    (source / "hello.txt").write_text("hello from git\n")
    for command in commands:
        subprocess.run(["git", "-C", str(source), *command.split()], check=True)
    sha = subprocess.run(
        ["git", "-C", str(source), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    # A repository inside the container, by a file address: the network is another test's matter.
    seed = run("cp -r /seed /tmp/seed && git config --global --add safe.directory '*'")
    look = run(
        "cat hello.txt; git branch --show-current; git config --local --get-regexp extraheader\n"
        "echo ${{ steps.co.outputs.commit }}"
    )
    assignment = job_of(seed, Step(id="co", uses="actions/checkout@v4"), look, sha=sha)
    clone = assignment.repository.__class__(5, "octo/project", "file:///tmp/seed")
    kept = fleet.run(
        assignment.__class__(**{**assignment.__dict__, "repository": clone}),
        backend(volumes=(f"{source}:/seed",)),
    )
    assert kept.end is not None
    assert kept.end.conclusion == "success", text_of(kept)
    lines = text_of(kept)
    assert {"hello from git", "main", sha} <= set(lines)
    assert any(line.startswith("http.file:///.extraheader AUTHORIZATION: basic ***") for line in lines)
    assert any("Removed the credential" in line for line in lines)


@both_ways
def test_hash_files_inside_the_container(fleet: Fleet) -> None:
    script = "mkdir -p a/b; echo 1 > a/1.txt; echo 2 > a/b/2.txt; ln -s /etc/hostname out; echo h > '-n'"
    kept = fleet.run(
        job_of(run(script), run("echo hash ${{ hashFiles('a/**') }} ${{ hashFiles('none/*') }}.")), backend()
    )
    assert any(line.startswith("hash ") and len(line) == 71 for line in text_of(kept)), text_of(kept)


def test_two_jobs_at_once_do_not_see_each_other(fleet: Fleet) -> None:
    jobs = [
        fleet.server.give(job_of(run("ls /__w; echo $$"), job=number, lease_token=f"lease-{number}"))
        for number in (1, 2)
    ]
    fleet.start(backend(), capacity=2)
    assert fleet.server.wait_for(lambda: all(kept.end is not None for kept in jobs))
    assert [kept.end.conclusion for kept in jobs if kept.end] == ["success", "success"]
    assert len(os.listdir("/proc/self/task")) < 60


def test_sweep_removes_networks_and_volumes_too(engine: Any) -> None:
    mine = labels(RUNNER, Lease(92, 1))
    network = engine.networks.create(f"{RUNNER}-leftover", labels=mine)
    volume = engine.volumes.create(f"{RUNNER}-leftover", labels=mine)
    container = engine.containers.create(
        DEFAULT_IMAGE, ["sleep", "60"], network=network.name, labels=mine, volumes=[f"{volume.name}:/x"]
    )
    container.start()
    removed = backend().sweep(frozenset)
    assert removed == [f"container {container.name}", f"network {network.name}", f"volume {volume.name}"]
