"""A whole Forge for tests: server (one process or several), an account, repositories, runner agents.

Everything is the real thing, started by the same commands that a person uses, in a folder of its own.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import docker
import httpx

from runner import config
from runner.containers.labels import LABEL
from tests.services.process import Process, free_port

BIN = Path(sys.executable).parent
PASSWORD = "correct horse battery"
LOGIN = "alice"
#: Requests an hour: a test asks for the end of its runs far more often than people may.
UNLIMITED = "10000000"
#: What this process has in its environment for its own tests.
OURS = ("FORGE_", "DJANGO_SETTINGS_MODULE", "PYTEST_")

Seen = TypeVar("Seen")


class NeverHappened(AssertionError):
    """What was waited for did not come within its time."""


def eventually(look: Callable[[], Seen | None], *, timeout: float = 60.0, what: str = "", pause: float = 0.05) -> Seen:
    """The first truthy answer of ``look``; NeverHappened after ``timeout`` seconds. ``pause`` is the bound of how late
    it is noticed."""
    until = time.monotonic() + timeout
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > until:
            raise NeverHappened(f"{what or look.__name__}: not within {timeout:g} s; last: {seen!r}")
        time.sleep(pause)  # nothing in Forge waits for it


def clean(more: Mapping[str, str]) -> dict[str, str]:
    """This machine's environment without what is ours, and with these."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | dict(more)


