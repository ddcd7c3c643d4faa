"""One command in a container: started, read, watched, signalled."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

import urllib3
from docker.errors import DockerException, NotFound

from runner import process_tree
from runner.backends.base import DRAIN_SECONDS, Command, SignalName, Trouble
from runner.containers.limits import size_text

_BLOCK = 256 << 10
_FRAME = struct.Struct(">BxxxL")
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: One stream in the order of writing: two would be merged by chance. A directory that is not there is the step's own
#: mistake, and to the engine an error like any other.
_BEGIN = """exec 2>&1
cd "$1" 2>/dev/null || {
  echo "An error occurred trying to start process '$2' with working directory '$1'. No such file or directory"
  exit 126
}
shift
exec "$@"
"""
_MERGE = ("sh", "-c", _BEGIN, "sh")
LOST = 137  # also what a kill by the kernel, for want of memory, ends with
_WORD_WAIT = 1.0  # s that the word of what killed a process may come after its end
_SIGNAL_WAIT = 2.0  # s that a signal may be on its way: it is sent by an exec, which a busy engine starts late
GONE = Trouble(
    "container_lost",
    "The job's container ended while this step ran. A step, or someone else, has ended it.",
    is_ours=True,
)


def inner_path(image: Any) -> str:
    """The PATH that an image sets, or the engine's own."""
    variables = (image.attrs.get("Config") or {}).get("Env") or []
    return next((entry[5:] for entry in variables if entry.startswith("PATH=")), _DEFAULT_PATH)


class Watch:
    """The engine's events about one container: which exec ended how, whether memory ran out, whether it died."""

    def __init__(self, client: Any, container: str, memory: int = 0) -> None:
        self._client = client
        self._container = container
        self.memory = memory  # bytes that the container may use; 0: all
        self._events: Any = None
        self._codes: dict[str, int] = {}
        self.changed = threading.Condition()
        self.out_of_memory = 0
        self.died = False  # the container
        self.gone = GONE  # what its end means for the step that runs
        self.is_cut = False  # the stream of events: nothing more is heard

    def begin(self) -> None:
        """Listen from now on."""
        self._events = self._client.api.events(filters={"container": self._container}, decode=True)
        threading.Thread(target=self._follow, name="docker-events", daemon=True).start()

    def code_of(self, exec_id: str) -> int | None:
        """The exit code of an exec that has ended; call with ``changed`` held."""
        return self._codes.get(exec_id)

    def why_killed(self, memory_before: int) -> Trouble | None:
        """Why a process was killed, and not by us: by the kernel, or with the whole container. ``memory_before`` is
        ``out_of_memory`` when it was started. The word of either may come late."""

        def is_out_of_memory() -> bool:
            return self.out_of_memory > memory_before

        with self.changed:
            self.changed.wait_for(lambda: is_out_of_memory() or self.died, _WORD_WAIT)
            if is_out_of_memory():
                return _out_of_memory(self.memory)
            return self.gone if self.died else None

    def close(self) -> None:
        """Stop listening."""
        if self._events is not None:
            with contextlib.suppress(Exception):  # docker's close fails in several ways when the stream is at its end
                self._events.close()

    def _follow(self) -> None:
        try:
            for event in self._events:
                self._take(event)
        except (DockerException, urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError):
            pass  # closed, or the engine is gone: the execs ask by themselves
        with self.changed:
            self.is_cut = True
            self.changed.notify_all()

    def _take(self, event: dict[str, Any]) -> None:
        action = str(event.get("Action", ""))
        attributes = (event.get("Actor") or {}).get("Attributes") or {}
        with self.changed:
            if action == "exec_die":
                self._codes[attributes.get("execID", "")] = int(attributes.get("exitCode") or 0)
            elif action == "oom":
                self.out_of_memory += 1
            elif action in ("die", "destroy"):
                self.died = True
            self.changed.notify_all()


