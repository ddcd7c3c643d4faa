"""No isolation: steps run on this machine, as processes of the agent's user or of another one.

Meant for where there is no container engine. A step can read what that user can read; the job's log says so.
Every process gets the folder of its job's lease in its environment: by that the end of the job, or the next agent
with this data folder, finds what a step left running.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import selectors
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from runner import process_tree
from runner.backends.base import DRAIN_SECONDS, Command, Finding, JobPlace, Layout, Lease, SignalName
from runner.containers import leftovers
from runner.containers.engine import Engine
from runner.containers.job_set import JobSet
from runner.containers.rules import ContainerRules
from runner.containers.spec import JobContainers, ServiceInfo
from runner.errors import ConfigError, InfrastructureError
from runner.stop import Stop

_KEPT = ("LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_BLOCK = 256 << 10


@dataclass(frozen=True)
class HostUser:
    """Whom the steps run as."""

    uid: int
    gid: int
    name: str


class HostBackend:
    """Runs jobs on this machine, with their folders in ``leases``. ``user`` needs an agent that runs as root.

    Services run in containers, by ``rules``, where this machine has an engine.
    """

    name = "host"

    def __init__(self, leases: Path, user: str = "", rules: ContainerRules | None = None, engine: str = "") -> None:
        self._leases = leases.resolve()
        self._user = _find_user(user) if user else None
        self._rules = rules
        self._engine = Engine(engine)

    def layout(self, place: JobPlace) -> Layout:
        return layout_of(place)

    def fetch_ahead(self, stop: Stop) -> None:
        """Nothing: which services jobs will want is not known."""

    def keep_ready(self) -> None:
        pass  # a place here costs nothing to make

    def let_go(self) -> None:
        pass

    def prepare(self, place: JobPlace, say: Callable[[str], None], stop: Stop) -> HostSandbox:
        containers = self._containers(place.lease, place.containers)
        who = self._user.name if self._user else pwd.getpwuid(os.getuid()).pw_name
        say(f"Steps run on this machine, without a container, as the user {who}.")
        if self._user is None:
            say("##[warning]This workflow can read all that the runner can: its credential, and the secrets of a")
            say("##[warning]server that runs as the same user. Use it only for workflows that you trust.")
        else:
            _give(place.work, self._user)
        return HostSandbox(place, self._user, containers)

    def _containers(self, lease: Lease, wanted: JobContainers) -> JobSet | None:
        """The job's services; InfrastructureError for what cannot be had on a machine."""
        if wanted.job is not None:
            text = "This runner has no containers for its steps (its backend is host): a job with `container` needs a "
            text += "runner with the docker backend. Give that one a label of its own, and name it in runs-on."
            raise InfrastructureError("container_refused", text)
        if not wanted.services:
            return None
        if self._rules is None:
            raise InfrastructureError("container_refused", "This runner has no containers: it cannot run services.")
        try:
            return JobSet(self._engine.client(), self._rules, lease, wanted, on_host=True)
        except InfrastructureError as error:
            if error.reason != "engine_unavailable":
                raise
            text = f"This job has services, which run in containers, and this runner's machine has none. {error}"
            raise InfrastructureError("engine_unavailable", text) from error

    def sweep(self, held: Callable[[], frozenset[Lease]]) -> list[str]:
        found, removed = process_tree.leftovers(self._leases), self._sweep_services(held)
        owned = held()
        for name, processes in found.items():
            lease = Lease.parse(name)
            if lease is not None and lease not in owned:
                process_tree.clear(self._leases / name)
                removed.append(f"processes of job {lease}: {len(processes)}")
        return removed

    def _sweep_services(self, held: Callable[[], frozenset[Lease]]) -> list[str]:
        """Services that a killed agent has left. A machine without an engine has none."""
        if self._rules is None:
            return []
        try:
            return leftovers.remove(self._engine.client(), self._rules.runner, held)
        except InfrastructureError:
            return []

    def remove_folder(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    def check(self) -> list[Finding]:
        shell = shutil.which("bash") or shutil.which("sh")
        git = shutil.which("git")
        return [
            Finding("shell", shell is not None, shell or "none", "install bash"),
            Finding("git", git is not None, git or "none", "install git, which actions/checkout needs"),
        ]


class HostSandbox:
    """The place of one job on this machine: a folder, and processes that bear its mark."""

    def __init__(self, place: JobPlace, user: HostUser | None, containers: JobSet | None = None) -> None:
        self._folder = place.work.parent.resolve()
        self.layout = layout_of(place)
        self._containers = containers
        self._user = user
        self._lock = threading.Lock()
        self._running: list[HostExecution] = []
        self._is_closed = False

    def start(self, command: Command, write: Callable[[bytes], None], ended: Callable[[], None]) -> HostExecution:
        environment = {**command.environment, process_tree.LEASE_FOLDER: str(self._folder)}
        with self._lock:
            if self._is_closed:
                raise InfrastructureError("place_closed", "The job's place is closed; nothing can be started there.")
            try:
                process = _spawn(command, environment, self._user)
            except OSError as error:
                what = f"start process '{command.argv[0]}' with working directory '{command.directory}'"
                return _failed(command, f"An error occurred trying to {what}. {error.strerror}", write, ended)
            execution = HostExecution(command, process, write, ended)
            self._running.append(execution)
        return execution

    def start_services(self, say: Callable[[str], None], stop: Stop) -> Mapping[str, ServiceInfo]:
        return {} if self._containers is None else self._containers.start_services("", "", say, stop)

    def stop_containers(self, say: Callable[[str], None]) -> None:
        if self._containers is not None:
            self._containers.stop(say)
            self._containers.close()

    def live_for(self, seconds: float) -> None:
        """Nobody beside the agent watches here."""

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            running, self._running = self._running, []
        for execution in running:
            execution.signal("KILL")
        process_tree.clear(self._folder)
        for execution in running:
            execution.abandon()
        if self._containers is not None:
            self._containers.close()


class HostExecution:
    """One process of a step."""

    trouble = None

    def __init__(
        self,
        command: Command,
        process: subprocess.Popen[bytes] | None,
        write: Callable[[bytes], None],
        ended: Callable[[], None],
    ) -> None:
        self._command = command
        self._process = process
        self._write = write
        self._ended = ended
        self._abandoned = False
        self.exit_code: int | None = None
        self._thread = threading.Thread(target=self._follow, name="host-step", daemon=True)
        if process is not None:
            self._thread.start()

    def signal(self, name: SignalName) -> None:
        if self.exit_code is None and self._process is not None:
            process_tree.send(self._command.tracking_id, name, self._process.pid)

    def abandon(self) -> None:
        """Read no more, and reap it."""
        self._abandoned = True
        self._thread.join(DRAIN_SECONDS + 1)  # a process that cannot be killed hangs in the kernel

    def _follow(self) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        code: int | None = None
        deadline = 0.0
        watch = os.pidfd_open(process.pid)
        with process.stdout, selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            ready.register(watch, selectors.EVENT_READ)
            while process.stdout in {key.fileobj for key in ready.get_map().values()}:
                left = deadline - time.monotonic() if deadline else None
                events = ready.select(left) if left is None or left > 0 else []
                if not events or self._abandoned:
                    break
                for key, _ in events:
                    if key.fileobj == watch:
                        code = process.wait()
                        deadline = time.monotonic() + DRAIN_SECONDS
                        ready.unregister(watch)
                    elif data := os.read(process.stdout.fileno(), _BLOCK):
                        self._write(data)
                    else:
                        ready.unregister(process.stdout)
        os.close(watch)
        code = process.wait() if code is None else code
        self.exit_code = 128 - code if code < 0 else code
        self._ended()


def layout_of(place: JobPlace) -> Layout:
    """Where things are for the steps of a job on this machine."""
    work = str(place.work)
    shell = "bash" if shutil.which("bash") else "sh"
    return Layout(
        work=work,
        workspace=f"{work}/{place.repository}/{place.repository}",
        home=f"{work}/_temp/_github_home",
        workflow=f"{work}/_temp/_github_workflow",
        is_container=False,
        path=os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin"),
        default_shell=(f"{shutil.which(shell) or shell} -e {{0}}", f"{shell} -e {{0}}"),
        environment={name: os.environ[name] for name in _KEPT if name in os.environ},
    )


def _spawn(command: Command, environment: Mapping[str, str], user: HostUser | None) -> subprocess.Popen[bytes]:
    who = {"user": user.uid, "group": user.gid, "extra_groups": []} if user else {}
    process: subprocess.Popen[bytes] = subprocess.Popen(
        command.argv,
        env=environment,
        cwd=command.directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        **who,  # type: ignore[call-overload]  # three plain keywords, or none
    )
    return process


def _failed(command: Command, text: str, write: Callable[[bytes], None], ended: Callable[[], None]) -> HostExecution:
    execution = HostExecution(command, None, write, ended)
    write(f"{text}\n".encode())
    execution.exit_code = 127
    ended()
    return execution


def _find_user(name: str) -> HostUser:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise ConfigError(f"[host] user: this machine has no user {name}") from None
    if os.geteuid() != 0:
        raise ConfigError("[host] user: only an agent that runs as root can run steps as another user")
    return HostUser(entry.pw_uid, entry.pw_gid, name)


def _give(folder: Path, user: HostUser) -> None:
    try:
        for base, folders, files in os.walk(folder):
            for name in (".", *folders, *files):
                with contextlib.suppress(FileNotFoundError):
                    os.chown(os.path.join(base, name), user.uid, user.gid, follow_symlinks=False)
    except OSError as error:
        raise InfrastructureError("disk", f"the job's folder cannot be given to {user.name}: {error}") from error
