"""What is wrong, and what to do about it: server, credential, clock, folder, disk, limits, backend, image."""

from __future__ import annotations

import fcntl
import os
import resource
import stat
import time
from email.utils import parsedate_to_datetime

from runner.backends.base import Finding
from runner.client import Client, Transport
from runner.config import Config
from runner.errors import ConfigError, Refused, RunnerError, ServerError
from runner.lease_folder import leases_in
from workflows.errors import InvalidMessage
from workflows.messages import Heartbeat

_DISK_NEEDED = 2 << 30  # bytes: a checkout, a build, the log
_NAMES_NEEDED = 100_000  # files that can still be made: a checkout with its packages
_OPEN_BASE, _OPEN_PER_JOB = 256, 64  # files that an agent may have open at once
_CLOCK_ALLOWED = 30.0  # s


def examine(config: Config, transport: Transport) -> list[Finding]:
    """Look at everything; nothing is changed, and no job is taken."""
    findings = [*_server(config, transport), _credential(config, transport)]
    findings += [*_folder(config), *_disk(config), _open_files(config), *_unsent(config)]
    try:
        findings += config.make_backend().check()
    except RunnerError as error:
        findings.append(Finding(f"backend {config.backend}", False, str(error), "mend config.toml"))
    return findings


def _server(config: Config, transport: Transport) -> list[Finding]:
    mend = f"is {config.url} right, does the server run, is a proxy or a firewall between?"
    try:
        answer = transport.request("GET", "/", {}, b"", 10)
    except ServerError as error:
        return [Finding("server", False, str(error), mend)]
    found = Finding("server", True, f"{config.url} answers")
    date = answer.headers.get("Date")
    return [found, _clock(date)] if date else [found]


def _clock(date: str) -> Finding:
    try:
        ahead = time.time() - parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        return Finding("clock", True, "the server does not say its time")
    text = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the server"
    mend = "let both machines keep their clocks by NTP; until then logs are stamped with the server's time"
    return Finding("clock", abs(ahead) < _CLOCK_ALLOWED, text, mend)


def _credential(config: Config, transport: Transport) -> Finding:
    mend = "make a token on the server (`forge runner token`) and run `forge-runner register`"
    try:
        Client(transport, config.credential()).heartbeat(Heartbeat("doctor"))
    except ConfigError as error:
        return Finding("credential", False, str(error), mend)
    except Refused as error:
        good = error.code == "runner_in_use"
        return Finding("credential", good, "in use by a running agent" if good else str(error), "" if good else mend)
    except (ServerError, InvalidMessage) as error:
        return Finding("credential", False, f"cannot be tried: {error}", "mend the connection first")
    return Finding("credential", True, f"the server knows {config.name}")


def _folder(config: Config) -> list[Finding]:
    """Who may read the credential, and whether an agent runs."""
    found = []
    try:
        mode = config.credential_file.stat()
        is_ours = mode.st_uid == os.geteuid() and not stat.S_IMODE(mode.st_mode) & 0o077
        who = "readable by this user alone" if is_ours else "others can read it, or it belongs to another user"
        mend = f"chown it to the agent's user and chmod 600 {config.credential_file}; then register anew"
        found.append(Finding("credential file", is_ours, who, mend))
    except OSError:
        pass  # that there is none is said already
    return [*found, Finding("agent", True, "one runs with this folder" if _is_held(config) else "none runs now")]


def _is_held(config: Config) -> bool:
    try:
        with (config.folder / "instance").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _disk(config: Config) -> list[Finding]:
    try:
        found = os.statvfs(config.folder)
    except OSError as error:
        return [Finding("disk", False, str(error), f"make {config.folder} a folder that this user can write")]
    if not os.access(config.folder, os.W_OK | os.X_OK):
        mend = f"let this user write there: chown -R {os.geteuid()} {config.folder}"
        return [Finding("disk", False, f"{config.folder} cannot be written", mend)]
    free = found.f_bavail * found.f_frsize
    text = f"{free / 2**30:.1f} GiB free in {config.folder}"
    mend = "make room: jobs need their checkout, and logs wait on disk"
    disk = Finding("disk", free > _DISK_NEEDED, text, mend)
    if not found.f_files:  # a file system that makes room for names as they come
        return [disk]
    names = f"{found.f_favail} more files can be made in {config.folder}"
    return [disk, Finding("inodes", found.f_favail > _NAMES_NEEDED, names, "remove small files, or take another disk")]


def _open_files(config: Config) -> Finding:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _OPEN_BASE + _OPEN_PER_JOB * config.capacity
    text = f"{limit} at once; {needed} are enough for {config.capacity} jobs"
    is_enough = limit == resource.RLIM_INFINITY or limit >= needed
    return Finding("open files", is_enough, text, "raise LimitNOFILE of the agent's unit, or ulimit -n")


def _unsent(config: Config) -> list[Finding]:
    """Logs of jobs that an earlier life of the agent did not bring to the server."""
    waiting = leases_in(config.unsent)
    if not waiting:
        return []
    text = f"{len(waiting)} logs of jobs that were lost wait in {config.unsent}"
    return [Finding("unsent logs", True, f"{text}; the agent brings them when it starts")]
