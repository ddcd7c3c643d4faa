"""``options:`` of a container: the options of ``docker create`` that a workflow may use.

What makes no hole in the container is allowed to all. What opens the machine (privileges, devices, the machine's
namespaces) is refused unless the administrator allows it for this runner: ``docker.allow_options`` holds ``--name``,
for every value, or ``--name=value``. What makes no sense here is refused always. Limits are never raised above the
administrator's.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from docker.types import DeviceRequest, Ulimit

from runner.containers import option_words as words
from runner.containers.limits import Limits
from runner.containers.spec import ContainerSpec
from runner.errors import InfrastructureError

#: What a build or a test needs at most; the rest of the engine's default set is dropped.
CAPABILITIES = tuple(
    """
    CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP AUDIT_WRITE
    """.split()  # noqa: SIM905 - a list of words, read as one
)
_NO_NEW = "no-new-privileges"


@dataclass(frozen=True)
class Policy:
    """What the administrator allows beyond what is harmless."""

    options: tuple[str, ...] = ()  # --name, or --name=value
    volumes: tuple[str, ...] = ()  # paths of this machine, exactly as they may be named; with :ro to be read only

    def allows(self, name: str, value: str) -> bool:
        """Whether this option may have this value."""
        return f"--{name}" in self.options or f"--{name}={value}" in self.options


@dataclass
class Options:
    """``options:``, taken apart."""

    arguments: dict[str, Any] = field(default_factory=dict)  # keywords of the SDK's create
    env: dict[str, str | None] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    limits: Limits = field(default_factory=lambda: Limits(pids=0))  # asked for; 0: nothing
    is_privileged: bool = False


def parse(spec: ContainerSpec, policy: Policy) -> Options:
    """``options:`` of a container; InfrastructureError ``container_refused`` names the option and the way out."""
    found = Options()
    try:
        for name, value in words.pairs(spec.options):
            _take(found, name, value, policy)
    except _NotAllowed as error:
        text = f"{spec.where}.options asks for {error}, which this runner does not allow. Take it out of the workflow, "
        text += f"or let the runner's administrator add '--{error.name}' to docker.allow_options in its config.toml."
        raise InfrastructureError("container_refused", text) from None
    except ValueError as error:
        raise InfrastructureError("container_refused", f"{spec.where}.options: {error}.") from None
    return found


def security(options: Options) -> dict[str, Any]:
    """Keywords of the SDK's create: as few rights as may be, and what the administrator allowed beyond."""
    if options.is_privileged:
        return {"privileged": True}
    dropped, added = options.arguments.get("cap_drop", []), options.arguments.get("cap_add", [])
    kept = [] if "ALL" in dropped else [each for each in CAPABILITIES if each not in dropped]
    profiles = options.arguments.get("security_opt", [])
    own = [] if any(each.startswith(_NO_NEW) for each in profiles) else [_NO_NEW]
    return {
        "cap_drop": ["ALL"],
        "cap_add": list(dict.fromkeys([*kept, *added])),
        "security_opt": [*own, *profiles],
    }


class _NotAllowed(Exception):
    """An option that needs the administrator's word."""

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        super().__init__(f"'--{name}'" if name in words.FLAGS else f"'--{name} {value}'")


def _take(found: Options, name: str, value: str, policy: Policy) -> None:
    if name in _NEVER:
        raise ValueError(f"'--{name}' is not supported: {_NEVER[name]}")
    taker = _TAKERS.get(name)
    if taker is None:
        raise ValueError(f"'--{name}' is not supported by this runner")
    is_harmless = name not in _RISKS or _RISKS[name](value)
    if not is_harmless and not policy.allows(name, value):
        raise _NotAllowed(name, value)
    taker(found, value)


_Taker = Callable[[Options, str], None]


def _one(keyword: str, read: Callable[[str], Any] = str) -> _Taker:
    """An option that is one keyword of the SDK; the last one counts."""

    def take(found: Options, value: str) -> None:
        found.arguments[keyword] = read(value)

    return take


def _many(keyword: str, read: Callable[[str], Any] = str) -> _Taker:
    """An option that may stand several times."""

    def take(found: Options, value: str) -> None:
        found.arguments.setdefault(keyword, []).append(read(value))

    return take


