"""The data files as objects: what each endpoint is for, who may, what is refused. README.md says how to write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
RIGHTS = ("anyone", "person", "read", "write", "admin", "owner", "runner", "lease", "registration", "address")
#: Stands for "the file says nothing of this", since None is a body.
NOTHING: Any = object()


@dataclass(frozen=True)
class Case:
    """One request and what must come of it."""

    what: str
    status: int
    needs: tuple[str, ...] = ()  # written ``with``
    at: Mapping[str, Any] | None = None
    query: Mapping[str, Any] | None = None
    send: Any = NOTHING
    headers: Mapping[str, str] | None = None
    body: Any = NOTHING
    answers: Mapping[str, str] | None = None  # headers of the answer
    then: tuple[Mapping[str, Any], ...] = ()
    unofficial: str = ""


@dataclass(frozen=True)
class Operation:
    """A method of a path, with its cases. ``area`` is the name of its file."""

    area: str
    method: str
    path: str
    right: str
    ok: tuple[Case, ...]
    bad: tuple[Case, ...] = ()
    needs: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    official: str = ""
    own: str = ""
    shape: str = ""
    quirks: str = ""
    absent: Mapping[str, int] | None = None
    unlike: Mapping[str, int] | None = None
    changing: str = ""
    committed: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def address(self) -> str:
        """The whole path, its parts as ``{name}``."""
        return self.path if self.path.startswith(("/api/", "/{")) else f"/api/v3{self.path}"

    @property
    def official_path(self) -> str:
        """The path of the official description."""
        return self.official or self.path

    @property
    def looks(self) -> bool:
        """True when it changes nothing."""
        return self.method == "GET"


@cache
def operations() -> tuple[Operation, ...]:
    """Every operation of every file."""
    return tuple(one for file in sorted(FOLDER.glob("*.yml")) for one in _of_file(file))


@cache
def titles() -> Mapping[str, str]:
    """The heading of each area."""
    return {file.stem: _read(file)["title"] for file in sorted(FOLDER.glob("*.yml"))}


def _of_file(file: Path) -> Iterator[Operation]:
    for name, said in _read(file)["operations"].items():
        method, _, path = name.partition(" ")
        said = dict(said)
        said["ok"] = tuple(_case(one, name) for one in said.get("ok", ()))
        said["bad"] = tuple(_case(one, name) for one in said.get("bad", ()))
        if method not in METHODS or said.get("right") not in RIGHTS or not said["ok"]:
            raise ValueError(f"{file.name}: {name}: needs a method, a right of {', '.join(RIGHTS)}, and a case in ok")
        yield _made(Operation, {**said, "area": file.stem, "method": method, "path": path}, name)


def _case(said: Mapping[str, Any], name: str) -> Case:
    return _made(Case, {"what": "", **said}, name)


def _made(kind: type[Any], said: dict[str, Any], name: str) -> Any:
    if "with" in said:
        said["needs"] = said.pop("with")
    known = {one.name for one in fields(kind)}
    if unknown := set(said) - known:
        raise ValueError(f"{name}: {', '.join(sorted(unknown))}: there are {', '.join(sorted(known))}")
    for word in ("needs", "scopes", "then"):
        if word in said:
            said[word] = tuple([said[word]] if isinstance(said[word], str | Mapping) else said[word])
    return kind(**said)


class _Loader(yaml.CSafeLoader):
    """YAML whose mappings name nothing twice."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise ValueError(f"{node.start_mark}: {twice[0]} stands there twice")
    return dict(zip(keys, (loader.construct_object(value, deep=True) for _, value in node.value), strict=True))


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(file.read_text(), _Loader)
    return found
