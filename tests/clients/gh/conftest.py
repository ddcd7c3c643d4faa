"""One Forge behind TLS for all tests of gh, each version of gh that there is, and a home of its own for each test."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.gh import newer
from tests.clients.gh.words import FILES
from tests.services.stack import BIN, LOGIN, OURS, Project, Stack, clean
from tests.services.terminal import Terminal
from tests.services.tls import NotAllowed, TlsFront, own_address

#: What stands in expected output for what differs from time to time.
_LOOSE = {
    "<id>": r"\d+",
    "<time>": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z",
    "<date>": r"\d{4}-\d\d-\d\d",
    "<took>": r"(?:\d+m)?\d+s",
    "<age>": r"(?:\d+m|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)",
    "<ago>": r"(?:less than a minute|about \d+ minutes?) ago",
    "<any>": r"[^\n]*",
}


@dataclass(frozen=True)
class Said:
    """What a command wrote, and how it ended."""

    out: str
    err: str
    status: int


class Site:
    """Forge, and how gh reaches it: by TLS, and by its unix socket."""

    def __init__(self, stack: Stack, front: TlsFront, socket: Path) -> None:
        self.stack, self.front, self.socket = stack, front, socket
        self.host = front.address

    def project(self, files: dict[str, str] | None = None, name: str = "") -> Project:
        """A repository with these files (the workflow CI), pushed."""
        project = self.stack.repository(files or FILES, name)
        project.push(message="Begin")
        return project

    def tell(self, script: str) -> None:
        """Do something with the rows that no door is open for."""
        text = f"import django; django.setup()\n{script}"
        environment = clean({**self.stack.environment, "DJANGO_SETTINGS_MODULE": "forge.settings"})
        subprocess.run([BIN / "python", "-c", text], env=environment, check=True, timeout=60)


class Ended:
    """A project whose first run has ended: one job of three failed."""

    def __init__(self, site: Site, more: dict[str, str] | None = None) -> None:
        self.project = project = site.project({**FILES, **(more or {})})
        self.name = f"{LOGIN}/{project.name}"
        sha = project.git("rev-parse", "HEAD").strip()
        self.state = project.completed(project.run(sha)["id"])
        self.run, self.sha = str(self.state["id"]), sha
        self.url = f"{site.front.url}/{self.name}/actions/runs/{self.run}"
        jobs = project.jobs(int(self.run))
        self.ids = {"build": jobs["Build it"]["id"], "one": jobs["test (one)"]["id"], "two": jobs["test (two)"]["id"]}

    def words(self, text: str) -> str:
        """What is expected, of this run."""
        return text.format(run=self.run, url=self.url, **self.ids)


class Gh:
    """One gh, for one person, in a home of its own."""

    def __init__(self, program: str, site: Site, home: Path, *, by_socket: bool = False, token: str = "") -> None:
        self.program, self.site, self.home = program, site, home
        self.version = newer.version(program)
        self.folder = home / "nowhere"
        for name in ("nowhere", "tmp", "cache", "config"):
            (home / name).mkdir(parents=True, exist_ok=True)
        mine = ("GH_", "GITHUB_", "SSL_CERT_", "XDG_", "GIT_", *OURS)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
        authority = str(site.front.authority)
        self.environment |= {
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "GH_CONFIG_DIR": str(home / "config"),
            "GH_HOST": site.host,
            "GH_ENTERPRISE_TOKEN": token or site.stack.token,
            "NO_COLOR": "1",
            "GLAMOUR_STYLE": "notty",
            "GH_NO_UPDATE_NOTIFIER": "1",
            "TERM": "xterm",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_SSL_CAINFO": authority,
            "no_proxy": "*",
        }
        if by_socket:
            self("config", "set", "http_unix_socket", str(site.socket))
        else:
            self.environment["SSL_CERT_FILE"] = authority

    @property
    def is_new(self) -> bool:
        """True for a gh with all commands."""
        return self.version >= newer.NEW

    def run(self, *arguments: str, input: str = "", cwd: Path | None = None) -> Said:
        """Run it without a terminal."""
        done = subprocess.run(
            [self.program, *arguments],
            env=self.environment,
            cwd=cwd or self.folder,
            input=input,
            text=True,
            capture_output=True,
            timeout=90,
        )
        return Said(done.stdout, done.stderr, done.returncode)

    def __call__(self, *arguments: str, input: str = "", cwd: Path | None = None) -> str:
        """Run what must succeed; everything that it says."""
        said = self.run(*arguments, input=input, cwd=cwd)
        assert said.status == 0, f"gh {' '.join(arguments)}: {said}"
        return said.out + said.err

    def terminal(self, *arguments: str, cwd: Path | None = None) -> Terminal:
        """Run it on a terminal."""
        return Terminal([self.program, *arguments], env=self.environment, cwd=cwd or self.folder)

    def clone(self, project: Project) -> Path:
        """A clone of the project, made by gh."""
        self("auth", "setup-git", "--hostname", self.site.host) if (
            self.home / "config" / "hosts.yml"
        ).exists() else None
        place = self.home / project.name
        self("repo", "clone", f"{self.site.host}/{LOGIN}/{project.name}", str(place))
        return place


def matches(said: str, expected: str) -> None:
    """All that was said is this, but for what ``<…>`` stands for."""
    pattern = re.escape(expected)
    for word, loose in _LOOSE.items():
        pattern = pattern.replace(re.escape(word), loose)
    assert re.fullmatch(pattern, said), f"said:\n{said}\nexpected:\n{expected}"


def lines(said: str) -> Sequence[str]:
    """The lines of what was said that are not blank, without blanks at their ends."""
    return [line.strip() for line in said.splitlines() if line.strip()]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The server, with an agent that takes four jobs at once."""
    folder = tmp_path_factory.mktemp("gh")
    address = own_address()
    socket = folder / "http.sock"
    stack = Stack(folder / "stack", environment={"FORGE_URL": f"https://{address}"}, options=("--unix-socket", socket))
    with stack, ExitStack() as entered:
        try:
            front = entered.enter_context(TlsFront(folder, address, stack.port))
        except NotAllowed as error:
            pytest.skip(f"gh wants port 443, for which this user has no right: {error}")
        stack.runner(env={"FORGE_RUNNER_CAPACITY": "4"})
        stack.forge("org", "create", "acme", "--owner", LOGIN)
        yield Site(stack, front, socket)


@pytest.fixture(params=["packaged", "newer"])
def gh(request: pytest.FixtureRequest, site: Site, tmp_path: Path) -> Gh:
    """Each gh there is, over TLS."""
    return Gh(_program(request.param), site, tmp_path / "home")


@pytest.fixture
def new_gh(site: Site, tmp_path: Path) -> Gh:
    """A gh that has all commands, over TLS."""
    return Gh(_program("newer"), site, tmp_path / "home")


@pytest.fixture(params=["packaged", "newer"])
def gh_by_socket(request: pytest.FixtureRequest, site: Site, tmp_path: Path) -> Gh:
    """Each gh there is, over the unix socket."""
    return Gh(_program(request.param), site, tmp_path / "home", by_socket=True)


def _program(which: str) -> str:
    found = newer.programs()
    new = [one for one in found if newer.version(one) >= newer.NEW]
    if which == "packaged" and found:
        return found[0]
    if which == "newer" and new:
        return new[0]
    pytest.skip(f"there is no {which} gh; tests/clients/gh/newer.py fetches one")
