"""What the tests need from the machine, and how to get it on Debian and Ubuntu."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.clients.gh import newer as newer_gh


@dataclass(frozen=True)
class Need:
    """Something outside the Python environment: its Debian packages, and how to see that it is there.

    `fetch` is what gets it once its packages are there, for what is no Debian package.
    """

    name: str
    packages: tuple[str, ...]
    is_there: Callable[[], bool]
    fetch: tuple[str, ...] = ()


def _command(*names: str) -> Callable[[], bool]:
    return lambda: all(shutil.which(name, path=_PATH) for name in names)


#: Debian keeps some programs where an ordinary user's path does not look.
_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"

GIT = Need("git", ("git",), _command("git"))
POSTGRESQL = Need("PostgreSQL", ("postgresql",), lambda: any(Path("/usr/lib/postgresql").glob("*/bin/initdb")))
REDIS = Need("Redis", ("redis-server",), _command("redis-server"))
DOCKER = Need("Docker", ("docker.io", "iptables"), _command("docker", "dockerd", "iptables"))
REGISTRY = Need("docker-registry", ("docker-registry",), _command("docker-registry"))
#: The quick job image is made of the machine's own packages, so these must be packages, not builds of one's own.
IMAGE_PARTS = Need(
    "parts of the job image",
    ("ca-certificates", "curl", "git", "python3", "python3-pip", "python3-venv"),
    lambda: _are_packages("ca-certificates", "curl", "git", "python3", "python3-pip", "python3-venv"),
)
#: For forge-init, without which steps in containers run by docker exec, and for images that hold one program.
COMPILER = Need(
    "a C compiler and a static C library",
    ("gcc", "libc6-dev"),
    lambda: _command("gcc")() and any(Path("/usr/lib").glob("*/libc.a")),
)
CHROMIUM = Need("Chromium", ("chromium",), _command("chromium"))
FIREFOX = Need("Firefox", ("firefox-esr",), _command("firefox-esr"))
CURL = Need("curl", ("curl",), _command("curl"))
GH = Need("gh", ("gh",), _command("gh"))
NEWER_GH = Need(
    "a newer gh",
    ("gh",),
    newer_gh.is_there,
    fetch=(sys.executable, str(Path(newer_gh.__file__))),
)
NODE = Need("Node.js with npm", ("nodejs", "npm"), _command("node", "npm"))


def _npm(name: str, folder: str) -> Need:
    """What npm's lock in a folder of the tests names, checked against its hashes."""
    place = Path(__file__).resolve().parent / folder
    return Need(
        name,
        (),
        lambda: (place / "node_modules" / ".package-lock.json").is_file(),
        fetch=("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(place)),
    )


BROWSER_PARTS = _npm("the npm packages of the browser tests", "browser")
CLIENTS = _npm("GitHub's clients for JavaScript", "clients/walks")
JUDGES = _npm("GitHub's own npm packages, as judges of the language", "judges")


def _are_packages(*names: str) -> bool:
    if shutil.which("dpkg-query") is None:
        return False
    asked = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Abbrev}\n", *names], capture_output=True, text=True
    )
    return asked.returncode == 0 and all(line.startswith("ii") for line in asked.stdout.splitlines())


def missing(needs: Iterable[Need]) -> list[Need]:
    """Those that are not there."""
    return [need for need in dict.fromkeys(needs) if not need.is_there()]


def install(needs: Iterable[Need], log: Path) -> str:
    """Install what is missing, where we may. Empty when all is there; otherwise why not, for the person."""
    lacking = missing(needs)
    if not lacking:
        return ""
    packages = sorted({package for need in lacking for package in need.packages})
    if why := _may_not(lacking, packages) if packages else "":
        return why
    log.parent.mkdir(parents=True, exist_ok=True)
    if packages:
        print(f"tests: installing {' '.join(packages)}", flush=True)
        _apt(packages, log)
    for need in missing(lacking):
        if need.fetch:
            print(f"tests: {' '.join(need.fetch)}", flush=True)
            _run([*need.fetch], log)
    if still := missing(lacking):
        return f"needs {_names(still)}, which could not be installed; {log} says why"
    return ""


def _may_not(lacking: list[Need], packages: list[str]) -> str:
    """Why we may not install packages here; empty when we may."""
    if shutil.which("apt-get") is None:
        return f"needs {_names(lacking)}, and this is neither Debian nor Ubuntu: install it by hand"
    if os.geteuid() != 0:
        return f"needs {_names(lacking)}: sudo apt-get install {' '.join(packages)}"
    return ""


def _names(needs: Iterable[Need]) -> str:
    return ", ".join(need.name for need in needs)


def _apt(packages: list[str], log: Path) -> None:
    """Install packages without a question and without starting what they bring."""
    base = ["apt-get", "-y", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3"]
    _run([*base, "update"], log)
    _run([*base, "install", "--no-install-recommends", *packages], log)


def _run(command: list[str], log: Path) -> None:
    """Run it; what it says goes into the log. Whether it helped is seen by looking again."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    with log.open("a") as out:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment)
