"""Steps as processes of this machine: real shells, real signals."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner import process_tree
from runner.backends.host import HostBackend
from runner.step import Graces
from tests.runner.conftest import Fleet, job_of, text_of
from workflows.model import Step


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


def test_steps_files_and_a_warning(fleet: Fleet) -> None:
    kept = fleet.run(
        job_of(
            run('echo "A=1" >> "$GITHUB_ENV"; echo "$HOME"; pwd'),
            run('echo "A is $A"; seq 1 50000; echo err >&2'),
            run("exit 7", if_="env.A == '1'"),
        ),
        HostBackend(),
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
    fleet.start(HostBackend(), graces=Graces(0.2, 0.2, 3))
    assert fleet.server.wait_for(lambda: b"Z started\n" in bytes(kept.log))
    fleet.server.cancel(1, force=force)
    assert fleet.server.wait_for(lambda: kept.end is not None)
    assert [command for command in commands() if f"sleep {word}" in command and "echo started" not in command] == []


def test_a_shell_that_is_not_there(fleet: Fleet) -> None:
    kept = fleet.run(job_of(run("echo", shell="no-such-shell {0}")), HostBackend())
    assert kept.end is not None
    assert kept.end.conclusion == "failure"
    assert any("no-such-shell" in line for line in text_of(kept))


def test_signals_never_reach_the_agent_itself() -> None:
    assert os.getpid() not in process_tree.members("github_nobody", os.getpid())
