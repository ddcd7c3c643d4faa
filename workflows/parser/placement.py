"""Where a job runs: labels and groups of runners, containers and services, the image that is kept of it."""

from __future__ import annotations

import re

from workflows.model import Container, Credentials, ImageSnapshot
from workflows.parser import read
from workflows.parser.check import is_expression, text_of
from workflows.parser.findings import Findings
from workflows.source import Mapping, Node, Scalar

_DOCKER = "docker://"
_SINGLE_GROUPS = ("org", "organization", "ent", "enterprise")
_MAJOR_VERSION = re.compile(r"[0-9]{1,9}\.\*")


def runs_on(node: Node | None) -> tuple[str, ...] | str:
    """Labels; or the one expression that stands for all of them."""
    if isinstance(node, Mapping):
        return runs_on(node.get("labels"))
    if isinstance(node, Scalar) and is_expression(node):
        return text_of(node)
    return tuple(label for label, _ in read.texts(node))


def runner_group(node: Node | None, findings: Findings) -> str | None:
    """``runs-on.group``; None when it is not given."""
    given = read.get(node, "group")
    if not isinstance(given, Scalar):
        return None
    name = text_of(given)
    parts = name.split("/")
    if len(parts) > 1 and not is_expression(given):
        message = f"Invalid runs-on group name '{name}'."
        if len(parts) > 2 or (parts[1] and parts[0] not in _SINGLE_GROUPS):
            message += " Please use 'organization/' or 'enterprise/' prefix to target a single runner group."
            findings.error(given.position, message)
        elif not parts[1]:
            findings.error(given.position, message)
    return name


def container(key: Node | None, findings: Findings) -> Container | None:
    """``container`` of a job; None without one, and for the empty text, which stands for none."""
    return _container(key, findings, service=False) if key is not None and read.text(key) != "" else None


def services(node: Node | None, findings: Findings) -> dict[str, Container] | str:
    """The service containers by name, in file order; or one expression for all of them."""
    if isinstance(node, Scalar) and is_expression(node):
        return text_of(node)
    named = read.own_entries(node)
    return {name: _container(value, findings, service=True) for name, value in named}


def _container(node: Node, findings: Findings, *, service: bool) -> Container:
    short = read.text(node)
    image = short if short is not None else read.text(read.get(node, "image")) or ""
    _check_image(node, image, findings, service=service)
    login = read.get(node, "credentials")
    return Container(
        image=image,
        credentials=_credentials(login) if isinstance(login, Mapping) else None,
        env=read.table(read.get(node, "env")),
        ports=tuple(port for port, _ in read.texts(read.get(node, "ports"))),
        volumes=tuple(volume for volume, _ in read.texts(read.get(node, "volumes"))),
        options=read.filled(read.get(node, "options")),
        entrypoint=read.text(read.get(node, "entrypoint")),
        command=read.text(read.get(node, "command")),
        position=node.position,
    )


def _check_image(node: Node, image: str, findings: Findings, *, service: bool) -> None:
    """A job may have a container without an image, which is none, but a service must have one."""
    missing = service and isinstance(node, Mapping) and node.get("image") is None and not read.has_expression(node)
    if image == _DOCKER or missing:
        findings.error(node.position, "Container image cannot be empty")


def _credentials(node: Mapping) -> Credentials:
    return Credentials(read.text(node.get("username")) or "", read.text(node.get("password")) or "")


def snapshot(node: Node | None, findings: Findings) -> ImageSnapshot | None:
    """``snapshot``; None without one."""
    if node is None:
        return None
    if isinstance(node, Scalar):
        return ImageSnapshot(text_of(node), position=node.position)
    version = read.get(node, "version")
    said = read.filled(version)
    if said and version is not None and not is_expression(version) and not _MAJOR_VERSION.fullmatch(said):
        findings.error(node.position, f"Expected format '{{major-version}}.*' Actual '{said}'")
    name = read.text(read.get(node, "image-name")) or ""
    return ImageSnapshot(name, said, read.condition(read.get(node, "if")), node.position)
