"""When forge-init can be the first process of a container, and when docker exec it is."""

from __future__ import annotations

import platform
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner.backends.docker_init import obstacle
from runner.forge_init.build import Built

OWN = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
BUILT = Built(Path("/somewhere"))


@pytest.mark.parametrize(
    ("built", "address", "architecture", "arguments", "why"),
    [
        (BUILT, "", OWN, {}, ""),
        (BUILT, "unix:///run/user/1000/docker.sock", OWN, {"cap_add": ["KILL"], "privileged": False}, ""),
        (Built(None, "no compiler"), "", OWN, {}, "forge-init is not there: no compiler"),
        (BUILT, "tcp://builder:2376", OWN, {}, "the engine is not reached by a socket of this machine"),
        (BUILT, "ssh://builder", OWN, {}, "the engine is not reached by a socket of this machine"),
        (BUILT, "", "s390x", {}, f"the image is for s390x, and this one is {platform.machine()}"),
        (BUILT, "", "", {}, f"the image is for an unknown machine, and this one is {platform.machine()}"),
        (BUILT, "", OWN, {"cap_add": ["SYS_PTRACE"]}, "the container may trace processes"),
        (BUILT, "", OWN, {"cap_add": ["cap_sys_ptrace"]}, "the container may trace processes"),
        (BUILT, "", OWN, {"cap_add": ["ALL"]}, "the container may trace processes"),
        (BUILT, "", OWN, {"privileged": True}, "the container may trace processes"),
        (BUILT, "", OWN, {"pid_mode": "host"}, "the container sees processes that are not its own"),
    ],
)
def test_obstacle(built: Built, address: str, architecture: str, arguments: dict[str, Any], why: str) -> None:
    image = SimpleNamespace(attrs={"Architecture": architecture})
    assert obstacle(built, address or "unix://", image, arguments) == why
