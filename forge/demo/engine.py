"""Is there a Docker engine, and which image do the jobs get: local, else pulled, else built."""

from __future__ import annotations

import ipaddress
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException

#: What deploy/job-image/build makes.
LOCAL_IMAGE = "forge-job:bookworm"
#: A public one that carries git, Python and curl, for machines that reach a registry.
PUBLIC_IMAGE = "buildpack-deps:bookworm-scm"
BUILD = Path(__file__).resolve().parents[2] / "deploy" / "job-image" / "build"
PULL_SECONDS = 180


@dataclass(frozen=True)
class Engine:
    """Where jobs will run. `image` is empty on the host backend; `gateway` is how a container reaches this machine."""

    backend: str
    why: str
    image: str = ""
    gateway: str = ""


def find(say: Callable[[str], None]) -> Engine:
    """Docker where an engine answers and an image can be had, else the host itself; `say` hears of slow steps."""
    try:
        client = docker.from_env(timeout=10)
        version = client.version()["Version"]
    except (DockerException, OSError):
        return Engine("host", f"no Docker engine answers at {os.environ.get('DOCKER_HOST') or 'its usual place'}")
    with_image = _image(client, say)
    if not with_image:
        return Engine("host", f"Docker {version} is here, but no job image could be found, pulled or built")
    image, how = with_image
    return Engine("docker", f"Docker {version}, image {image} ({how})", image, _gateway(client))


def _image(client: docker.DockerClient, say: Callable[[str], None]) -> tuple[str, str] | None:
    """The image's name and how we came to it."""
    for name in (LOCAL_IMAGE, PUBLIC_IMAGE):
        if _has(client, name):
            return name, "it was here"
    say(f"pulling {PUBLIC_IMAGE}")
    if _succeeds(["docker", "pull", "--quiet", PUBLIC_IMAGE]) and _has(client, PUBLIC_IMAGE):
        return PUBLIC_IMAGE, "pulled"
    for options, how in ((["--from-host"], "built from this machine's packages"), ([], "built from Debian's packages")):
        if BUILD.is_file():
            say(f"no registry in reach: the image is {how}")
            if _succeeds([str(BUILD), *options]) and _has(client, LOCAL_IMAGE):
                return LOCAL_IMAGE, how
    return None


def _has(client: docker.DockerClient, name: str) -> bool:
    try:
        client.images.get(name)
    except DockerException:
        return False
    return True


def _succeeds(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PULL_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _gateway(client: docker.DockerClient) -> str:
    """The address of this machine on the default bridge; empty when there is no such network here."""
    try:
        [given, *_] = client.networks.get("bridge").attrs["IPAM"]["Config"]
    except (DockerException, KeyError, ValueError):
        return ""
    return str(given.get("Gateway") or ipaddress.ip_network(given["Subnet"])[1])  # Docker's own choice: the first
