"""Steps as processes of this machine: real shells, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner import process_tree
from runner.backends.base import Lease
from runner.backends.host import HostBackend
from runner.containers.rules import ContainerRules
from runner.step import Graces
from tests.runner.conftest import Fleet, job_of, text_of
from workflows.model import Container, Step


def run(text: str, **fields: object) -> Step:
    return Step(id="__run", run=text, **fields)  # type: ignore[arg-type]


def commands() -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode() if entry.name.isdigit() else "")
        except OSError:
            continue
    return found


def test_a_finding_names_its_file_as_the_repository_does(fleet: Fleet) -> None:
    pattern = r'{"regexp": "^(\\S+):(\\d+): (.+)$", "file": 1, "line": 2, "message": 3}'
    matcher = f'{{"problemMatcher": [{{"owner": "x", "pattern": [{pattern}]}}]}}'
    kept = fleet.run(
        job_of(
            run("mkdir .git src && touch src/a.py && echo 'url = http://127.0.0.1:1/octo/project.git' > .git/config"),
            run(f'echo \'{matcher}\' > m.json; echo "::add-matcher::$PWD/m.json"; echo "$PWD/src/a.py:7: bad"'),
            run("printf '\\033[31msrc/none.py\\033[0m:8: gone\\n'; echo '::error file=src/a.py,line=2::said'"),
        ),
        HostBackend(fleet.leases),
    )
    assert kept.end is not None
    found = [(note.step, note.path, note.start_line, note.message) for note in kept.end.annotations]
    assert found == [(3, "src/a.py", 7, "bad"), (4, "", 8, "gone"), (4, "src/a.py", 2, "said")]
    assert "##[error]src/none.py:8: gone" in text_of(kept)


def test_a_folder_or_a_shell_that_is_not_there_is_said(fleet: Fleet) -> None:
    kept = fleet.run(
        job_of(run("true", working_directory="gone"), run("true", shell="no-such-shell {0}", if_="always()")),
        HostBackend(fleet.leases),
    )
    assert kept.end is not None
    lines = text_of(kept)
    assert any("with working directory '" in line and "/gone'. No such file or directory" in line for line in lines)
    assert "no-such-shell: command not found" in [note.message for note in kept.end.annotations]


def test_steps_files_and_a_warning(fleet: Fleet) -> None:
    kept = fleet.run(
        job_of(
            run('echo "A=1" >> "$GITHUB_ENV"; echo "$HOME"; pwd'),
            run('echo "A is $A"; seq 1 50000; echo err >&2'),
            run("exit 7", if_="env.A == '1'"),
        ),
        HostBackend(fleet.leases),
    )
    lines = text_of(kept)
    assert "A is 1" in lines
    assert lines[lines.index("1") : lines.index("50000") + 2] == [*map(str, range(1, 50_001)), "err"]
    assert any(line.startswith("##[warning]This workflow can read all that the runner can") for line in lines)
    assert any("shell: " in line and "bash -e {0}" in line for line in lines)
    assert kept.end is not None
    assert kept.end.conclusion == "failure"


@pytest.mark.parametrize("force", [False, True])
def test_cancel_reaches_the_whole_tree(fleet: Fleet, force: bool) -> None:
    word = f"7{os.getpid()}{int(force)}"  # a length of sleep that nobody else asks for
    script = f"setsid sh -c 'trap \"\" INT TERM; sleep {word}' & sleep {word} & echo started; wait; sleep {word}"
    kept = fleet.server.give(job_of(run(script)))
    fleet.start(HostBackend(fleet.leases), graces=Graces(0.2, 0.2, 3))
    assert fleet.server.wait_for(lambda: b"Z started\n" in bytes(kept.log))
    fleet.server.cancel(1, force=force)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert [command for command in commands() if f"sleep {word}" in command and "echo started" not in command] == []


def test_a_shell_that_is_not_there(fleet: Fleet) -> None:
    kept = fleet.run(job_of(run("echo", shell="no-such-shell {0}")), HostBackend(fleet.leases))
    assert kept.end is not None
    assert kept.end.conclusion == "failure"
    assert any("no-such-shell" in line for line in text_of(kept))


def test_signals_never_reach_the_agent_itself() -> None:
    assert os.getpid() not in process_tree.members("github_nobody", os.getpid())


#: Ways to leave a process behind: plain, in a session of its own, without our variables, with GitHub's mark taken off.
DAEMONS = """
sleep {word} >/dev/null 2>&1 &
nohup setsid sleep {word} >/dev/null 2>&1 &
env -i setsid sleep {word} >/dev/null 2>&1 &
(RUNNER_TRACKING_ID= setsid sh -c 'cd /; sleep {word}' >/dev/null 2>&1 &)
echo $! > pid
"""


def test_daemons_live_until_the_job_ends(fleet: Fleet) -> None:
    word = f"8{os.getpid()}1"
    kept = fleet.run(
        job_of(run(DAEMONS.format(word=word)), run("kill -0 $(cat pid) && echo still there")),
        HostBackend(fleet.leases),
    )
    assert "still there" in text_of(kept)
    assert [command for command in commands() if command.startswith(f"sleep {word}")] == []


@pytest.fixture
def left(tmp_path: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Processes of two leases, as an agent that was killed leaves them."""
    made = {}
    for name in ("7-1", "7-10", "8-1"):
        folder = tmp_path / "leases" / name
        (folder / "work").mkdir(parents=True)
        by_place = name == "7-10"
        variables = {} if by_place else {process_tree.LEASE_FOLDER: str(folder)}
        command = ["sh", "-c", f"cd {folder / 'work' if by_place else '/'}; setsid sleep 600 & echo up; wait"]
        made[name] = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, start_new_session=True)
        assert made[name].stdout.readline() == b"up\n"  # type: ignore[union-attr]  # it is a pipe
    yield made
    for name, process in made.items():
        process_tree.clear(tmp_path / "leases" / name)
        process.communicate()


