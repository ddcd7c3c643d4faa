"""From ``container`` and ``services`` with their expressions to what they ask for."""

from __future__ import annotations

from typing import Any

import pytest

from runner.containers import definition
from runner.containers.spec import ContainerSpec, JobContainers, Login
from workflows import expressions
from workflows.errors import ExpressionError
from workflows.model import Container, Credentials, Job

WHOLE = {
    "image": "docker://redis:7",
    "env": {"A": 1, "B": True},
    "ports": [6379, "16379:6379"],
    "volumes": "cache:/data",
    "options": "--init",
    "credentials": {"username": "me", "password": "pw"},
    "entrypoint": "sh",
    "command": "-c true",
}
SPEC = ContainerSpec(
    "db",
    "redis:7",
    {"A": "1", "B": "true"},
    ("6379", "16379:6379"),
    ("cache:/data",),
    "--init",
    Login("me", "pw"),
    "sh",
    "-c true",
)
CONTEXTS = {
    "matrix": {
        "image": "redis:7",
        "none": "",
        "whole": WHOLE,
        "all": {"db": WHOLE},
        "ports": [1, 2],
        "bad": {"imag": 1},
    },
    "secrets": {"PASSWORD": "pw"},
    "env": {"A": "a"},
}


def evaluate(**fields: Any) -> JobContainers:
    return definition.evaluate(Job(id="a", **fields), lambda text: expressions.evaluate_value(text, dict(CONTEXTS), {}))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, JobContainers()),
        ({"container": Container("redis")}, JobContainers(ContainerSpec("", "redis"))),
        ({"container": Container("docker://redis")}, JobContainers(ContainerSpec("", "redis"))),
        ({"container": Container("${{ matrix.image }}")}, JobContainers(ContainerSpec("", "redis:7"))),
        ({"container": Container("${{ matrix.none }}")}, JobContainers()),
        ({"container": Container("${{ matrix.nothing }}", env={"A": "b"})}, JobContainers()),
        ({"services": {"db": Container("${{ matrix.whole }}")}}, JobContainers(None, (SPEC,))),
        ({"services": "${{ matrix.all }}"}, JobContainers(None, (SPEC,))),
        ({"services": "${{ matrix.none }}"}, JobContainers()),
        (
            {"services": {"a": Container("${{ matrix.none }}"), "b": Container("x")}},
            JobContainers(None, (ContainerSpec("b", "x"),), ("a",)),
        ),
        (
            {"container": Container("x", env={"A": "${{ env.A }}-${{ secrets.PASSWORD }}", "B": ""})},
            JobContainers(ContainerSpec("", "x", {"A": "a-pw", "B": ""})),
        ),
        (
            {"container": Container("x", env="${{ matrix.whole.env }}", ports=("${{ matrix.ports }}", "3"))},
            JobContainers(ContainerSpec("", "x", {"A": "1", "B": "true"}, ("1", "2", "3"))),
        ),
        (
            {"container": Container("x", credentials=Credentials("me", "${{ secrets.PASSWORD }}"))},
            JobContainers(ContainerSpec("", "x", login=Login("me", "pw"))),
        ),
        (
            {"container": Container("x", credentials=Credentials("me", "${{ secrets.NONE }}"))},
            JobContainers(ContainerSpec("", "x")),
        ),
    ],
)
def test_containers(fields: dict[str, Any], expected: JobContainers) -> None:
    assert evaluate(**fields) == expected


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"container": Container("${{ matrix.bad }}")}, "container.imag: one of image, credentials"),
        ({"container": Container("${{ matrix.ports }}")}, "container: a text or a mapping was expected"),
        ({"container": Container("x", env="${{ matrix.ports }}")}, "container.env: a mapping was expected"),
        ({"services": "${{ matrix.ports }}"}, "services: a mapping was expected"),
        ({"services": {"a": Container("x", options="${{ matrix.ports }}")}}, "services.a.options: a text was expected"),
    ],
)
def test_what_is_no_container(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ExpressionError, match=words):
        evaluate(**fields)


def test_a_login_does_not_show_its_password() -> None:
    assert "pw" not in repr(SPEC)
