"""Jobs in containers, by the Docker engine's API.

One container a job. Its first process is forge-init, which runs the steps without a call of the engine on their way
(``docker_init``, ``init_channel``, ``init_execution``). Where that cannot be, the first process is an idle one under
the engine's own init, and each step is an exec (``docker_exec``). In both cases the engine's event stream tells of
memory that ran out and of the container's end, and secrets stand in no argument list and no ``docker inspect``.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from docker.errors import DockerException

from runner.backends import docker_init, ready_network
from runner.backends.base import Finding, JobPlace, Layout, Lease
from runner.backends.docker_sandbox import DockerSandbox, layout_of
from runner.backends.init_channel import Listener
from runner.backends.ready_network import ReadyNetwork
from runner.backends.spares import Spares, hand_over
from runner.containers import create, leftovers
from runner.containers.engine import Engine
from runner.containers.engine import refused as _refused
from runner.containers.job_set import JobSet
from runner.containers.labels import LABEL, labels
from runner.containers.limits import Limits
from runner.containers.options import CAPABILITIES, Policy
from runner.containers.rules import ContainerRules
from runner.containers.shell import Shells
from runner.errors import InfrastructureError, JobEnded
from runner.forge_init.build import Built, have
from runner.images import Images
from runner.lease_folder import make_work
from runner.stop import Stop

#: The container's first process without forge-init: it waits for the end of its input, which this agent holds open.
#: When the agent is gone, however it went, the engine closes that input, the container ends, and is removed.
_IDLE = "cat"
_OBSTACLE_SECONDS = 600

log = logging.getLogger("forge.runner")


@dataclass(frozen=True)
class DockerOptions:
    """What the administrator decides about containers."""

    runner: str  # who the agent is, for labels
    images: Images = field(default_factory=Images)
    limits: Limits = field(default_factory=Limits)
    volumes: tuple[str, ...] = ()  # host path:path inside, always read-only
    network: str = "bridge"
    engine: str = ""  # its address; else DOCKER_HOST or the usual socket
    folder: Path | None = None  # the agent's data, where its helpers lie
    policy: Policy = field(default_factory=Policy)
    spares: int = 0  # containers kept ready of each image
    spare_networks: int = 0  # network namespaces kept ready, for containers that are not

    def rules(self) -> ContainerRules:
        """What concerns the containers that a job asks for."""
        images = replace(self.images, engine=self.engine)
        return ContainerRules(self.runner, images, self.limits, self.policy, self.network, self.folder)


class DockerBackend:
    """Runs jobs in containers of the engine that DOCKER_HOST names, or the local one."""

    name = "docker"

    def __init__(self, options: DockerOptions) -> None:
        self._options = options
        self._rules = options.rules()
        self._images = self._rules.images
        self._engine = Engine(options.engine)
        self._shells = Shells()
        self._lock = threading.Lock()
        self._built: Built | None = None
        self._obstacles: dict[str, tuple[float, str]] = {}  # by image: until when, and what
        folder = options.folder / "spares" if options.folder else None
        self._spares = Spares[DockerSandbox](folder, options.spares, self._make_spare)
        folder = options.folder / "networks" if options.folder else None
        number = options.spare_networks if ready_network.can_be_joined(options.network) else 0
        self._networks = Spares[ReadyNetwork](folder, number, self._make_network, ready_network.PREFIX)

    def keep_ready(self) -> None:
        self._networks.start(self._options.network)
        self._spares.start(self._images.default)

    def let_go(self) -> None:
        self._spares.stop()
        self._networks.stop()

    def layout(self, place: JobPlace) -> Layout:
        return layout_of(place)

    def fetch_ahead(self, stop: Stop) -> None:
        self._images.fetch_ahead(self._client, log.info, stop)

    def prepare(self, place: JobPlace, say: Callable[[str], None], stop: Stop) -> DockerSandbox:
        client = self._client()
        ready = self._spare_for(client, place)
        if ready is not None:
            say(f"Container: {ready.name}, kept ready")
            say(f"Limits: {self._options.limits}")
            return ready
        containers = JobSet(client, self._rules, place.lease, place.containers)
        try:
            image = containers.image(place.labels, say, stop)
            say(f"Image: {place.containers.job.image if place.containers.job else self._images.choose(place.labels)}")
            containers.make_network(say)
            sandbox = self._begin(client, place, image, containers, say)
        except (InfrastructureError, JobEnded):
            containers.close()
            raise
        if stop.at_once:
            sandbox.close()
            raise JobEnded("The job was stopped while its container was started.")
        say(f"Container: {sandbox.name}")
        say(f"Limits: {containers.limits}")
        return sandbox

    def _spare_for(self, client: Any, place: JobPlace) -> DockerSandbox | None:
        """A container that was kept ready, made the job's own; None when there is none that fits. One for a job that
        asks for containers itself is made for it."""
        name = self._images.choose(place.labels)
        if place.containers or not self._spares.has(name):
            return None
        try:
            image = client.images.get(name)
        except (DockerException, OSError):
            return None  # the usual way says what is wrong
        spare = self._spares.take(name, image.id, place.lease)
        if spare is None:
            return None
        try:
            hand_over(spare.folder / "work", place.work)
        except OSError:
            spare.container.close()
            raise
        spare.container.serve(place, lambda: self._spares.ended(spare.folder.name))
        return spare.container

    def _make_spare(self, name: str, folder: Path) -> tuple[str, DockerSandbox]:
        """A container for whatever job comes: only where steps run by forge-init, and the image is here."""
        client = self._client()
        try:
            image = client.images.get(name)
        except (DockerException, OSError) as error:
            raise _refused(error) from error
        make_work(folder / "work")
        place = JobPlace(Lease(0, 0), folder / "work", "")
        containers = JobSet(client, self._rules, place.lease, place.containers)
        own = {"name": folder.name, "labels": {LABEL: self._options.runner}}
        arguments = containers.arguments({**self._arguments(place, image), **own})
        problem = self._obstacle(image, arguments)
        if problem:
            raise InfrastructureError("container_failed", problem)
        return image.id, self._with_init(client, place, image, containers, arguments)

    def _make_network(self, name: str, folder: Path) -> tuple[str, ReadyNetwork]:
        """A namespace for the container of whatever job comes."""
        built = self._forge_init()
        if problem := docker_init.obstacle_here(built, self._options.engine):
            raise InfrastructureError("container_failed", problem)
        return name, ready_network.make(self._client(), self._options.runner, name, built, folder)

    def _network_for(self, place: JobPlace, containers: JobSet) -> ReadyNetwork | None:
        """One that was kept ready, made the job's own; None when there is none, or the job wants another."""
        name = self._options.network
        if not containers.may_join or not self._networks.has(name):
            return None
        spare = self._networks.take(name, name, place.lease)
        if spare is None:
            return None
        spare.container.serve(lambda: self._networks.ended(spare.folder.name))
        return spare.container

    def _begin(
        self, client: Any, place: JobPlace, image: Any, containers: JobSet, say: Callable[[str], None]
    ) -> DockerSandbox:
        """A container that runs, with forge-init in it where that can be."""
        arguments = containers.arguments(self._arguments(place, image))
        problem = self._obstacle(image, arguments)
        is_tried = not problem
        if is_tried:
            joined = self._in_ready_network(client, place, image, containers, arguments)
            if joined is not None:
                return joined
            try:
                return self._with_init(client, place, image, containers, arguments)
            except InfrastructureError as error:
                problem = str(error)
        sandbox = self._started(client, place, image, containers, arguments, None)
        if is_tried:
            self._remember(image, problem)
        say(f"Steps run by docker exec, more slowly: {problem}")
        return sandbox

    def _in_ready_network(
        self, client: Any, place: JobPlace, image: Any, containers: JobSet, arguments: dict[str, Any]
    ) -> DockerSandbox | None:
        """A container that joined a namespace; None when it has to have its own."""
        network = self._network_for(place, containers)
        if network is None:
            return None
        try:
            return self._with_init(client, place, image, containers, network.joined(arguments), network)
        except InfrastructureError as error:
            log.warning("a job's container gets a network of its own, since %s cannot be had: %s", network.name, error)
            network.close()
            return None
        except BaseException:
            network.close()
            raise

    def _with_init(
        self,
        client: Any,
        place: JobPlace,
        image: Any,
        containers: JobSet,
        arguments: dict[str, Any],
        network: ReadyNetwork | None = None,
    ) -> DockerSandbox:
        """A container that runs, with forge-init in it."""
        listener = Listener(place.work.parent / "channel")
        try:
            with_init = docker_init.arguments_with(arguments, self._forge_init(), listener)
            return self._started(client, place, image, containers, with_init, listener, network)
        except BaseException:
            listener.remove()  # it may be tried again in another way
            raise
        finally:
            listener.close()

    def _started(
        self,
        client: Any,
        place: JobPlace,
        image: Any,
        containers: JobSet,
        arguments: dict[str, Any],
        listener: Listener | None,
        network: ReadyNetwork | None = None,
    ) -> DockerSandbox:
        try:
            container = create.container(client, image, arguments)
        except (DockerException, OSError) as error:
            raise _refused(error) from error
        sandbox = DockerSandbox(client, container, place, image, containers, self._shells)
        try:
            sandbox.begin(listener, network)
        except InfrastructureError:
            sandbox.remove()  # and nothing else of the job: it may be tried again in another way
            raise
        return sandbox

    def _remember(self, image: Any, problem: str) -> None:
        """What kept forge-init out of a container that runs without it is not tried again for a while."""
        with self._lock:
            self._obstacles[image.id] = (time.monotonic() + _OBSTACLE_SECONDS, problem)
        log.warning("steps in the image %s run by docker exec: %s", image.id, problem)

    def _obstacle(self, image: Any, arguments: dict[str, Any]) -> str:
        with self._lock:
            until, seen = self._obstacles.get(image.id, (0.0, ""))
            if until < time.monotonic():
                self._obstacles.pop(image.id, None)
                seen = ""
        return seen or docker_init.obstacle(self._forge_init(), self._options.engine, image, arguments)

    def _forge_init(self) -> Built:
        """Built when it is first asked for."""
        with self._lock:
            if self._built is None:
                folder = self._options.folder
                self._built = have(folder) if folder else Built(None, "the runner has no folder for it")
                if self._built.problem:
                    log.warning("steps run by docker exec: %s", self._built.problem)
            return self._built

    def sweep(self, held: Callable[[], frozenset[Lease]]) -> list[str]:
        return leftovers.remove(self._client(), self._options.runner, held, self._is_kept)

    def _is_kept(self, name: str, held: frozenset[Lease]) -> bool:
        return self._spares.is_ours(name, held) or self._networks.is_ours(name, held)

    def remove_folder(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            self._remove_as_root(folder)
            shutil.rmtree(folder, ignore_errors=True)

    def _remove_as_root(self, folder: Path) -> None:
        """What a container's root left behind, an agent without that right removes by a container."""
        command = ["find", "/gone", "-mindepth", "1", "-delete"]
        with contextlib.suppress(DockerException, OSError, InfrastructureError):
            image = self._images.ensure(self._client(), (), lambda _: None, Stop())
            self._client().containers.run(
                image,
                command,
                entrypoint="",
                user="0",
                remove=True,
                network_mode="none",
                labels={LABEL: self._options.runner},
                volumes={str(folder): {"bind": "/gone", "mode": "rw"}},
            )

    def check(self) -> list[Finding]:
        try:
            client = self._client()
            version = client.version()["Version"]
        except (InfrastructureError, DockerException, OSError) as error:
            mend = "start dockerd, let this user reach its socket, or choose --backend host"
            return [Finding("Docker", False, str(error), mend)]
        found = [Finding("Docker", True, f"engine {version}"), self._forge_init().finding]
        return [*found, self._check_network(client), *self._images.check(client)]

    def _check_network(self, client: Any) -> Finding:
        """Whether job containers find the network that they are to be in."""
        name, kept = self._options.network, f"{self._networks.number} kept ready" if self._networks.number else "there"
        kind, _, holder = name.partition(":")
        mend = f"docker network create {name}, or name another one in docker.network"
        try:
            if kind == "container":
                client.containers.get(holder)
            else:
                client.networks.get(name)
        except (DockerException, OSError) as error:
            return Finding(f"network {name}", False, str(_refused(error)), mend if not holder else f"start {holder}")
        return Finding(f"network {name}", True, kept)

    def _client(self) -> Any:
        return self._engine.client()

    def _arguments(self, place: JobPlace, image: Any) -> dict[str, Any]:
        layout = layout_of(place, image)
        return {
            "command": [],
            "entrypoint": [_IDLE],
            "stdin_open": True,
            "auto_remove": True,
            "name": f"forge-job-{place.lease}-{time.time_ns() % 10**9:09d}",
            "labels": labels(self._options.runner, place.lease),
            "init": True,  # reaps what steps leave, and ends at once when told to
            "detach": False,  # closes the input when the one who attached is gone
            "working_dir": layout.workspace,
            "environment": {"HOME": layout.home, "GITHUB_ACTIONS": "true", "CI": "true"},
            "volumes": self._mounts(place),
            "log_config": {"Type": "none"},
            "cap_drop": ["ALL"],
            "cap_add": list(CAPABILITIES),
            "security_opt": ["no-new-privileges"],
            "extra_hosts": {"host.docker.internal": "host-gateway"},
            "network": self._options.network,
            **self._options.limits.arguments(),
        }

    def _mounts(self, place: JobPlace) -> list[str]:
        work = place.work
        own = {work: "/__w", work / "_tool": "/__t"}
        own |= {work / "_temp" / f"_github_{name}": f"/github/{name}" for name in ("home", "workflow")}
        return [f"{source}:{target}:rw" for source, target in own.items()] + [
            f"{volume.removesuffix(':ro')}:ro" for volume in self._options.volumes
        ]
