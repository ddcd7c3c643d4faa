"""``ports:`` of a container."""

from __future__ import annotations

import pytest

from runner.containers import ports
from runner.containers.ports import Port
from runner.containers.spec import ContainerSpec
from runner.errors import InfrastructureError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5432", [Port(5432)]),
        ("6379/tcp", [Port(6379)]),
        ("53/udp", [Port(53, None, "udp")]),
        ("8080:80", [Port(80, 8080)]),
        ("53:5353/udp", [Port(5353, 53, "udp")]),
        ("127.0.0.1:8080:80", [Port(80, 8080)]),
        ("127.0.0.1::80", [Port(80)]),
        ("[::1]:8080:80", [Port(80, 8080)]),
        ("8000-8001:9000-9001", [Port(9000, 8000), Port(9001, 8001)]),
        ("9000-9001", [Port(9000), Port(9001)]),
    ],
)
def test_ports(text: str, expected: list[Port]) -> None:
    assert ports.parse(ContainerSpec("x", "i"), (text,)) == expected


@pytest.mark.parametrize("text", ["", "a", "0", "65536", "80:", "80:80/sctp", "1-2:3", "9-8", "1:2:3", "-1", "1-9999"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(InfrastructureError, match=r"services\.x\.ports: ") as caught:
        ports.parse(ContainerSpec("x", "i"), (text,))
    assert caught.value.reason == "container_refused"
