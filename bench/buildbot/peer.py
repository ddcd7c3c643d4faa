"""A Buildbot master and its worker on loopback, and what its builds' commands wrote."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from bench.rows import CannotRun
from tests.services.process import Process, free_port
from tests.services.stack import NeverHappened, eventually

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
ENVIRONMENT = _ROOT / "var" / "bench" / "buildbot"
_LOCK = _HERE / "requirements.lock"


@dataclass(frozen=True)
class Build:
    """When the change was taken, and the time that each command wrote, all by this machine's clock."""

    taken: float
    commands: tuple[float, ...]


class Buildbot:
    """A context manager; CannotRun when it cannot be installed or does not start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._processes: list[Process] = []
        self._asked: subprocess.Popen[str] | None = None

    def __enter__(self) -> Buildbot:
        try:
            self._start(install())
        except NeverHappened as error:
            self.stop()
            raise CannotRun(f"Buildbot does not start: {error}") from error
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End its processes, the newest first."""
        if self._asked is not None:
            self._asked.kill()
            self._asked.communicate()
        while self._processes:
            self._processes.pop().kill()

    def build(self, project: str, commands: int) -> Build:
        """One build of the builder of this name, when its last command has written its time."""
        revision = f"r{next(self._numbers)}"
        written = self._folder / "out" / revision
        assert self._asked is not None
        assert self._asked.stdin is not None
        self._asked.stdin.write(f"{project} {revision}\n")
        self._asked.stdin.flush()
        line = self._asked.stdout.readline() if self._asked.stdout else ""
        if not line.startswith(f"taken {revision} "):
            raise CannotRun(f"Buildbot took no change: {line!r}")
        times = eventually(lambda: self._times(written, commands), timeout=60, what=f"build {revision}")
        return Build(float(line.split()[2]), times)

    @staticmethod
    def _times(written: Path, wanted: int) -> tuple[float, ...] | None:
        lines = written.read_text().split() if written.exists() else []
        return tuple(map(float, lines)) if len(lines) == wanted else None

    def _start(self, bin_: Path) -> None:
        port = str(free_port())
        (self._folder / "out").mkdir(parents=True)
        master, worker = self._folder / "master", self._folder / "worker"
        given = {"BENCH_PORT": port, "BENCH_OUT": str(self._folder / "out"), "PATH": os.environ["PATH"]}
        makings: tuple[list[str | Path], ...] = (
            [bin_ / "buildbot", "create-master", "--quiet", master],
            [bin_ / "buildbot-worker", "create-worker", "--quiet", worker, f"127.0.0.1:{port}", "bench", "bench"],
        )
        for command in makings:
            subprocess.run(command, check=True, capture_output=True, env={**os.environ, **given})
        (master / "master.cfg").write_text((_HERE / "master.cfg").read_text())
        self._begin([bin_ / "buildbot", "start", "--nodaemon", master], given, master, "BuildMaster is running")
        self._begin([bin_ / "buildbot-worker", "start", "--nodaemon", worker], given, worker, "worker is ready")
        self._asked = subprocess.Popen(
            [bin_ / "python", _HERE / "trigger.py", port], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._asked.stdout is not None
        assert self._asked.stdout.readline() == "ready\n"

    def _begin(self, command: list[str | Path], env: dict[str, str], folder: Path, word: str) -> None:
        """Start one of its programs, and come back when its log has this word."""
        self._processes.append(Process(command, env=env))
        log = folder / "twistd.log"
        eventually(lambda: log.exists() and word in log.read_text(), timeout=60, what=f"{word!r} in {log}")


def install() -> Path:
    """Where its programs are: installed from the lock when they are not, or when the lock is newer."""
    done = ENVIRONMENT / "installed"
    if not done.exists() or done.read_text() != _LOCK.read_text():
        uv = str(Path(sys.executable).parent / "uv")
        python = str(ENVIRONMENT / "bin" / "python")
        for command in (
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(ENVIRONMENT)],
            [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", str(_LOCK)],
        ):
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            if ran.returncode:
                raise CannotRun(f"Buildbot cannot be installed: {ran.stderr.strip()[-500:]}")
        done.write_text(_LOCK.read_text())
    return ENVIRONMENT / "bin"
