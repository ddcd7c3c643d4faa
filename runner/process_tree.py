"""Find and signal everything that a command has started, by Linux's /proc.

A process belongs to a command when its environment carries the command's tracking id, when it is in the
session of one that does, or when its parent belongs. So neither a new session, nor a new parent, nor a
changed environment alone is enough to get away.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from runner.backends.base import SignalName

_PROC = Path("/proc")
_KILL_ROUNDS = 5

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


def members(tracking_id: str, leader: int | None = None) -> set[int]:
    """The processes of a command; ``leader`` is its first process, if known."""
    table = _table()
    mark = f"RUNNER_TRACKING_ID={tracking_id}".encode()
    found = {pid for pid in table if mark in _environment(pid)} | ({leader} & set(table) if leader else set())
    sessions = {table[pid][1] for pid in found} - {os.getsid(0), 0, 1}
    grows = True
    while grows:
        more = {
            pid
            for pid, (parent, session) in table.items()
            if pid not in found and (parent in found or session in sessions)
        }
        found |= more
        grows = bool(more)
    return found - {1, os.getpid()}


def send(tracking_id: str, name: SignalName, leader: int | None = None) -> None:
    """Signal all of a command's processes; a kill is repeated until none is left."""
    number = getattr(signal, f"SIG{name}")
    for _ in range(_KILL_ROUNDS if name == "KILL" else 1):
        found = members(tracking_id, leader)
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        if not found:
            return


def _table() -> dict[int, tuple[int, int]]:
    """pid → parent, session"""
    table = {}
    for entry in os.listdir(_PROC):
        if entry.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = (_PROC / entry / "stat").read_bytes().rpartition(b")")[2].split()
                if fields[0] != b"Z":
                    table[int(entry)] = (int(fields[1]), int(fields[3]))
    return table


def _environment(pid: int) -> bytes:
    try:
        return (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return b""
