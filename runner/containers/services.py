"""The services of a job: started in the order of the file, waited for, ended with their logs in the job's log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from docker.errors import DockerException, NotFound

from runner.containers import create, options, ports, volumes
from runner.containers.engine import refused
from runner.containers.limits import size_text
from runner.containers.options import Options
from runner.containers.ports import Port
from runner.containers.resources import JobResources
from runner.containers.rules import ContainerRules
from runner.containers.spec import ContainerSpec, JobContainers, ServiceInfo
from runner.containers.volumes import Volume
from runner.errors import InfrastructureError, JobEnded
from runner.stop import Stop

Say = Callable[[str], None]
#: Between two looks at a service that starts (s): at first, from one to the next, at most.
_PAUSE, _GROWTH, _LONGEST = 0.1, 1.5, 2.0
_LOG_SHOWN = 1 << 20  # bytes of a service's log that the job's log gets
_FIRST_PORT = 32768  # of those that are given where the workflow names none


@dataclass
class Service:
    """One service: what was asked for, and what became of it."""

    spec: ContainerSpec
    options: Options
    volumes: list[Volume]
    ports: list[Port]
    container: Any = None
    problem: str = ""
    outer: dict[Port, int] = field(default_factory=dict)  # where the job reaches each port

    def info(self, network: str) -> ServiceInfo:
        """For ``job.services``."""
        mapped = {str(port.inner): str(outer) for port, outer in self.outer.items()}
        return ServiceInfo(self.container.id, network, mapped)

    def address(self, network: str) -> str:
        """Where it is in the job's network."""
        return str(self.container.attrs["NetworkSettings"]["Networks"][network]["IPAddress"])


