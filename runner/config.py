"""The agent's configuration: ``config.toml`` and ``credential`` in its data folder, and the environment.

    url = "https://ci.example.org"            # FORGE_RUNNER_URL
    container_url = "http://172.17.0.1:8000"  # how job containers reach the server; FORGE_RUNNER_CONTAINER_URL
    name = "builder-1"                        # FORGE_RUNNER_NAME
    labels = ["ubuntu-latest"]                # FORGE_RUNNER_LABELS, by commas
    capacity = 2                              # jobs at once; FORGE_RUNNER_CAPACITY
    backend = "docker"                        # docker, host or fake; FORGE_RUNNER_BACKEND
    ephemeral = true                          # one job, then it is no runner any more; `register --ephemeral`
    ca_file = "/etc/ssl/ci.pem"               # certificates to trust for the server; FORGE_RUNNER_CA_FILE

    [images]                                  # label → image
    ubuntu-latest = "forge-job:bookworm"

    [docker]
    image = "forge-job:bookworm"              # for labels without one; FORGE_RUNNER_IMAGE
    build = ["deploy/job-image/build", "--name", "{image}"]
    volumes = ["/etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt"]   # read-only
    network = "bridge"
    host = "unix:///run/user/1000/docker.sock"   # the engine; else DOCKER_HOST, else the usual socket
    memory = "4g"                             # limits of one job; none by default
    cpus = 2
    pids = 4096
    prefetch = ["postgres:16"]                # fetched when the agent starts; all images named above without this
    allow_options = ["--cap-add=SYS_PTRACE"]  # in options of a workflow's containers, beside the harmless ones
    allow_volumes = ["/srv/models:ro"]        # paths of this machine that workflows may mount, exactly these
    spares = 2                                # containers kept ready of each image; FORGE_RUNNER_SPARES
    spare_networks = 2                        # networks kept ready for containers that are not;
                                              # FORGE_RUNNER_SPARE_NETWORKS

    [host]
    user = "nobody"                           # steps run as this user; needs an agent that runs as root

    [jobs]
    env = { PIP_INDEX_URL = "https://…" }     # below everything that a workflow sets

The environment wins over the file. The credential file is readable by the agent's user alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner import credential as credential_file
from runner.backends.base import Backend
from runner.backends.docker import DockerBackend, DockerOptions
from runner.backends.fake import FakeBackend
from runner.backends.host import HostBackend
from runner.containers.limits import Limits
from runner.containers.options import Policy
from runner.credential import Credential
from runner.errors import ConfigError
from runner.images import DEFAULT_IMAGE, Images, default_build

VERSION = "0.1.0"
BACKENDS = ("docker", "host", "fake")
_SIZE = re.compile(r"(\d+)([kmg]?)b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_ARCHITECTURES = {"x86_64": "X64", "amd64": "X64", "aarch64": "ARM64", "arm64": "ARM64", "armv7l": "ARM"}


@dataclass(frozen=True)
class Config:
    """Everything that is decided before the agent starts."""

    folder: Path
    url: str
    name: str
    labels: tuple[str, ...] = ()
    container_url: str | None = None
    capacity: int = 1
    backend: str = "docker"
    ephemeral: bool = False
    work_folder: str = "leases"  # where jobs work, in ``folder``
    ca_file: str | None = None
    image: str = DEFAULT_IMAGE
    images: Mapping[str, str] = field(default_factory=dict)
    build: tuple[str, ...] = field(default_factory=default_build)
    volumes: tuple[str, ...] = ()
    network: str = "bridge"
    docker_host: str = ""
    limits: Limits = field(default_factory=Limits)
    prefetch: tuple[str, ...] | None = None  # None: every image that is configured
    policy: Policy = field(default_factory=Policy)
    spares: int = 1
    spare_networks: int = 1
    host_user: str = ""
    job_env: Mapping[str, str] = field(default_factory=dict)

    @property
    def leases(self) -> Path:
        """Where the folders of leases are."""
        return self.folder / self.work_folder

    @property
    def unsent(self) -> Path:
        """Where logs wait of jobs that the agent goes on with no more."""
        return self.folder / "unsent"

    @property
    def credential_file(self) -> Path:
        """The runner's own credential, mode 0600."""
        return self.folder / "credential"

    @property
    def identity(self) -> str:
        """The agent among all that use one engine: two of different servers may bear one name."""
        return f"{self.name}@{hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]}"

    def credential(self) -> str:
        """The credential; ConfigError when this folder holds none."""
        return self.kept_credential.read()

    @property
    def kept_credential(self) -> Credential:
        """The credential and its changes."""
        return Credential(self.credential_file)

    def make_backend(self) -> Backend:
        """The backend that is configured."""
        if self.backend == "fake":
            return FakeBackend()
        options = DockerOptions(
            self.identity,
            Images(self.image, self.images, self.build, ahead=self.prefetch),
            self.limits,
            self.volumes,
            self.network,
            self.docker_host,
            self.folder,
            self.policy,
            self.spares,
            self.spare_networks,
        )
        if self.backend == "host":
            return HostBackend(self.leases, self.host_user, options.rules(), self.docker_host)
        return DockerBackend(options)


