"""``forge up``: the whole server in one process, from the listening sockets to the last held call.

Nothing here may import Django before ``prepare`` has said in the environment how this server is reached.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from forge.children import stop_child
from forge.errors import ForgeError

#: Held calls and streams are ended this many seconds after the signal; ordinary ones are done by then.
GRACE_SECONDS = 2
#: A thread that is ready waits so long at most for the interpreter, where another one computes (Python's own 5 ms is
#: felt: a push passes through several threads on its way to a runner).
TURN_SECONDS = 0.001
_SIOCGIFADDR = 0x8915  # linux/sockios.h: the IPv4 address of a network interface


class CannotListen(ForgeError):
    """An address cannot be listened on; the message says which and what to do."""


@dataclass(frozen=True)
class Listening:
    """The sockets of a server that is about to start, and its URLs; ``url`` is the public one."""

    sockets: list[socket.socket]
    url: str
    #: Where this machine reaches it, whatever stands before it for others.
    own: str
    #: Where job containers reach it by a further address; empty when there is none.
    container: str = ""
    #: The unix socket that it listens on besides, removed at its end.
    unix_socket: Path | None = None


def prepare(
    host: str, port: int, also: Sequence[str] = (), data: str | None = None, unix_socket: str | None = None
) -> Listening:
    """Listen on ``host:port`` (port 0: any free one), on the same port of the further hosts and on the unix
    socket, and set FORGE_URL, FORGE_INTERNAL_URLS and FORGE_DATA for the settings that are loaded next. A
    FORGE_URL that is given stays: a proxy may stand before this server."""
    first = _listen(host, port)
    port = first.getsockname()[1]
    sockets = [first, *(_listen(other, port) for other in also)]
    beside = Path(unix_socket).absolute() if unix_socket else None
    if beside is not None:
        sockets.append(_listen_unix(beside))
    own = f"http://{_bracketed('127.0.0.1' if host in ('0.0.0.0', '::') else host)}:{port}"
    url = os.environ.setdefault("FORGE_URL", own).rstrip("/")
    internal = [one for one in os.environ.get("FORGE_INTERNAL_URLS", "").split(",") if one]
    internal += [f"http://{_bracketed(other)}:{port}" for other in also]
    internal += [own] if own != url else []
    os.environ["FORGE_INTERNAL_URLS"] = ",".join(dict.fromkeys(internal))
    if data:
        os.environ["FORGE_DATA"] = str(Path(data).resolve())
    return Listening(sockets, url, own, f"http://{_bracketed(also[0])}:{port}" if also else "", beside)


def bridge_address(interface: str = "docker0") -> str | None:
    """This machine's address on the Docker bridge, by which job containers reach it; None without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe, _SIOCGIFADDR, struct.pack("256s", interface.encode()[:15]))
        except OSError:
            return None
    return socket.inet_ntoa(answer[20:24])


def run(listening: Listening, *, ready: Callable[[str], None], stopping: Callable[[], None] = lambda: None) -> int:
    """Serve until a signal comes, then stop in order: ``stopping``, no new connections, a short grace, the worker and
    beat, the sockets. The exit status: 0, or 3 when the start failed."""
    config = uvicorn.Config(
        "forge.asgi:application",
        log_level=os.environ.get("FORGE_LOG_LEVEL", "warning").lower(),
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=75,
        server_header=False,
        forwarded_allow_ips=os.environ.get("FORGE_TRUSTED_PROXIES", "127.0.0.1"),
    )
    server = _Server(config, lambda: ready(listening.url), stopping)
    try:
        with _quiet_signals():
            server.run(sockets=listening.sockets)
    finally:
        if listening.unix_socket is not None:
            listening.unix_socket.unlink(missing_ok=True)
    return 0 if server.started else 3


class LocalRunner:
    """A runner agent as a child process, registered once the server answers.

    Its registration token goes by the environment, where no list of processes shows it. The child leads a
    session of its own: Ctrl-C reaches it through ``stop``, while the server can still take its last reports.
    """

    def __init__(self, folder: Path, labels: str, name: str = "local") -> None:
        self._place = ["--dir", str(folder)]
        self._named = ["--name", name, *(["--labels", labels] if labels else [])]
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped = threading.Event()

    def start(self, url: str, container_url: str, token: str) -> None:
        """Register and run, in a thread: the server that must answer lives in this process."""
        arguments = (url, container_url, token)
        threading.Thread(target=self._run, args=arguments, name="local-runner", daemon=True).start()

    def stop(self) -> None:
        """Let it end its jobs as a runner does when its machine goes down."""
        self._stopped.set()
        if self._child is not None:
            stop_child(self._child)

    def _run(self, url: str, container_url: str, token: str) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FORGE_")}
        command = [sys.executable, "-m", "runner"]
        # The same folder again, maybe at another address: the runner of before gives way.
        register = [
            *command,
            "register",
            "--replace",
            "--url",
            url,
            "--backend",
            _backend(),
            *self._named,
            *self._place,
        ]
        if container_url:
            register += ["--container-url", container_url]
        if subprocess.run(register, env={**environment, "FORGE_RUNNER_TOKEN": token}, check=False).returncode:
            print("forge: the local runner could not be registered; the server runs without it", file=sys.stderr)
        elif not self._stopped.is_set():
            self._child = subprocess.Popen([*command, "run", *self._place], env=environment, start_new_session=True)


class _Server(uvicorn.Server):
    """Says when it really accepts requests."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready, self._stopping = ready, stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets=sockets)
        if self.started and not self.should_exit:
            _settle_down()
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """What depends on the server goes first, while it still answers."""
        await asyncio.to_thread(self._stopping)
        await super().shutdown(sockets=sockets)


def _settle_down() -> None:
    """What is loaded by now stays for good: the collector, whose passes stop every thread, need not look through all of
    it again and again."""
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(TURN_SECONDS)


@contextlib.contextmanager
def _quiet_signals() -> Iterator[None]:
    """uvicorn raises the signal that stopped it again when it is done; here that is the end, not a death."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: None) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def _backend() -> str:
    """Containers where a Docker engine answers; otherwise this machine itself, and we say so."""
    import docker  # here: a server without a runner needs nothing of it
    import docker.errors

    try:
        with contextlib.closing(docker.from_env(timeout=10)) as client:
            client.ping()
    except (docker.errors.DockerException, OSError):
        where = os.environ.get("DOCKER_HOST") or "its usual place"
        print(
            f"forge: no Docker engine answers at {where}; jobs run on this machine, without isolation", file=sys.stderr
        )
        return "host"
    return "docker"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise CannotListen(
            f"Cannot listen on {host}:{port}: {error.strerror}. Stop what uses it, or choose another with --port."
        ) from error
    listener.set_inheritable(False)
    return listener


def _listen_unix(path: Path) -> socket.socket:
    """Listen at this path, for the user and the group that the server runs as. A socket that nobody listens on any
    more is replaced; what is no socket is left alone."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket() and not _answers(path):
            path.unlink()
        before = os.umask(0o117)  # 0660 from the first moment on
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise CannotListen(
            f"Cannot listen on {path}: {error.strerror or error}. Stop what uses it, or name another: --unix-socket."
        ) from error
    listener.set_inheritable(False)
    return listener


def _answers(path: Path) -> bool:
    """True when somebody listens on this unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(5)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
    return True


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