class DockerExecution:
    """A running exec. One thread reads its output, one waits for its end."""

    def __init__(
        self,
        client: Any,
        container: str,
        command: Command,
        watch: Watch,
        write: Callable[[bytes], None],
        ended: Callable[[], None],
    ) -> None:
        self._api = client.api
        self._container = container
        self._command = command
        self._watch = watch
        self._write = write
        self._ended = ended
        self._memory_before = watch.out_of_memory
        self.exit_code: int | None = None
        self.trouble: Trouble | None = None
        created = self._api.exec_create(
            container,
            [*_MERGE, command.directory, *command.argv],
            environment=dict(command.environment),
            workdir="/",
        )
        self._id: str = created["Id"]
        self._stream = _hijack(self._api, self._id)
        self._read_all = False
        self._is_killed = False  # by ourselves
        threading.Thread(target=self._read, name="docker-output", daemon=True).start()
        threading.Thread(target=self._wait, name="docker-exec", daemon=True).start()

    def signal(self, name: SignalName) -> None:
        if self.exit_code is not None:
            return
        self._is_killed = self._is_killed or name == "KILL"
        sending = threading.Thread(target=self._send, args=(name,), name="docker-signal", daemon=True)
        sending.start()
        sending.join(_SIGNAL_WAIT)  # what follows counts from the arrival; the next signal shall not overtake this one

    def _send(self, name: SignalName) -> None:
        argv = ["sh", "-c", process_tree.SCRIPT, "sh", name, self._command.tracking_id]
        with contextlib.suppress(DockerException, OSError):  # the container is gone: so is the command
            created = self._api.exec_create(self._container, argv, user="")
            self._api.exec_start(created["Id"])

    def _read(self) -> None:
        try:
            copy_frames(self._stream, self._write)
        except (OSError, ValueError, urllib3.exceptions.HTTPError):
            pass  # cut on purpose after the drain, or the engine is gone
        with self._watch.changed:
            self._read_all = True
            self._watch.changed.notify_all()

    def _wait(self) -> None:
        code, changed = self._await_end(), self._watch.changed
        with changed:
            drained = changed.wait_for(lambda: self._read_all, DRAIN_SECONDS)
        if not drained:
            self._stream.cut()
            with changed:
                changed.wait_for(lambda: self._read_all, DRAIN_SECONDS)
        if code == LOST and self.trouble is None and not self._is_killed:
            self.trouble = self._watch.why_killed(self._memory_before)
        self._stream.close()
        self.exit_code = code
        self._ended()

    def _await_end(self) -> int:
        """Wait for its end; the exit code. Where none can be had, ``trouble`` says why."""
        watch = self._watch
        with watch.changed:
            watch.changed.wait_for(lambda: self._is_known() or self._read_all or watch.is_cut)
        while True:  # the event may be on its way; a command may also go on without an output
            with watch.changed:
                watch.changed.wait_for(self._is_known, DRAIN_SECONDS)
                code = watch.code_of(self._id)
            code = self._ask() if code is None else code
            if code is not None:
                return code

    def _is_known(self) -> bool:
        return self._watch.code_of(self._id) is not None or self._watch.died

    def _ask(self) -> int | None:
        """The exit code as the engine knows it now; None while the command runs."""
        try:
            found = self._api.exec_inspect(self._id)
        except NotFound:
            self.trouble = self._watch.gone
            return LOST
        except (DockerException, OSError) as error:
            text = f"The Docker engine went away while this step ran: {error}"
            self.trouble = Trouble("engine_failed", text, is_ours=True)
            return LOST
        if found.get("ExitCode") is not None and not found.get("Running"):
            return int(found["ExitCode"])
        if self._watch.died:
            self.trouble = self._watch.gone
            return LOST
        return None


def _out_of_memory(limit: int) -> Trouble:
    allowed = f"it may use {size_text(limit)}" if limit else "the machine has no more"
    text = f"The job's container ran out of memory ({allowed}), and the kernel killed a process of this step."
    return Trouble("out_of_memory", text)


def copy_frames(stream: Any, write: Callable[[bytes], None]) -> None:
    """Hand on the payload of the engine's frames (8 bytes of header each) until the stream ends."""
    held, left = b"", 0
    while data := stream.read1(_BLOCK):
        if not held and left >= len(data):
            left -= len(data)
            write(data)
            continue
        data, at, payload = held + data, 0, []
        held = b""
        while at < len(data):
            if left:
                piece = data[at : at + left]
                payload.append(piece)
                at, left = at + len(piece), left - len(piece)
            elif len(data) - at < _FRAME.size:
                held, at = data[at:], len(data)
            else:
                left = _FRAME.unpack_from(data, at)[1]
                at += _FRAME.size
        if payload:
            write(b"".join(payload))


def _hijack(api: Any, exec_id: str) -> Any:
    """Start an exec and give the buffered reader of its connection.

    The SDK's own stream reads below that buffer, and so loses output that came together with the answer's
    headers; hence the way round it.
    """
    answer = api._post_json(
        api._url("/exec/{0}/start", exec_id),
        headers={"Connection": "Upgrade", "Upgrade": "tcp"},
        data={"Tty": False, "Detach": False},
        stream=True,
    )
    api._raise_for_status(answer)
    reader = answer.raw._fp.fp
    _socket_of(reader).settimeout(None)
    return _Stream(answer, reader)


class _Stream:
    """The connection of an exec; keeps the answer alive that owns it."""

    def __init__(self, answer: Any, reader: Any) -> None:
        self._answer = answer
        self._reader = reader

    def read1(self, size: int) -> bytes:
        return bytes(self._reader.read1(size))

    def cut(self) -> None:
        with contextlib.suppress(OSError):
            _socket_of(self._reader).shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.cut()
        self._answer.close()


def _socket_of(reader: Any) -> Any:
    return reader.raw._sock