def _table(keyword: str, mark: str) -> _Taker:
    """An option of the form key, mark, value."""

    def take(found: Options, value: str) -> None:
        key, _, rest = value.partition(mark)
        found.arguments.setdefault(keyword, {})[key] = rest

    return take


def _health(keyword: str, read: Callable[[str], Any]) -> _Taker:
    def take(found: Options, value: str) -> None:
        found.arguments.setdefault("healthcheck", {})[keyword] = read(value)

    return take


def _environment(found: Options, value: str) -> None:
    name, mark, text = value.partition("=")
    if not name:
        raise ValueError(f"'--env {value}' names no variable")
    found.env[name] = text if mark else None


def _label(found: Options, value: str) -> None:
    key, _, text = value.partition("=")
    if key.startswith("forge."):
        raise ValueError(f"the label '{key}' is the runner's own")
    found.arguments.setdefault("labels", {})[key] = text


def _mount(found: Options, value: str) -> None:
    """``--mount``: volumes, and paths of the machine, become what ``--volume`` would have made of them."""
    parts = dict(part.partition("=")[::2] for part in value.split(","))
    kind = parts.pop("type", "volume")
    target = parts.pop("target", "") or parts.pop("destination", "") or parts.pop("dst", "")
    source = parts.pop("source", "") or parts.pop("src", "")
    read_only = any(words.flag(parts.pop(name) or "true") for name in ("readonly", "ro") if name in parts)
    if not target or kind not in ("volume", "bind", "tmpfs") or parts:
        raise ValueError(f"'--mount {value}' is not understood: use type, source, target and readonly")
    if kind == "tmpfs":
        found.arguments.setdefault("tmpfs", {})[target] = ""
    elif kind == "bind" and not source.startswith("/"):
        raise ValueError(f"'--mount {value}': the source of a bind is an absolute path")
    else:
        found.volumes.append(":".join(filter(None, (source, target, "ro" if read_only else ""))))


def _ulimit(value: str) -> Ulimit:
    name, _, rest = value.partition("=")
    soft, _, hard = rest.partition(":")
    try:
        return Ulimit(name=name, soft=int(soft), hard=int(hard or soft))
    except ValueError:
        raise ValueError(f"'{value}' is no limit such as nofile=1024:2048") from None


def _gpus(found: Options, value: str) -> None:
    if value != "all" and not value.isdecimal():
        raise ValueError(f"'--gpus {value}': all, or how many")
    count = -1 if value == "all" else int(value)
    found.arguments["device_requests"] = [DeviceRequest(count=count, capabilities=[["gpu"]])]


def _privileged(found: Options, value: str) -> None:
    found.is_privileged = words.flag(value)


def _limit(name: str, read: Callable[[str], Any]) -> _Taker:
    def take(found: Options, value: str) -> None:
        known = found.limits
        asked = {"memory": known.memory, "cpus": known.cpus, "pids": known.pids, name: read(value)}
        found.limits = Limits(**asked)

    return take


def _pids(value: str) -> int:
    return 0 if value == "-1" else words.whole(value)


def _capability(value: str) -> str:
    return value.upper().removeprefix("CAP_")


def _nothing(found: Options, value: str) -> None:
    """It changes nothing here."""


