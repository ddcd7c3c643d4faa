#!/usr/bin/env python3
"""Make the environment: `.venv` at the root, with exactly what requirements-dev.lock says, and Forge itself.

Needs Python 3.11 or later, and only its standard library. Run again it does nothing when nothing changed: the
stamp `.venv/forge-setup` holds a hash of what the environment was made from.

The machine's own pip settings count (index, further indexes, wheel folders, certificates): they are read through
`pip config` and handed to uv, which does not read them by itself.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
LOCK = ROOT / "requirements-dev.lock"
STAMP = VENV / "forge-setup"
COMMANDS = ("python", "forge", "forge-runner")

#: pip's name of a setting → uv's variable of the same meaning.
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}


def main() -> int:
    """Bring the environment up to date; 0 when it is."""
    if sys.version_info < (3, 11):  # noqa: UP036 - here is where an older one is told so
        this = sys.version.split()[0]
        return fail(f"Forge needs Python 3.11 or later; this is {this}. Name another: make setup PYTHON=python3.12")
    wanted = fingerprint()
    if is_ready(wanted):
        return 0
    make_venv()
    install_dependencies()
    install_forge()
    STAMP.write_text(wanted)
    say(f"ready: {BIN}")
    return 0


def fingerprint() -> str:
    """A hash of everything that the environment is made from."""
    digest = hashlib.sha256(sys.version.encode())
    for path in (LOCK, ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    digest.update(str(ROOT).encode())  # an editable install points here
    return digest.hexdigest()


def is_ready(wanted: str) -> bool:
    """True when the environment was made from just this, and its commands are still there."""
    made = STAMP.read_text() if STAMP.is_file() else ""
    return made == wanted and all((BIN / command).exists() for command in COMMANDS)


def make_venv() -> None:
    """An empty environment with pip, unless there is one that works."""
    if (BIN / "python").exists() and run([BIN / "python", "-m", "pip", "--version"], quiet=True) == 0:
        return
    if not has_ensurepip():
        install_ensurepip()
    say("making .venv")
    must([sys.executable, "-m", "venv", "--clear", VENV], "the virtual environment cannot be made")


def has_ensurepip() -> bool:
    """Debian and Ubuntu ship Python without it, in a package of its own."""
    return run([sys.executable, "-c", "import ensurepip, venv"], quiet=True) == 0


def install_ensurepip() -> None:
    """Get the missing package where we may; otherwise say which one it is."""
    packages = ["python3-venv", f"python{sys.version_info.major}.{sys.version_info.minor}-venv"]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SystemExit(
            fail(f"Python's venv module is not complete. Install it first: sudo apt-get install {packages[0]}")
        )
    say("installing python3-venv")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-qq"], env=environment, quiet=True)
    for package in packages:
        run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package], env=environment, quiet=True)
        if has_ensurepip():
            return
    raise SystemExit(fail(f"apt-get could not install {packages[0]}; run it by hand to see why"))


def install_dependencies() -> None:
    """What the lock says, no more and no less, each file checked against its hash."""
    if not (BIN / "uv").exists():
        run([BIN / "python", "-m", "pip", "install", "-qq", "uv"])
    say(f"installing what {LOCK.name} says")
    if (BIN / "uv").exists():
        sync: list[str | Path] = [
            BIN / "uv",
            "pip",
            "sync",
            "--quiet",
            "--require-hashes",
            "--python",
            BIN / "python",
            LOCK,
        ]
        if run(sync, env=uv_environment()) == 0:
            return
        say("uv could not do it; trying pip")
    must(
        [BIN / "python", "-m", "pip", "install", "--quiet", "--require-hashes", "-r", LOCK],
        "the packages of the lock cannot be installed; is the package index reachable? (pip config list shows which)",
    )


def uv_environment() -> dict[str, str]:
    """This environment, with pip's settings in the variables that uv reads; UV_… given by the user wins."""
    environment = dict(os.environ)
    for line in output([BIN / "python", "-m", "pip", "config", "list"]).splitlines():
        name, _, value = line.partition("=")
        variable = PIP_TO_UV.get(name.rsplit(".", 1)[-1].strip())
        if variable:
            separator = "," if variable == "UV_FIND_LINKS" else " "
            environment.setdefault(variable, separator.join(value.strip("'\"").replace("\\n", " ").split()))
    environment.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")  # as pip does; the hashes make it safe
    environment.setdefault("UV_LINK_MODE", "copy" if is_other_device() else "hardlink")
    return environment


def is_other_device() -> bool:
    """True when uv's cache and the environment lie on different file systems, where links do not work."""
    cache = Path(os.environ.get("UV_CACHE_DIR", Path.home() / ".cache"))
    return cache.exists() and cache.stat().st_dev != VENV.stat().st_dev


def install_forge() -> None:
    """The project itself, editable, so that `forge` and `forge-runner` are there."""
    base: list[str | Path] = ["install", "--quiet", "--no-deps", "--editable", ROOT]
    if (BIN / "uv").exists() and run([BIN / "uv", "pip", *base, "--python", BIN / "python"], env=uv_environment()) == 0:
        return
    must([BIN / "python", "-m", "pip", *base], "Forge itself cannot be installed")


def run(command: list[str | Path], *, env: dict[str, str] | None = None, quiet: bool = False) -> int:
    """Run a command without input; its exit status."""
    sink = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, cwd=ROOT).returncode


def must(command: list[str | Path], message: str, *, quiet: bool = False) -> None:
    """Run a command, and end with a message when it fails."""
    if run(command, quiet=quiet) != 0:
        raise SystemExit(fail(message))


def output(command: list[str | Path]) -> str:
    """What a command prints; empty when it fails."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT).stdout


def say(text: str) -> None:
    """One line to the person."""
    print(f"setup: {text}", flush=True)


def fail(text: str) -> int:
    """One line about what went wrong; 1."""
    print(f"setup: {text}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
