"""From ``container:`` and ``services:`` of a job, with their expressions, to what they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NoReturn

from runner.containers.spec import ContainerSpec, JobContainers, Login
from workflows import expressions
from workflows.errors import ExpressionError
from workflows.model import Container, Job, Table

#: A text with its inserts, to its value.
Value = Callable[[str], object]

_DOCKER = "docker://"
_KEYS = ("image", "credentials", "env", "ports", "volumes", "options", "entrypoint", "command")


def evaluate(definition: Job, value: Value) -> JobContainers:
    """The containers of a job; ExpressionError."""
    given = definition.container
    job = _container("", given, value) if given is not None else None
    services = [_container(name, each, value) for name, each in _services(definition.services, value)]
    return JobContainers(
        job if job is not None and job.image else None,
        tuple(service for service in services if service.image),
        tuple(service.name for service in services if not service.image),
    )


def _services(given: Mapping[str, Container] | str, value: Value) -> Iterator[tuple[str, Container | object]]:
    whole: object = value(given) if isinstance(given, str) else given
    if isinstance(whole, Mapping):
        yield from ((str(name), each) for name, each in whole.items())
    elif whole not in (None, ""):
        _wrong("services", "a mapping")


def _container(name: str, given: Container | object, value: Value) -> ContainerSpec:
    where = f"services.{name}" if name else "container"
    if not isinstance(given, Container):
        return _from_data(name, where, given)
    image = value(given.image)
    if not _is_text(image):
        return _from_data(name, where, image)
    login = given.credentials
    return ContainerSpec(
        name,
        _image(image),
        env=_table(f"{where}.env", given.env, value),
        ports=tuple(_flat(f"{where}.ports", map(value, given.ports))),
        volumes=tuple(_flat(f"{where}.volumes", map(value, given.volumes))),
        options=_text(f"{where}.options", value(given.options or "")),
        login=_login(value(login.username), value(login.password)) if login else None,
        entrypoint=_text(f"{where}.entrypoint", value(given.entrypoint or "")),
        command=_text(f"{where}.command", value(given.command or "")),
    )


def _from_data(name: str, where: str, data: object) -> ContainerSpec:
    """One expression that gave the whole of it."""
    if _is_text(data):
        return ContainerSpec(name, _image(data))
    if not isinstance(data, Mapping):
        _wrong(where, "a text or a mapping")
    for key in data:
        if key not in _KEYS:
            _wrong(f"{where}.{key}", f"one of {', '.join(_KEYS)}")
    login = data.get("credentials")
    return ContainerSpec(
        name,
        _image(data.get("image")),
        env=_texts(f"{where}.env", data.get("env")),
        ports=tuple(_flat(f"{where}.ports", [data.get("ports")])),
        volumes=tuple(_flat(f"{where}.volumes", [data.get("volumes")])),
        options=_text(f"{where}.options", data.get("options")),
        login=_login(login.get("username"), login.get("password")) if isinstance(login, Mapping) else None,
        entrypoint=_text(f"{where}.entrypoint", data.get("entrypoint")),
        command=_text(f"{where}.command", data.get("command")),
    )


def _image(value: object) -> str:
    return expressions.to_text(value).strip().removeprefix(_DOCKER)


def _login(username: object, password: object) -> Login | None:
    """Both, or none: half a login is none, as GitHub's runner has it."""
    login = Login(_text("credentials.username", username), _text("credentials.password", password))
    return login if login.username and login.password else None


def _table(where: str, table: Table, value: Value) -> Mapping[str, str]:
    if isinstance(table, str):
        return _texts(where, value(table))
    return {name: _text(f"{where}.{name}", value(text)) for name, text in table.items()}


def _texts(where: str, data: object) -> Mapping[str, str]:
    if data in (None, ""):
        return {}
    if not isinstance(data, Mapping):
        _wrong(where, "a mapping")
    return {str(name): _text(f"{where}.{name}", each) for name, each in data.items()}


def _flat(where: str, values: Iterator[object] | list[object]) -> Iterator[str]:
    """Texts; a list among them stands for its items."""
    for each in values:
        for item in each if isinstance(each, list | tuple) else [each]:
            if text := _text(where, item):
                yield text


def _text(where: str, value: object) -> str:
    if not _is_text(value):
        _wrong(where, "a text")
    return expressions.to_text(value)


def _is_text(value: object) -> bool:
    """Whether it is one of the values that a text can hold."""
    return not isinstance(value, Mapping | list | tuple)


def _wrong(where: str, wanted: str) -> NoReturn:
    raise ExpressionError("evaluation", f"{where}: {wanted} was expected")