_TAKERS: Mapping[str, _Taker] = {
    "add-host": _many("extra_hosts"),
    "cap-add": _many("cap_add", _capability),
    "cap-drop": _many("cap_drop", _capability),
    "cgroup-parent": _one("cgroup_parent"),
    "cgroupns": _one("cgroupns"),
    "cpu-shares": _one("cpu_shares", words.whole),
    "cpus": _limit("cpus", words.number),
    "cpuset-cpus": _one("cpuset_cpus"),
    "device": _many("devices"),
    "device-cgroup-rule": _many("device_cgroup_rules"),
    "dns": _many("dns"),
    "dns-option": _many("dns_opt"),
    "dns-search": _many("dns_search"),
    "domainname": _one("domainname"),
    "entrypoint": lambda found, value: found.arguments.update(entrypoint=[value] if value else [""]),
    "env": _environment,
    "expose": _nothing,  # the job's containers reach all ports of each other
    "gpus": _gpus,
    "group-add": _many("group_add"),
    "health-cmd": _health("test", lambda value: ["CMD-SHELL", value]),
    "health-interval": _health("interval", words.nanoseconds),
    "health-retries": _health("retries", words.whole),
    "health-start-period": _health("start_period", words.nanoseconds),
    "health-timeout": _health("timeout", words.nanoseconds),
    "hostname": _one("hostname"),
    "init": _one("init", words.flag),
    "interactive": _one("stdin_open", words.flag),
    "ipc": _one("ipc_mode"),
    "label": _label,
    "memory": _limit("memory", words.size),
    "memory-reservation": _one("mem_reservation", words.size),
    "mount": _mount,
    "network-alias": lambda found, value: found.aliases.append(value),
    "no-healthcheck": lambda found, _: found.arguments.update(healthcheck={"test": ["NONE"]}),
    "oom-kill-disable": _one("oom_kill_disable", words.flag),
    "oom-score-adj": _one("oom_score_adj", words.whole),
    "pid": _one("pid_mode"),
    "pids-limit": _limit("pids", _pids),
    "privileged": _privileged,
    "publish": lambda found, value: found.ports.append(value),
    "read-only": _one("read_only", words.flag),
    "rm": _nothing,  # everything of a job is removed at its end
    "runtime": _one("runtime"),
    "security-opt": _many("security_opt"),
    "shm-size": _one("shm_size", words.size),
    "stop-signal": _one("stop_signal"),
    "stop-timeout": _nothing,  # services are removed without a grace, as on GitHub
    "sysctl": _table("sysctls", "="),
    "tmpfs": _table("tmpfs", ":"),
    "tty": _one("tty", words.flag),
    "ulimit": _many("ulimits", _ulimit),
    "user": _one("user"),
    "userns": _one("userns_mode"),
    "uts": _one("uts_mode"),
    "volume": lambda found, value: found.volumes.append(value),
    "volumes-from": _many("volumes_from"),
    "workdir": _one("working_dir"),
}

#: Options that open the machine, unless the value is one that does not.
_RISKS: Mapping[str, Callable[[str], bool]] = {
    "cap-add": lambda value: _capability(value) in CAPABILITIES,
    "cgroup-parent": lambda value: False,
    "cgroupns": lambda value: value == "private",
    "device": lambda value: False,
    "device-cgroup-rule": lambda value: False,
    "gpus": lambda value: False,
    "group-add": lambda value: False,
    "ipc": lambda value: value in ("private", "none"),
    "oom-kill-disable": lambda value: False,
    "pid": lambda value: False,
    "privileged": lambda value: value == "false",
    "runtime": lambda value: False,
    "security-opt": lambda value: value in ("no-new-privileges", "no-new-privileges:true"),
    "sysctl": lambda value: False,
    "userns": lambda value: False,
    "uts": lambda value: False,
    "volumes-from": lambda value: False,
}

#: Options that are refused whatever the administrator says, with the reason.
_NEVER: Mapping[str, str] = {
    "attach": "the runner reads a service's output itself",
    "cidfile": "the runner keeps nothing for a job on its machine",
    "env-file": "name the variables under env",
    "label-file": "name the labels by --label",
    "link": "containers of a job reach each other by name",
    "log-driver": "the runner reads a service's log itself",
    "log-opt": "the runner reads a service's log itself",
    "name": "the runner names its containers, so that jobs do not meet",
    "network": "the containers of a job share a network of its own",
    "publish-all": "name the ports under ports",
    "pull": "the runner decides when an image is fetched",
    "restart": "nothing of a job outlives it",
}


def command_of(spec: ContainerSpec, options: Options) -> dict[str, Any]:
    """Keywords of the SDK's create: what a service starts instead of what its image says."""
    arguments: dict[str, Any] = {}
    if spec.entrypoint:
        arguments["entrypoint"] = [spec.entrypoint]
    elif "entrypoint" in options.arguments:
        arguments["entrypoint"] = options.arguments["entrypoint"]
    if spec.command:
        try:
            arguments["command"] = shlex.split(spec.command)
        except ValueError as error:
            raise InfrastructureError("container_refused", f"{spec.where}.command: {error}.") from None
    return arguments