def load(folder: Path, environment: Mapping[str, str] | None = None, **given: Any) -> Config:
    """Read the configuration; what is given by name (and is not None) wins. ConfigError names what is wrong."""
    environment = os.environ if environment is None else environment
    data = _read(folder / "config.toml")
    data |= {name: value for name in _TOP if (value := environment.get(f"FORGE_RUNNER_{name.upper()}")) is not None}
    data |= {name: value for name, value in given.items() if value is not None}
    docker, jobs, host = _table(data, "docker"), _table(data, "jobs"), _table(data, "host")
    backend = str(data.get("backend", "docker"))
    if backend not in BACKENDS:
        raise ConfigError(f"backend: {backend!r} is none of {', '.join(BACKENDS)}")
    if not data.get("url"):
        raise ConfigError(f"url: no server is named in {folder / 'config.toml'}, by FORGE_RUNNER_URL or by --url")
    return Config(
        folder=folder.resolve(),
        url=str(data["url"]).rstrip("/"),
        name=str(data.get("name") or platform.node() or "runner"),
        labels=_list(data.get("labels", ()), "labels"),
        container_url=str(data["container_url"]).rstrip("/") if data.get("container_url") else None,
        capacity=_number(data.get("capacity", 1), "capacity"),
        backend=backend,
        ephemeral=data.get("ephemeral", False) is True,
        ca_file=data.get("ca_file"),
        image=str(environment.get("FORGE_RUNNER_IMAGE") or docker.get("image", DEFAULT_IMAGE)),
        images={str(label): str(image) for label, image in _table(data, "images").items()},
        build=_list(docker.get("build", default_build()), "docker.build"),
        volumes=_list(docker.get("volumes", ()), "docker.volumes"),
        network=str(docker.get("network", "bridge")),
        docker_host=str(docker.get("host", "")),
        limits=Limits(_size(docker.get("memory", 0)), float(docker.get("cpus", 0)), int(docker.get("pids", 4096))),
        prefetch=_list(docker["prefetch"], "docker.prefetch") if "prefetch" in docker else None,
        policy=Policy(
            _options(_list(docker.get("allow_options", ()), "docker.allow_options")),
            _paths(_list(docker.get("allow_volumes", ()), "docker.allow_volumes")),
        ),
        spares=_ready("spares", docker, environment),
        spare_networks=_ready("spare_networks", docker, environment),
        host_user=str(host.get("user", "")),
        job_env={str(name): str(value) for name, value in _table(jobs, "env").items()},
    )


_TOP = ("url", "container_url", "name", "labels", "capacity", "backend", "ca_file")
_SETTLED = (*_TOP, "ephemeral")  # what register writes; the last has no variable


def save(config: Config, credential: str) -> None:
    """Write what ``register`` settled: the top level of config.toml, keeping an administrator's tables."""
    config.folder.mkdir(parents=True, exist_ok=True)
    path = config.folder / "config.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in _settled(config).items()]
    path.write_text("\n".join([*lines, "", _tables_of(path)]))
    credential_file.write(config.credential_file, credential)
    config.credential_file.with_name("credential.new").unlink(missing_ok=True)  # of the runner that was here before


def machine() -> dict[str, str]:
    """What the runner context says about this machine, in GitHub's words."""
    return {"os": "Linux", "arch": _ARCHITECTURES.get(platform.machine().lower(), platform.machine().upper())}


def _settled(config: Config) -> dict[str, Any]:
    values = {name: getattr(config, name) for name in _SETTLED}
    values["labels"] = list(config.labels)
    return {name: value for name, value in values.items() if value is not None}


def _tables_of(path: Path) -> str:
    """The part of the file from its first table on."""
    text = path.read_text() if path.is_file() else ""
    found = re.search(r"^\[", text, re.MULTILINE)
    return text[found.start() :] if found else ""


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error


def _table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = data.get(name, {})
    if not isinstance(value, Mapping):
        raise ConfigError(f"{name}: a table was expected")
    return value


def _list(value: Any, name: str) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{name}: a list was expected")
    return tuple(str(part) for part in value if part)


def _options(given: tuple[str, ...]) -> tuple[str, ...]:
    for each in given:
        if not each.startswith("--"):
            raise ConfigError(f"docker.allow_options: {each!r} is no option such as --privileged or --cap-add=NET_RAW")
    return given


def _paths(given: tuple[str, ...]) -> tuple[str, ...]:
    for each in given:
        if not each.startswith("/") or ":" in each.removesuffix(":ro"):
            raise ConfigError(f"docker.allow_volumes: {each!r} is no absolute path, with :ro behind it or without")
    return given


def _ready(name: str, docker: Mapping[str, Any], environment: Mapping[str, str]) -> int:
    """How many of something are kept ready; one of each unless somebody says otherwise."""
    value = environment.get(f"FORGE_RUNNER_{name.upper()}") or docker.get(name, 1)
    return _number(value, f"docker.{name}", least=0)


def _number(value: Any, name: str, least: int = 1) -> int:
    if not str(value).isdigit() or not least <= int(value) <= 1000:
        raise ConfigError(f"{name}: a whole number from {least} to 1000 was expected, not {value!r}")
    return int(value)


def _size(value: Any) -> int:
    found = _SIZE.fullmatch(str(value).strip())
    if found is None:
        raise ConfigError(f"docker.memory: {value!r} is no size such as 4g or 512m")
    return int(found[1]) * _UNITS[found[2].lower()]
