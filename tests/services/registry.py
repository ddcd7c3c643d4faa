"""Debian's docker-registry on a port of the loopback address, which wants a password."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.process import Process, free_port

USERNAME, PASSWORD = "forge-tests", "registry-password-9b1f"
#: bcrypt of PASSWORD, the only kind that the registry takes.
_HASH = "$2b$04$bteYCjvRg70M4xOwPCZnfOsnhxIlA./lcdAS5.H2xzlmfHNOE7pjq"


class NotInstalled(Exception):
    """The machine has no docker-registry."""


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Its address, host and port, for as long as the context lasts; it keeps what it is given in this folder."""
    if shutil.which("docker-registry") is None:
        raise NotInstalled("docker-registry is not installed")
    address = f"127.0.0.1:{free_port()}"
    (folder / "htpasswd").write_text(f"{USERNAME}:{_HASH}\n")
    (folder / "config.yml").write_text(
        f"""\
version: 0.1
log: {{level: info}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}}}
http: {{addr: "{address}"}}
auth: {{htpasswd: {{realm: tests, path: {folder}/htpasswd}}}}
"""
    )
    with Process(["docker-registry", "serve", folder / "config.yml"]) as process:
        process.wait_for("listening on")
        yield address
