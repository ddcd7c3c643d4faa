"""A scenario as its file tells it. README.md beside this file describes the format."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).resolve().parent / "cases"
WORKFLOW = ".github/workflows/ci.yml"

#: What is not in the engine yet: a case that `needs` one of these is skipped. The only such list.
ABSENT: frozenset[str] = frozenset()


#: What in a workflow only the fake backend does, and why.
NEEDS_FAKE: Mapping[str, str] = {
    r"# stubborn": "a comment tells the fake shell to ignore signals",
    r"^\s*(container|services):": "the images that it names would come from a registry",
}
#: What in an agent of a case only the fake backend does.
FAULTS: Mapping[str, str] = {
    "endless": "its agent never has a place ready",
    "failure": "its agent's machine is broken in a way that is given",
}


class _Loader(yaml.SafeLoader):
    """YAML 1.2 as GitHub reads it: only true and false are booleans, so that a job may be called `no`."""


_Loader.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))

_KEYS = {"shows", "needs", "workflow", "files", "repositories", "owner", "private", "runners", "acts", "expect"}
RUNNER_KEYS = {"labels", "capacity", "endless", "failure", "later", "group"}
RUN_KEYS = {
    *("workflow", "name", "event", "title", "branch", "status", "conclusion", "reason", "says", "attempt", "number"),
    *("jobs", "problems", "attempts"),
}
ATTEMPT_KEYS = {"conclusion", "reason", "says", "jobs"}
JOB_KEYS = {
    *("status", "conclusion", "reason", "says", "outputs", "steps", "log", "no-log", "carried", "runner", "labels"),
    "annotations",
}


class Unreadable(Exception):
    """A case file that is not as README.md says."""


@dataclass(frozen=True)
class Case:
    """One scenario."""

    name: str  # folder/file
    shows: str
    needs: tuple[str, ...] = ()
    owner: str = ""  # an organisation's name; empty: the person's own
    private: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
    repositories: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    runners: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    acts: tuple[tuple[str, Any], ...] = ()
    expect: tuple[Mapping[str, Any], ...] = ()

    @property
    def absent(self) -> list[str]:
        """What it needs and the engine does not have yet."""
        return sorted(ABSENT.intersection(self.needs))

    @property
    def needs_fake(self) -> str:
        """Why no real container can play it; empty when one can."""
        texts = [str(text) for one in self.repositories.values() for text in one.get("files", {}).values()]
        script = "\n".join([*self.files.values(), *texts])
        found = [why for sign, why in NEEDS_FAKE.items() if re.search(sign, script, re.MULTILINE)]
        found += [why for key, why in FAULTS.items() if any(key in one for one in self.runners.values())]
        return "; ".join(found)

    @property
    def workflow_files(self) -> list[str]:
        """The paths of its workflow files, those of other repositories with their names."""
        own = [path for path in self.files if "/workflows/" in path]
        others = [
            f"{name}/{path}"
            for name, one in self.repositories.items()
            for path in one.get("files", {})
            if "/workflows/" in path
        ]
        return own + others


@cache
def cases() -> Mapping[str, Case]:
    """Every case by its name."""
    found = {}
    for path in sorted(CASES.glob("*/*.yml")):
        name = str(path.relative_to(CASES).with_suffix(""))
        try:
            found[name] = read(name, path.read_text())
        except (Unreadable, yaml.YAMLError) as error:
            raise Unreadable(f"{path}: {error}") from error
    return found


def read(name: str, text: str) -> Case:
    """The case of a file. Raises Unreadable."""
    data = yaml.load(text, _Loader)
    _known(data, _KEYS, "the file")
    if not data.get("shows") or "expect" not in data:
        raise Unreadable("`shows` and `expect` are needed")
    files = dict(data.get("files", {}))
    if "workflow" in data:
        files[WORKFLOW] = data["workflow"]
    for one in data.get("runners", {}).values():
        _known(one, RUNNER_KEYS, "runners")
    expect = data["expect"] if isinstance(data["expect"], list) else [data["expect"]]
    for run in expect:
        check_run(run)
    return Case(
        name=name,
        shows=data["shows"],
        needs=tuple(data.get("needs", ())),
        owner=data.get("owner", ""),
        private=bool(data.get("private", False)),
        files=files,
        repositories=data.get("repositories", {}),
        runners=data.get("runners", {}),
        acts=_acts(data.get("acts", [])),
        expect=tuple(expect),
    )


def check_run(run: Mapping[str, Any]) -> None:
    """Refuse what is no expectation of a run. Raises Unreadable."""
    _known(run, RUN_KEYS, "expect")
    for attempt in run.get("attempts", {}).values():
        _known(attempt, ATTEMPT_KEYS, "attempts")
        _jobs(attempt.get("jobs", {}))
    _jobs(run.get("jobs", {}))


def _jobs(jobs: Mapping[str, Any]) -> None:
    for job in jobs.values():
        if not isinstance(job, str):
            _known(job, JOB_KEYS, "jobs")


def _acts(given: Sequence[Any]) -> tuple[tuple[str, Any], ...]:
    """Each act with its value. Without a push among them the files are pushed first."""
    acts = []
    for one in given:
        verb, value = (one, None) if isinstance(one, str) else next(iter(one.items()))
        if not isinstance(one, str) and len(one) != 1:
            raise Unreadable(f"an act has one verb: {list(one)}")
        if verb == "see":
            for run in value if isinstance(value, list) else [value]:
                check_run(run)
        acts.append((verb, value))
    return tuple(acts if acts and any(verb == "push" for verb, _ in acts) else [("push", {}), *acts])


def _known(data: Any, keys: set[str], where: str) -> None:
    if not isinstance(data, Mapping):
        raise Unreadable(f"{where}: a mapping was expected, not {data!r}")
    unknown = sorted(str(key) for key in data if key not in keys)
    if unknown:
        raise Unreadable(f"{where}: {', '.join(unknown)} is not known; there are {', '.join(sorted(keys))}")