class Services:
    """The services of one job. ``publishes``: the engine binds their ports on the loopback address of its machine."""

    def __init__(
        self, wanted: JobContainers, rules: ContainerRules, resources: JobResources, *, publishes: bool = False
    ) -> None:
        self._rules = rules
        self._resources = resources
        self._publishes = publishes
        self.all = [self._read(spec) for spec in wanted.services]

    def _read(self, spec: ContainerSpec) -> Service:
        """Take it apart before anything is started: what is refused is refused at once."""
        policy, found = self._rules.policy, options.parse(spec, self._rules.policy)
        mounts = volumes.parse(spec, (*spec.volumes, *found.volumes), policy)
        return Service(spec, found, mounts, ports.parse(spec, (*spec.ports, *found.ports)))

    def start(self, say: Say, stop: Stop) -> None:
        """Start all; InfrastructureError when one cannot be."""
        for service, image in zip(self.all, self._images(say, stop), strict=True):
            say(f"##[group]Starting {service.spec.name} service container")
            self._start(service, image)
            say(f"Image: {service.spec.image}")
            say(f"Limits: {create.limited(service.options, self._rules.limits)}")
            say(f"Container: {service.container.name}")
            say("##[endgroup]")
        if not self._publishes:
            _give_ports(self.all)

    def wait(self, say: Say, stop: Stop) -> dict[str, ServiceInfo]:
        """Wait until all are ready; what expressions see of them. InfrastructureError ``service_failed``."""
        say("##[group]Waiting for all services to be ready")
        for service in self.all:
            self._await(service, say, stop)
        say("##[endgroup]")
        failed = [service for service in self.all if service.problem]
        for service in failed:
            self._say_log(service, say)
            say(f"##[error]Failed to initialize container {service.spec.image}")
        if failed:
            problems = " ".join(service.problem for service in failed)
            raise InfrastructureError("service_failed", f"One or more containers failed to start. {problems}")
        return {service.spec.name: service.info(self._resources.network) for service in self.all}

    def stop(self, say: Say) -> None:
        """End all, with their logs."""
        for service in self.all:
            if service.container is None:
                continue
            if not service.problem:  # its log was shown then
                self._say_log(service, say)
            say(f"Stop and remove container: {service.container.name}")
            try:
                self._resources.remove(service.container)
            except (DockerException, OSError) as error:  # whoever closes the job's resources tries again
                say(f"##[warning]{refused(error)}")

    def _images(self, say: Say, stop: Stop) -> list[str]:
        """Have all images, at the same time."""

        def fetch(service: Service) -> str:
            spec = service.spec
            return self._rules.images.fetch(self._resources.client, spec.image, spec.login, say, stop)

        pool = ThreadPoolExecutor(max(1, len(self.all)), thread_name_prefix="service-image")
        try:
            return list(pool.map(fetch, self.all))
        finally:
            pool.shutdown(wait=False)  # one that cannot be had ends the wait for the others

    def _start(self, service: Service, image: str) -> None:
        published = service.ports if self._publishes else []
        arguments = create.service(
            service.spec, service.options, service.volumes, published, self._rules.limits, self._resources
        )
        service.container = self._resources.start(image, service.spec.name, arguments)
        self._look(service)
        if self._publishes:
            bound = service.container.attrs["NetworkSettings"]["Ports"] or {}
            for port in service.ports:
                places = bound.get(f"{port.inner}/{port.protocol}") or [{"HostPort": port.outer or 0}]
                service.outer[port] = int(places[0]["HostPort"])

    def _await(self, service: Service, say: Say, stop: Stop) -> None:
        name, pause, is_told = service.spec.name, _PAUSE, False
        while True:
            health = self._look(service)
            state = service.container.attrs["State"]
            if not state["Running"]:
                _ended(service, int(state["ExitCode"]), say)
                return
            if health in ("", "none"):
                return
            if health == "healthy":
                say(f"{name} service is healthy.")
                return
            if health != "starting":
                service.problem = f"The service {name} is {health}: {_last_check(state)}"
                return
            if not is_told:
                say(f"{name} service is starting, waiting for its health check.")
                is_told = True
            if stop.wait_for(lambda: stop.cancelled, pause):
                raise JobEnded("The job was stopped while its services were started.")
            pause = min(pause * _GROWTH, _LONGEST)

    def _look(self, service: Service) -> str:
        """How it is now; its health, empty without a health check."""
        try:
            service.container.reload()
        except NotFound:
            text = f"The service {service.spec.name} is gone: somebody has removed its container."
            raise InfrastructureError("service_failed", text) from None
        except (DockerException, OSError) as error:
            raise refused(error) from error
        return str((service.container.attrs["State"].get("Health") or {}).get("Status", ""))

    def _say_log(self, service: Service, say: Say) -> None:
        say(f"##[group]Print service container logs: {service.spec.name}")
        try:
            log = bytes(service.container.logs(stdout=True, stderr=True))
        except (DockerException, OSError) as error:
            say(f"##[warning]{refused(error)}")
            log = b""
        if len(log) > _LOG_SHOWN:
            say(f"(only the last {size_text(_LOG_SHOWN)} of {size_text(len(log))})")
        if text := log[-_LOG_SHOWN:].decode(errors="replace").replace("\r\n", "\n").rstrip("\n"):
            say(text)
        say("##[endgroup]")


def _ended(service: Service, code: int, say: Say) -> None:
    """A service that has ended by itself: one that did well may have been meant so, as on GitHub."""
    name = service.spec.name
    if code == 0:
        say(f"##[warning]The service {name} is not running: it has ended with exit code 0.")
    else:
        service.problem = f"The service {name} has ended with exit code {code}."


def _last_check(state: Mapping[str, Any]) -> str:
    log = (state.get("Health") or {}).get("Log") or []
    said = str(log[-1].get("Output", "")).strip() if log else ""
    return said[-500:] or "its health check fails."


def _give_ports(services: list[Service]) -> None:
    """A place at localhost for every port; InfrastructureError when two services want the same."""
    taken: dict[tuple[str, int], str] = {}
    for service in services:
        for port in service.ports:
            if port.outer is not None:
                other = taken.setdefault((port.protocol, port.outer), service.spec.name)
                if other != service.spec.name or list(service.outer.values()).count(port.outer):
                    text = f"{service.spec.where}.ports: port {port.outer} is taken by the service {other} already."
                    raise InfrastructureError("container_refused", text)
                service.outer[port] = port.outer
    free = iter(range(_FIRST_PORT, 1 << 16))
    for service in services:
        for port in service.ports:
            if port.outer is None:
                service.outer[port] = next(number for number in free if (port.protocol, number) not in taken)