class Stack:
    """The server's processes and what a person does with them.

    ``several`` names a database and a Redis: then web, worker and beat are processes of their own. ``options`` are
    further ones of the server's command.
    """

    def __init__(
        self,
        folder: Path,
        *,
        environment: Mapping[str, str] | None = None,
        several: tuple[str, str] | None = None,
        bridge: bool = False,
        options: Sequence[str | Path] = (),
    ) -> None:
        self.folder = folder
        self.options = options
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = folder / "data"
        self.several = several is not None
        self.bridge = bridge
        self.container_url = ""
        place = {"FORGE_DATA": str(self.data), "FORGE_URL": self.url}
        self.environment = {**place, "FORGE_RATE_LIMIT": UNLIMITED, **(environment or {})}
        if several is not None:
            self.environment |= {"FORGE_DATABASE_URL": several[0], "FORGE_REDIS_URL": several[1]}
        self.processes: dict[str, Process] = {}
        self._counter = itertools.count(1)
        self.token = ""

    # --- processes ---------------------------------------------------------------------------------

    def __enter__(self) -> Stack:
        try:
            self._begin()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            for name, process in self.processes.items():
                print(f"--- {name}\n{process.output[-6000:]}", file=sys.stderr)
        try:
            if error is None:
                self.rules_hold()
        finally:
            self.stop()

    def _begin(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.several:
            self.forge("migrate")
        self.start_web()
        if self.several:
            self.start_worker()
            self.start("beat", [BIN / "forge", "beat"])
        self.forge("user", "create", LOGIN, input=PASSWORD + "\n")
        self.token = self.forge("token", "create", LOGIN, "--scopes", "repo,workflow,read:org,admin:org,user").strip()

    def start_web(self) -> Process:
        """The server (again), at the same address."""
        command: list[str | Path] = [BIN / "forge", "web" if self.several else "up"]
        command += ["--port", str(self.port), "--data", str(self.data), *self.options]
        if self.bridge:
            from forge.serve import bridge_address

            address = bridge_address()
            assert address, "there is no docker0"
            self.container_url = f"http://{address}:{self.port}"
            command += ["--also-listen", address]
        process = self.start("web", command)
        process.wait_for(r"Forge is ready at ", timeout=60)
        return process

    def start_worker(self) -> Process:
        """Celery's worker (again)."""
        return self.start("worker", [BIN / "forge", "worker"])

    def start(self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> Process:
        """One more process of this stack, ended with it."""
        process = Process(command, env={**self.environment, **(env or {})}, without=OURS, cwd=self.folder)
        self.processes[name] = process
        return process

    def stop(self) -> None:
        """End everything, runners first, so that they can give back their jobs."""
        order = {"web": 3, "worker": 1, "beat": 2}
        for name in sorted(self.processes, key=lambda one: order.get(one, 0)):
            self.processes[name].stop()

    def stop_runners(self) -> None:
        """End the agents and leave the server as it is."""
        for name in [one for one in self.processes if one.startswith("runner-")]:
            self.processes.pop(name).stop()

    def runner(
        self,
        name: str = "one",
        *,
        backend: str = "host",
        labels: str = "ubuntu-latest",
        options: Sequence[str] = (),
        register: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        image: str = "",
    ) -> Process:
        """Register an agent once and run it. ``options`` are those of `run`, ``register`` those of `register`."""
        folder = self.folder / f"runner-{name}"
        # Containers that are kept ready are for the tests that ask for them.
        settings = {"FORGE_RUNNER_BACKEND": backend, "FORGE_RUNNER_SPARES": "0", "FORGE_RUNNER_SPARE_NETWORKS": "0"}
        settings |= env or {}
        if image:
            settings["FORGE_RUNNER_IMAGE"] = image
        if not folder.exists():
            token = self.forge("runner", "token").strip()
            command = [BIN / "forge-runner", "register", "--url", self.url, "--name", name]
            command += ["--labels", labels, "--dir", folder, *register]
            if self.container_url:
                command += ["--container-url", self.container_url]
            subprocess.run(
                command, env=clean({**settings, "FORGE_RUNNER_TOKEN": token}), check=True, capture_output=True
            )
        command = [BIN / "forge-runner", "run", "--dir", folder, *options]
        process = Process(command, env=settings, without=OURS, cwd=self.folder)
        self.processes[f"runner-{name}"] = process
        process.wait_for(rf"Runner {name} is ready", timeout=30)
        return process

    def containers(self) -> list[str]:
        """Names of the containers that its agents have on the engine, whatever their state."""
        client = docker.from_env()
        try:
            folders = [path for path in self.folder.glob("runner-*") if path.is_dir()]
            labels = [f"{LABEL}={config.load(folder, {}).identity}" for folder in folders]
            found = [client.containers.list(all=True, filters={"label": label}) for label in labels]
            return [str(container.name) for containers in found for container in containers]
        finally:
            client.close()

    # --- what a person does ------------------------------------------------------------------------

    def forge(self, *arguments: str, input: str = "") -> str:
        """One command beside the server; its output."""
        done = subprocess.run(
            [BIN / "forge", *arguments],
            env=clean(self.environment),
            input=input,
            text=True,
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, f"forge {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def rules_hold(self) -> None:
        """Whatever happened here, the rows keep the rules of the engine. The server may be running or not."""
        done = subprocess.run(
            [BIN / "forge", "check", "--only-look"],
            env=clean(self.environment),
            text=True,
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, f"the rows break the rules:\n{done.stdout}{done.stderr}"

    def api(self, path: str, method: str = "GET", json: Any = None, **more: Any) -> httpx.Response:
        """One call of the REST API as the stack's person; ``path`` from the root or below /api/v3."""
        url = self.url + (path if path.startswith("/api/") else f"/api/v3{path}")
        headers = {"Authorization": f"Bearer {self.token}"}
        # Loading certificates costs 20 ms of processor time a call, and nothing here is encrypted.
        return httpx.request(method, url, json=json, headers=headers, timeout=30, trust_env=False, verify=False, **more)

    def repository(self, files: Mapping[str, str | bytes], name: str = "", *, private: bool = False) -> Project:
        """A new repository with a clone beside the stack, holding these files, not yet pushed."""
        name = name or f"project-{next(self._counter)}"
        made = self.api("/user/repos", "POST", {"name": name, "private": private})
        assert made.status_code == 201, made.text
        return Project(self, name, files)


class Project:
    """A clone on this machine and its repository on the server."""

    def __init__(self, stack: Stack, name: str, files: Mapping[str, str | bytes], owner: str = LOGIN) -> None:
        self.stack = stack
        self.name = name
        self.owner = owner
        self.folder = stack.folder / name
        self.folder.mkdir()
        self.git("init", "-q", "-b", "main")
        remote = stack.url.replace("://", f"://{LOGIN}:{stack.token}@")
        self.git("remote", "add", "origin", f"{remote}/{owner}/{name}.git")
        self.write(files)

    def git(self, *arguments: str) -> str:
        """Run git in the clone; its output."""
        identity = ["-c", "user.name=Alice", "-c", "user.email=alice@example.org", "-c", "protocol.version=2"]
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.folder, text=True, capture_output=True, timeout=300
        )
        assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
        return done.stdout + done.stderr

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Put these files into the clone."""
        for path, content in files.items():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)

    def push(self, files: Mapping[str, str | bytes] | None = None, message: str = "Change") -> str:
        """Commit everything and push; the commit's hash."""
        self.write(files or {})
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        self.git("push", "-q", "origin", "HEAD")
        return self.git("rev-parse", "HEAD").strip()

    def path(self, rest: str = "") -> str:
        """The API path of the repository's Actions."""
        return f"/repos/{self.owner}/{self.name}/actions{rest}"

    def run(self, sha: str, timeout: float = 30) -> dict[str, Any]:
        """The newest run of a commit, when it is there."""

        def look() -> dict[str, Any] | None:
            runs = self.stack.api(self.path(f"/runs?head_sha={sha}")).json()["workflow_runs"]
            return runs[0] if runs else None

        return eventually(look, timeout=timeout, what=f"a run of {sha}")

    def run_state(self, run_id: int) -> dict[str, Any]:
        """The run as the API shows it now."""
        state: dict[str, Any] = self._asked(f"/runs/{run_id}")
        return state

    def completed(self, run_id: int, timeout: float = 120, pause: float = 0.05) -> dict[str, Any]:
        """The run, when it is completed; asked for so often (s)."""

        def look() -> dict[str, Any] | None:
            state = self.run_state(run_id)
            return state if state["status"] == "completed" else None

        try:
            return eventually(look, timeout=timeout, what=f"the end of run {run_id}", pause=pause)
        except NeverHappened as never:
            jobs = [
                describe(job) + "\n".join(f"\n{step['name']}: {step['status']}" for step in job["steps"])
                for job in self.jobs(run_id).values()
            ]
            raise NeverHappened("\n".join([str(never), describe(self.run_state(run_id)), *jobs])) from never

    def jobs(self, run_id: int) -> dict[str, dict[str, Any]]:
        """The jobs of the run's latest attempt, by name."""
        return {job["name"]: job for job in self._asked(f"/runs/{run_id}/jobs?per_page=100")["jobs"]}

    def _asked(self, path: str) -> Any:
        answer = self.stack.api(self.path(path))
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def log(self, job_id: int) -> str:
        """The job's log so far."""
        answer = self.stack.api(self.path(f"/jobs/{job_id}/logs"), follow_redirects=True)
        return answer.text if answer.status_code == 200 else ""

    def says(self, run_id: int, job: str, text: str, timeout: float = 60) -> None:
        """Returns when the job's log holds the text at the end of a line, as output and not as part of the script."""

        def look() -> bool:
            found = self.jobs(run_id).get(job)
            return found is not None and any(
                line.partition(" ")[2] == text for line in self.log(found["id"]).splitlines()
            )

        eventually(look, timeout=timeout, what=f"{text!r} in the log of {job}")


_TOLD = ("id", "name", "status", "conclusion", "reason", "created_at", "started_at", "updated_at", "runner_name")


def describe(state: Mapping[str, Any]) -> str:
    """A run or job in words, for the message of a failed assertion."""
    return json.dumps({key: state.get(key) for key in _TOLD}, indent=1)
