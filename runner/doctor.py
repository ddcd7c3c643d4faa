"""What is wrong, and what to do about it: server, credential, clock, backend, disk, image."""

from __future__ import annotations

import shutil
import time
from email.utils import parsedate_to_datetime

from runner.backends.base import Finding
from runner.client import Client, Transport
from runner.config import Config
from runner.errors import ConfigError, Refused, RunnerError, ServerError
from workflows.errors import InvalidMessage
from workflows.messages import Heartbeat

_DISK_NEEDED = 2 << 30  # bytes: a checkout, a build, the log
_CLOCK_ALLOWED = 30.0  # s


def examine(config: Config, transport: Transport) -> list[Finding]:
    """Look at everything; nothing is changed, and no job is taken."""
    findings = [*_server(config, transport), _credential(config, transport), _disk(config)]
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
    return Finding("clock", abs(ahead) < _CLOCK_ALLOWED, text, "let both machines keep their clocks by NTP")


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


def _disk(config: Config) -> Finding:
    try:
        free = shutil.disk_usage(config.folder).free
    except OSError as error:
        return Finding("disk", False, str(error), f"make {config.folder} a folder that this user can write")
    text = f"{free / 2**30:.1f} GiB free in {config.folder}"
    return Finding("disk", free > _DISK_NEEDED, text, "make room: jobs need their checkout, and logs wait on disk")
