"""``container`` and ``services`` of one job on one engine: judged, made, reached, and ended together."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from docker.errors import DockerException, ImageNotFound

from runner.backends.base import Lease
from runner.containers import create, options, ports, relay, volumes
from runner.containers.engine import refused
from runner.containers.limits import Limits
from runner.containers.options import Options
from runner.containers.resources import JobResources
from runner.containers.rules import ContainerRules
from runner.containers.services import Say, Services
from runner.containers.spec import ContainerSpec, JobContainers, ServiceInfo
from runner.containers.volumes import Volume
from runner.errors import InfrastructureError
from runner.stop import Stop

#: What the job's container has from the runner, whatever its options say; GitHub's runner overrides them too.
_OWN = ("entrypoint", "working_dir", "stdin_open", "tty", "init", "healthcheck")
#: What of its options belongs to a network namespace, or to the machine's name that goes with it, or decides whether
#: one can be joined.
_OF_NAMESPACE = (
    "dns dns_opt dns_search domainname extra_hosts hostname runtime sysctls userns_mode uts_mode".split()  # noqa: SIM905
)
_PLAIN = ("bridge", "default")  # what the engine calls its network for all


class JobSet:
    """Refuses when it is made what the workflow may not ask for: nothing has been started then."""

    def __init__(
        self, client: Any, rules: ContainerRules, lease: Lease, wanted: JobContainers, *, on_host: bool = False
    ) -> None:
        self._rules = rules
        self._wanted = wanted
        self._resources = JobResources(client, rules.runner, lease)
        spec = wanted.job or ContainerSpec("", "")
        self._options: Options = options.parse(spec, rules.policy)
        mounts = (*spec.volumes, *self._options.volumes)
        self._volumes: list[Volume] = volumes.parse(spec, mounts, rules.policy)
        ports.parse(spec, (*spec.ports, *self._options.ports))
        self._is_published = on_host or rules.network == "host"
        self._services = Services(wanted, rules, self._resources, publishes=self._is_published)
        if self._needs_network and rules.network.startswith("container:"):
            text = f"docker.network is {rules.network}, beside which a job can have no services on this runner."
            raise InfrastructureError("container_refused", text)

    @property
    def _needs_network(self) -> bool:
        return bool(self._services.all or self._options.aliases)

    @property
    def network(self) -> str:
        """The network of the job's container, by its name."""
        return self._rules.network if self._is_published else self._resources.network or self._rules.network

    @property
    def own_network(self) -> str:
        """The network that was made for this job alone; empty without one."""
        return self._resources.network

    @property
    def may_join(self) -> bool:
        """Whether the job's container may be in a network namespace that was made before the job was known."""
        asked = self._options.arguments
        return not (self._needs_network or self._is_published or any(name in asked for name in _OF_NAMESPACE))

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables that ``container`` gives to the steps."""
        given = self._given()
        return {name: value for name, value in given.items() if value}

    def _given(self) -> dict[str, str]:
        spec = self._wanted.job
        given: Mapping[str, str | None] = {**self._options.env, **(spec.env if spec else {})}
        return {name: value or "" for name, value in given.items()}

    @property
    def limits(self) -> Limits:
        """What the job's container may use."""
        return create.limited(self._options, self._rules.limits)

    def image(self, labels: tuple[str, ...], say: Say, stop: Stop) -> Any:
        """Have the image of the job's container here."""
        images, spec, client = self._rules.images, self._wanted.job, self._resources.client
        name, login = (spec.image, spec.login) if spec else (images.choose(labels), None)
        try:
            if login is None:
                with contextlib.suppress(ImageNotFound):
                    return client.images.get(name)
            return client.images.get(images.fetch(client, name, login, say, stop))
        except (DockerException, OSError) as error:
            raise refused(error, "engine_unavailable") from error

    def make_network(self, say: Say) -> None:
        """The job's own network, where its services need one."""
        if self._needs_network:
            say("##[group]Create local container network")
            say(f"Network: {self._resources.make_network(internal=self._rules.network == 'none')}")
            say("##[endgroup]")

    def arguments(self, base: dict[str, Any]) -> dict[str, Any]:
        """Keywords of the SDK's create for the job's container, over what every job's container has."""
        options_of = self._options
        kept = {name: value for name, value in base.items() if name not in ("cap_drop", "cap_add", "security_opt")}
        asked = {name: value for name, value in create.further(options_of).items() if name not in _OWN}
        hosts = [f"{name}:{address}" for name, address in base.get("extra_hosts", {}).items()]
        unset = [name for name, value in self._given().items() if not value]
        merged = kept | asked | options.security(options_of) | self.limits.arguments()
        merged["labels"] = {**asked.get("labels", {}), **base["labels"]}
        merged["extra_hosts"] = [*hosts, *asked.get("extra_hosts", ())]
        merged["environment"] = [*(f"{name}={value}" for name, value in base["environment"].items()), *unset]
        merged["volumes"] = [*base["volumes"], *map(self._resources.bind, self._volumes)]
        merged["network"] = self.network
        if self._options.aliases:
            endpoint = self._resources.client.api.create_endpoint_config(aliases=self._options.aliases)
            merged["networking_config"] = {self.network: endpoint}
        return merged

    def join(self, container: Any) -> None:
        """Let the job's container also into the network that all jobs of this runner are in."""
        configured = self._rules.network
        if self._is_published or self.network == configured or configured in (*_PLAIN, "none"):
            return
        try:
            self._resources.client.networks.get(configured).connect(container)
        except (DockerException, OSError) as error:
            raise refused(error, "container_failed") from error

    def start_services(self, job_container: str, image: str, say: Say, stop: Stop) -> dict[str, ServiceInfo]:
        """Start the services and wait for them; what expressions see of them. The job's container runs already."""
        if not self._services.all:
            return {}
        if self._is_published and not self._resources.network:
            self._resources.make_network()
        self._services.start(say, stop)
        if not self._is_published and self._wanted.job is None:
            folder = self._rules.folder
            if folder is None:
                raise InfrastructureError("machine_failed", "This runner has no folder to build forge-relay in.")
            relay.start(self._resources, folder, job_container, image, self._services.all, stop)
        return self._services.wait(say, stop)

    def stop(self, say: Say) -> None:
        """End the services, with their logs in the job's log."""
        self._services.stop(say)

    def close(self) -> None:
        """Remove everything; the job's own container is gone already."""
        with contextlib.suppress(InfrastructureError):  # the janitor comes again
            self._resources.close()
