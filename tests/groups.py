"""The groups that `make test` runs and sums up: which tests, on which database, with what from the machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests import machine
from tests.machine import Need

FOLDER = Path(__file__).resolve().parent

#: Marks of tests that need more than Python; each has its group.
_SPECIAL = "docker or browser or clients or chaos or soak"
_PLAIN = f"not ({_SPECIAL} or postgres)"


@dataclass(frozen=True)
class Group:
    """Tests that run together. `paths` are below tests/; `workers` is how many processes share them safely."""

    name: str
    paths: tuple[str, ...]
    marks: str
    needs: tuple[Need, ...] = (machine.GIT,)
    workers: int = 0
    whole_files: bool = False  # tests of a file stay together, because they share what is slow to start
    services: bool = False  # PostgreSQL and Redis instead of SQLite and one process
    engine: bool = False  # a Docker engine and the job image


def _others(*but: str) -> tuple[str, ...]:
    """Every folder of tests that has no group by name: the server's, whatever it is called."""
    folders = sorted({path.relative_to(FOLDER).parts[0] for path in FOLDER.rglob("test_*.py")})
    return tuple(folder for folder in folders if folder not in but)


def _marked(mark: str) -> tuple[str, ...]:
    """Where this mark is given, so that nobody has to collect all tests to find a few: files, and the folders whose
    conftest gives it to everything in them."""
    using = [path for path in FOLDER.rglob("*.py") if f"mark.{mark}" in path.read_text() and path.parent != FOLDER]
    places = {path.parent if path.name == "conftest.py" else path for path in using if "node_modules" not in path.parts}
    return tuple(sorted(str(path.relative_to(FOLDER)) for path in places if not places & set(path.parents)))


_LANGUAGE_SOAK = tuple(path for path in _marked("soak") if path.startswith(("workflows/", "judges/")))
_CONTAINER_SOAK = tuple(path for path in _marked("soak") if path.startswith(("chaos/", "docker/")))
_SERVER_SOAK = tuple(path for path in _marked("soak") if path not in (*_LANGUAGE_SOAK, *_CONTAINER_SOAK))
_SERVER = _others("workflows", "judges", "runner", "conventions", "bench", "scenarios")

GROUPS = (
    Group("conventions", ("conventions", "bench"), _PLAIN),
    Group("workflows", ("workflows",), _PLAIN, workers=2),
    Group("judges", ("judges",), _PLAIN, needs=(machine.GIT, machine.NODE, machine.JUDGES), workers=2),
    Group("runner", ("runner",), _PLAIN, needs=(machine.GIT, machine.COMPILER), workers=2),
    Group("server on SQLite", _SERVER, _PLAIN, workers=2),
    Group(
        "server on PostgreSQL",
        _SERVER,
        f"not ({_SPECIAL} or sqlite)",
        needs=(machine.GIT, machine.POSTGRESQL, machine.REDIS),
        workers=2,
        services=True,
    ),
    # In one process: they share a server, and all of them are under way at once.
    Group("scenarios on SQLite", ("scenarios",), _PLAIN),
    Group(
        "scenarios on PostgreSQL",
        ("scenarios",),
        _PLAIN,
        needs=(machine.GIT, machine.POSTGRESQL, machine.REDIS),
        services=True,
    ),
    Group(
        "docker",
        _marked("docker"),
        "docker and not (browser or clients or chaos or soak)",
        needs=(
            machine.GIT,
            machine.DOCKER,
            machine.IMAGE_PARTS,
            machine.REDIS,
            machine.REGISTRY,
            machine.COMPILER,
        ),
        workers=2,
        whole_files=True,
        engine=True,
    ),
    Group(
        "browser",
        _marked("browser"),
        "browser and not (chaos or soak)",
        needs=(machine.GIT, machine.CHROMIUM, machine.CURL, machine.NODE, machine.BROWSER_PARTS),
        workers=2,
    ),
    Group(
        "clients",
        _marked("clients"),
        "clients and not (browser or chaos or soak)",
        needs=(machine.GIT, machine.CURL, machine.NODE, machine.CLIENTS, machine.GH, machine.NEWER_GH),
        workers=2,
        whole_files=True,
    ),
    Group(
        "chaos",
        _marked("chaos"),
        "chaos and not soak",
        needs=(machine.GIT, machine.DOCKER, machine.IMAGE_PARTS, machine.COMPILER, machine.POSTGRESQL, machine.REDIS),
        workers=2,
        whole_files=True,
        engine=True,
    ),
)
#: Take longer than a quarter of an hour may hold; `make soak`.
SOAK = (
    Group(
        "soak of the language",
        _LANGUAGE_SOAK,
        "soak",
        needs=(machine.GIT, machine.NODE, machine.JUDGES),
        workers=2,
    ),
    Group("soak on SQLite", _SERVER_SOAK, "soak"),
    Group(
        "soak of containers",
        _CONTAINER_SOAK,
        "soak",
        needs=(machine.GIT, machine.DOCKER, machine.IMAGE_PARTS),
        engine=True,
    ),
    Group(
        "soak on PostgreSQL",
        _SERVER_SOAK,
        "soak and not sqlite",
        needs=(machine.GIT, machine.POSTGRESQL, machine.REDIS),
        services=True,
    ),
)
#: What `make check` runs: no services, no network, no container.
QUICK = ("conventions", "workflows", "runner", "server on SQLite")


def named(names: Iterable[str]) -> list[Group]:
    """The groups with these names, in their order; all of them for none. A part of a name will do."""
    wanted = [name.lower() for name in names]
    if wanted == ["quick"]:
        wanted = [name.lower() for name in QUICK]
    known = (*GROUPS, *SOAK) if wanted else GROUPS
    unknown = [name for name in wanted if not any(name in group.name.lower() for group in known)]
    if unknown:
        raise SystemExit(f"tests: no group {unknown[0]!r}; there are: {', '.join(group.name for group in known)}")
    return [group for group in known if not wanted or any(name in group.name.lower() for name in wanted)]
