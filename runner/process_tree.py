"""Find and signal everything that a command, or a whole job, has started, by Linux's /proc.

A process belongs to a command when its environment carries the command's tracking id, when it is in the
session of one that does, or when its parent belongs. So neither a new session, nor a new parent, nor a
changed environment alone is enough to get away.

A process belongs to a job on this machine when its environment names the folder of the job's lease, when it
works in that folder and has no terminal (a person's shell has one), or by kin, as above. That holds also after
the agent that started it is gone.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runner.backends.base import SignalName

#: Variable with the folder of the lease, in every process of a job on this machine.
LEASE_FOLDER = "RUNNER_LEASE_FOLDER"
_PROC = Path("/proc")
_KILL_SECONDS = 2.0  # what has not ended by then hangs in the kernel

#: The same for inside a container, in plain sh; $1 is the signal, $2 the tracking id. Needs grep.
SCRIPT = r"""
found=' '; sessions=' '
for file in $(grep -l "RUNNER_TRACKING_ID=$2" /proc/[0-9]*/environ 2>/dev/null); do
  id=${file#/proc/}; id=${id%/environ}
  [ "$id" = 1 ] || found="$found$id "
done
stat() {
  line=; { read -r line < "/proc/$1/stat"; } 2>/dev/null
  set -- ${line##*) }
  parent=${2:-0}; session=${4:-0}
}
for id in $found; do
  stat "$id"
  [ "$session" -le 1 ] || sessions="$sessions$session "
done
more=yes
while [ "$more" ]; do
  more=
  for folder in /proc/[0-9]*; do
    id=${folder#/proc/}
    case "$found" in *" $id "*) continue;; esac
    [ "$id" != 1 ] && [ "$id" != $$ ] || continue
    stat "$id"
    case "$found" in *" $parent "*) more=yes;; *)
      case "$sessions" in *" $session "*) more=yes;; *) continue;; esac;;
    esac
    found="$found$id "
  done
done
[ "$found" = ' ' ] || kill -s "$1" $found 2>/dev/null
exit 0
"""


@dataclass(frozen=True)
class _Entry:
    """What /proc says of one process."""

    parent: int
    session: int
    has_terminal: bool


def members(tracking_id: str, leader: int | None = None) -> set[int]:
    """The processes of a command; ``leader`` is its first process, if known."""
    table = _table()
    mark = f"RUNNER_TRACKING_ID={tracking_id}".encode()
    return _with_kin({pid for pid in table if pid == leader or mark in _environment(pid)}, table)


def leftovers(leases: Path) -> dict[str, set[int]]:
    """The processes of every lease whose folder is, or was, in ``leases``, by the folder's name."""
    table, found = _table(), dict[str, set[int]]()
    for pid, entry in table.items():
        name = _lease_of(pid, entry, leases)
        if name:
            found.setdefault(name, set()).add(pid)
    return {name: pids for name, roots in found.items() if (pids := _with_kin(roots, table))}


def send(tracking_id: str, name: SignalName, leader: int | None = None) -> None:
    """Signal all of a command's processes; a kill is repeated until none is left, and comes back then."""
    _signal(lambda: members(tracking_id, leader), name)


def clear(folder: Path) -> None:
    """Kill all that is left of the job whose lease has this folder, and come back when it has ended."""
    _signal(lambda: leftovers(folder.parent).get(folder.name, set()), "KILL")


def _signal(find: Callable[[], set[int]], name: SignalName) -> None:
    number = getattr(signal, f"SIG{name}")
    until = time.monotonic() + _KILL_SECONDS
    while found := find():
        reached = {pid for pid in found if _reach(pid, number)}
        if name != "KILL" or not reached or time.monotonic() >= until:
            return
        _wait_for(reached, until)  # they end when the kernel comes to it, and what they have just started is found then


def _reach(pid: int, number: int) -> bool:
    """Signal a process; whether that was possible. One that has just ended counts."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
    except PermissionError:
        return False
    return True


def _wait_for(pids: set[int], until: float) -> None:
    """Come back when all of these have ended, at the latest then (of the monotonic clock)."""
    with contextlib.ExitStack() as files:
        ends = select.poll()
        waiting = set()
        for pid in pids:
            with contextlib.suppress(OSError):  # ended already, or one of more than there may be files
                file = os.pidfd_open(pid)
                files.callback(os.close, file)
                ends.register(file, select.POLLIN)
                waiting.add(file)
        while waiting and (left := until - time.monotonic()) > 0:
            for file, _ in ends.poll(left * 1000):
                ends.unregister(file)
                waiting.discard(file)


def _with_kin(roots: set[int], table: dict[int, _Entry]) -> set[int]:
    """These, all in their sessions, and all below them; never init and never this process."""
    ourselves = {0, 1, os.getpid()}
    found = roots - ourselves
    sessions = {table[pid].session for pid in found if pid in table} - {os.getsid(0), 0, 1}
    grows = True
    while grows:
        more = {
            pid
            for pid, entry in table.items()
            if pid not in found and (entry.parent in found or entry.session in sessions)
        } - ourselves
        found |= more
        grows = bool(more)
    return found & set(table)


def _lease_of(pid: int, entry: _Entry, leases: Path) -> str:
    """The name of the lease's folder that a process belongs to by its environment or its place; empty for none."""
    start = f"{LEASE_FOLDER}=".encode()
    for variable in _environment(pid).split(b"\0"):
        if variable.startswith(start):
            folder = Path(os.fsdecode(variable[len(start) :]))
            return folder.name if folder.parent == leases else ""
    try:
        below = Path(os.readlink(_PROC / str(pid) / "cwd")).relative_to(leases).parts
    except (OSError, ValueError):
        return ""
    return below[0] if below and not entry.has_terminal else ""


def _table() -> dict[int, _Entry]:
    """Every process that lives."""
    table = {}
    for name in os.listdir(_PROC):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = (_PROC / name / "stat").read_bytes().rpartition(b")")[2].split()
                if fields[0] != b"Z":
                    table[int(name)] = _Entry(int(fields[1]), int(fields[3]), fields[4] != b"0")
    return table


def _environment(pid: int) -> bytes:
    try:
        return (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return b""
