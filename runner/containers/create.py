"""What a container of a job is created with: everything that its own kind does not decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docker.models.containers import ContainerCollection

from runner.containers import options as option_rules
from runner.containers.limits import Limits
from runner.containers.options import Options, command_of
from runner.containers.ports import Port
from runner.containers.resources import JobResources
from runner.containers.spec import ContainerSpec
from runner.containers.volumes import Volume

#: A service's output is kept by the engine until the job ends, and no more than this of it.
_LOG = {"Type": "local", "Config": {"max-size": "10m", "max-file": "2", "compress": "false"}}
_JUDGED = ("cap_add", "cap_drop", "security_opt")  # ``options.security`` has them


class _Containers(ContainerCollection):
    """The SDK's, of which one that was just made is not asked for again."""

    def get(self, container_id: str) -> Any:
        return self.prepare_model({"Id": container_id})


def container(client: Any, image: Any, arguments: Mapping[str, Any]) -> Any:
    """Create a container with these keywords of the SDK's create, and a name; what the engine fails with is raised.

    A job waits for it, so that nothing is asked of the engine beside: the container knows its id and its name only.
    """
    made = _Containers(client=client).create(image, **arguments)
    made.attrs["Name"] = f"/{arguments['name']}"
    return made


def limited(options: Options, limits: Limits) -> Limits:
    """The administrator's limits, lowered by what the options ask for."""
    asked = options.limits
    return limits.lowered(asked.memory, asked.cpus, asked.pids)


def further(options: Options) -> dict[str, Any]:
    """Keywords of the SDK's create that options give, beside limits, rights and environment."""
    return {name: value for name, value in options.arguments.items() if name not in _JUDGED}


def environment_of(spec: ContainerSpec, options: Options) -> list[str]:
    """Variables for the engine. An empty value takes the image's variable away, as with ``docker create -e NAME``."""
    given: Mapping[str, str | None] = {**options.env, **spec.env}
    return [f"{name}={value}" if value else name for name, value in given.items() if name]


def service(
    spec: ContainerSpec,
    options: Options,
    volumes: list[Volume],
    ports: list[Port],
    limits: Limits,
    resources: JobResources,
) -> dict[str, Any]:
    """Keywords of the SDK's create for a service; ``ports`` are those that the engine publishes on its machine."""
    endpoint = resources.client.api.create_endpoint_config(aliases=[spec.name, *options.aliases])
    arguments: dict[str, Any] = {
        "extra_hosts": ["host.docker.internal:host-gateway"],
        "log_config": _LOG,
        "network": resources.network,
        "networking_config": {resources.network: endpoint},
        **limited(options, limits).arguments(),
    }
    arguments |= further(options) | option_rules.security(options) | command_of(spec, options)
    arguments["labels"] = {**arguments.get("labels", {}), **resources.labels}
    arguments["environment"] = ["GITHUB_ACTIONS=true", "CI=true", *environment_of(spec, options)]
    arguments["volumes"] = [resources.bind(volume) for volume in volumes]
    arguments["ports"] = {f"{port.inner}/{port.protocol}": ("127.0.0.1", port.outer) for port in ports}
    if "host.docker.internal:host-gateway" not in arguments["extra_hosts"]:
        arguments["extra_hosts"] = ["host.docker.internal:host-gateway", *arguments["extra_hosts"]]
    return arguments