def test_sweep_kills_what_a_dead_agent_left(left: dict[str, subprocess.Popen[bytes]], tmp_path: Path) -> None:
    leases = tmp_path / "leases"
    backend = HostBackend(leases)
    assert set(process_tree.leftovers(leases)) == set(left)
    removed = backend.sweep(lambda: frozenset({Lease(8, 1)}))
    assert set(removed) == {"processes of job 7-1: 2", "processes of job 7-10: 2"}
    for name in ("7-1", "7-10"):
        assert left[name].wait(10) in (-9, 0)  # a shell whose sleep was killed first may come to its own end
    assert left["8-1"].poll() is None
    assert set(process_tree.leftovers(leases)) == {"8-1"}


def test_a_kill_comes_back_when_all_have_ended(tmp_path: Path) -> None:
    """However long the kernel takes: here it has much memory to free."""
    folder = tmp_path / "leases" / "9-1"
    script = "memory = bytearray(384 << 20)\nfor at in range(0, len(memory), 4096): memory[at] = 1\nprint(flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{script}\nimport time; time.sleep(600)"],
        env={process_tree.LEASE_FOLDER: str(folder)},
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        process_tree.clear(folder)
        assert process.poll() == -signal.SIGKILL


def test_a_process_that_keeps_writing_does_not_hold_the_step(fleet: Fleet) -> None:
    script = "(while :; do echo noise; sleep 0.1; done) & echo left it"
    kept = fleet.run(job_of(run(script)), HostBackend(fleet.leases))
    assert kept.end is not None
    assert kept.end.conclusion == "success"
    assert "left it" in text_of(kept)


def test_a_step_that_closes_its_output_goes_on(fleet: Fleet) -> None:
    kept = fleet.run(job_of(run("echo before; exec >&- 2>&-; sleep 0.3; exit 3")), HostBackend(fleet.leases))
    assert "before" in text_of(kept)
    assert "##[error]Process completed with exit code 3." in text_of(kept)


def test_a_job_with_a_container_is_refused(fleet: Fleet) -> None:
    wanted = {"container": Container("debian:12")}
    kept = fleet.run(job_of(run("echo never"), definition=wanted), HostBackend(fleet.leases))
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.reason) == ("failure", "container_refused")
    assert "needs a runner with the docker backend" in kept.end.message


def test_services_need_an_engine(fleet: Fleet, tmp_path: Path) -> None:
    wanted = {"services": {"db": Container("redis")}}
    address = f"unix://{tmp_path}/nobody"
    host = HostBackend(fleet.leases, rules=ContainerRules("tests"), engine=address)
    kept = fleet.run(job_of(run("echo never"), definition=wanted), host)
    assert kept.end is not None
    assert (kept.end.conclusion, kept.end.reason) == ("failure", "engine_unavailable")
    assert "This job has services, which run in containers" in kept.end.message
