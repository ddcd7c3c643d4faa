"""A real server in a process of its own, and git beside it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

PASSWORD = "a-long-enough-password"


@dataclass
class Served:
    """A server that answers at ``url``; ``tokens`` by login."""

    process: subprocess.Popen[str]
    url: str
    data: Path
    environment: dict[str, str]
    tokens: dict[str, str] = field(default_factory=dict)

    def forge(self, *arguments: str, text: str = "") -> str:
        """Run a ``forge`` command beside the server; its output."""
        command = [sys.executable, "-m", "forge.cli", *arguments]
        done = subprocess.run(command, env=self.environment, input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def create(self, login: str, name: str, **fields: object) -> str:
        """A new repository, made over the API; its full name."""
        headers = {"authorization": f"token {self.tokens[login]}"}
        made = httpx.post(f"{self.url}/api/v3/user/repos", json={"name": name, **fields}, headers=headers)
        assert made.status_code == 201, made.text
        return f"{login}/{name}"

    def remote(self, name: str, login: str = "") -> str:
        """The address of a repository for git, with somebody's token in it."""
        credential = f"x-access-token:{self.tokens.get(login, login)}@" if login else ""
        return f"{self.url.replace('://', '://' + credential)}/{name}"

    def peak_kib(self) -> int:
        """The most memory that the server ever had, in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0])

    def children(self) -> set[int]:
        """Processes that the server has started and that still are."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}


@contextlib.contextmanager
def served(data: Path, *options: str) -> Iterator[Served]:
    """``forge up`` on a free port, ended by SIGTERM at the end of the block; it must end well."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("FORGE_")}
    environment |= {"DJANGO_SETTINGS_MODULE": "forge.settings", "FORGE_DATA": str(data), "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-m", "forge.cli", "up", "--port", "0", *options]
    errors = data.with_suffix(".log")
    with open(errors, "w") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Forge is ready at "), errors.read_text()
        running = Served(process, line.split()[-1], data, environment)
        yield running
        running.forge("check", "--only-look")  # whatever happened here, the rows keep the rules of the engine
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0, errors.read_text()
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


class Git:
    """git in one working folder, with nothing of this machine's configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            # What is pushed here in bulk is random: packing it would only take time.
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "core.compression",
            "GIT_CONFIG_VALUE_0": "0",
            "GIT_AUTHOR_NAME": "Ann",
            "GIT_AUTHOR_EMAIL": "ann@example.org",
            "GIT_COMMITTER_NAME": "Ann",
            "GIT_COMMITTER_EMAIL": "ann@example.org",
        }

    def __call__(self, *arguments: str, ok: bool = True, data: str | None = None) -> str:
        """Run git; what it printed, both streams, is the answer. It must succeed, or with ``ok=False`` fail."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=self.environment,
            input=data,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return (done.stdout + done.stderr).strip()

    def commit(self, name: str, content: bytes | str = "x") -> str:
        """Commit one file; the commit's id."""
        (self.folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        self("add", name)
        self("commit", "-qm", f"Change {name}")
        return self("rev-parse", "HEAD")
