"""The two versions of gh that the tests drive: that of this machine's packages, and a newer one where that is old.

As a program it fetches the newer one, from the same mirror's next release, without touching what the machine has:
Debian 12 has gh 2.23, which knows neither `gh variable` nor `gh cache`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

PLACE = Path(__file__).resolve().parents[3] / "var" / "gh"
FETCHED = PLACE / "usr" / "bin" / "gh"
#: The first version with every command that the tests use.
NEW = (2, 40)
RELEASE = "trixie"


@cache
def version(program: str) -> tuple[int, ...]:
    """What this gh calls itself; empty when it does not run."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60).stdout
    except OSError:
        return ()
    found = re.search(r"gh version (\d+)\.(\d+)\.(\d+)", said)
    return tuple(int(part) for part in found.groups()) if found else ()


def programs() -> list[str]:
    """Every gh there is to drive, the packaged one first."""
    packaged = shutil.which("gh")
    found = [packaged] if packaged else []
    if FETCHED.exists() and not any(version(one) >= NEW for one in found):
        found.append(str(FETCHED))
    return found


def is_there() -> bool:
    """True when one of them is new enough."""
    return any(version(one) >= NEW for one in programs())


def fetch() -> None:
    """Get the package with apt, with lists of its own, and unpack it in place."""
    lists = PLACE / "apt"
    for folder in ("lists/partial", "cache/archives/partial"):
        (lists / folder).mkdir(parents=True, exist_ok=True)
    source = lists / "sources.list"
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    source.write_text(f"deb [signed-by={keys}] {mirror()} {RELEASE} main\n")
    options = {"State::lists": lists / "lists", "Cache": lists / "cache", "Etc::sourcelist": source}
    apt = ["apt-get", "-q", "-o", "Dir::Etc::sourceparts=/dev/null", "-o", "APT::Sandbox::User="]
    apt += [part for name, value in options.items() for part in ("-o", f"Dir::{name}={value}")]
    subprocess.run([*apt, "update"], check=True)
    subprocess.run([*apt, "download", "gh"], check=True, cwd=lists)
    [package] = lists.glob("gh_*.deb")
    subprocess.run(["dpkg-deb", "-x", package, PLACE], check=True)
    shutil.rmtree(lists)


def mirror() -> str:
    """Where this machine has Debian's packages from."""
    asked = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)", "Codename: bookworm", "Component: main"],
        capture_output=True,
        text=True,
        check=True,
    )
    sites = [one for one in asked.stdout.split() if one.endswith("/debian")]
    if not sites:
        raise SystemExit("No mirror of Debian is among this machine's sources")
    return sites[0]


if __name__ == "__main__":
    sys.exit(fetch())
