"""What a step may make of the files that the agent reads after it: the agent reads none of it, and goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.backends.host import HostBackend
from runner.fake_server import KeptJob
from tests.runner.conftest import Fleet, job_of, text_of
from workflows.model import Step

FILES = ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
#: What is done to a file (``$f``), and what the log says of it. ``$secret`` is a file that is no business of the job.
ATTACKS = {
    "a link": ('ln -sf "$secret" "$f"', "is a symbolic link, not a plain file"),
    "a link to endless bytes": ('ln -sf /dev/zero "$f"', "is a symbolic link, not a plain file"),
    "a hard link": ('ln -f "$secret" "$f"', "has 2 names, one is allowed"),
    "a pipe": ('rm "$f"; mkfifo "$f"', "is a named pipe, not a plain file"),
    "a pipe that is written": (
        'rm "$f"; mkfifo "$f"; (exec >/dev/null 2>&1; yes x=y > "$f") &',
        "is a named pipe, not a plain file",
    ),
    "a folder": ('rm "$f"; mkdir "$f"', "is a folder, not a plain file"),
    "a socket": (
        """cd $(dirname $f); export n=$(basename $f); rm $n
        python3 -c 'import os, socket; socket.socket(socket.AF_UNIX).bind(os.environ["n"])'""",
        "is a device or a socket, not a plain file",
    ),
    "huge": ('truncate -s 3G "$f"', "bytes, "),
    "its folder a link": ('d=$(dirname "$f"); mv "$d" "$d.old"; ln -s "$(dirname "$secret")" "$d"', "Not a directory"),
}
SECRET = "stolen=words-of-another"
LOOK = 'echo "after: $stolen $x ${{ steps.github_output.outputs.stolen }}"; env | grep words-of-a[n]other || echo none'


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_file_became(fleet: Fleet, tmp_path: Path, attack: str) -> None:
    secret = tmp_path / "another" / "secret"
    secret.parent.mkdir()
    secret.write_text(f"{SECRET}\n")
    script, said = ATTACKS[attack]
    steps = [
        Step(id=name.lower(), run=f'export f="${name}" secret="{secret}"\n{script}', if_="always()") for name in FILES
    ]
    look = Step(id="__run", run=LOOK, if_="always()")
    kept = fleet.run(job_of(*steps, look), HostBackend(fleet.leases))
    spoils_all = attack == "its folder a link"  # no later step can be given files either
    words = [*["failure"] * 4, "failure" if spoils_all else "success", "failure" if spoils_all else "success"]
    assert ended(kept) == ("failure", words)
    problems = [line for line in text_of(kept) if said in line]
    assert len(problems) == len(FILES) * (1 + spoils_all), "\n".join(text_of(kept))
    assert spoils_all or {"after:", "none"} <= {line.strip() for line in text_of(kept)}
    assert b"words-of-another" not in kept.log
    assert kept.end is not None
    assert kept.end.summaries == ()
    assert secret.read_text() == f"{SECRET}\n"
    assert sorted(os.listdir(secret.parent)) == ["secret"]


def test_files_that_are_gone_say_nothing(fleet: Fleet) -> None:
    script = "\n".join(f'rm "${name}"' for name in FILES)
    kept = fleet.run(job_of(Step(id="__run", run=script)), HostBackend(fleet.leases))
    assert ended(kept) == ("success", ["success"])


def ended(kept: KeptJob) -> tuple[str | None, list[str | None]]:
    assert kept.end is not None
    own = [step for number, step in sorted(kept.steps.items()) if step.workflow]
    return kept.end.conclusion, [step.conclusion for step in own]
