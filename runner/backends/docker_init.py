"""forge-init as the first process of a container: when that can be, and what the container is created with then.

Nothing here is of a job but the folder that the socket lies in: a container can be created, started and connected
before anybody knows what it will be for. The directory and the environment of each step come with the step.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from typing import Any

from runner.backends.init_channel import Channel, Listener
from runner.errors import InfrastructureError
from runner.forge_init.build import CHANNEL, PROGRAM, Built

EXTERNALS = "/__e"
CONNECT_SECONDS = 5.0
#: What Linux calls a machine, and what images call it.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm", "i686": "386"}
_TRACING = {"ALL", "SYS_PTRACE", "CAP_SYS_PTRACE"}


def obstacle(built: Built, address: str, image: Any, arguments: Mapping[str, Any]) -> str:
    """Why the steps of such a container cannot be run by forge-init; empty when they can. ``address`` is the
    engine's, empty for the usual socket; ``arguments`` are those that the container is to be created with."""
    if problem := obstacle_here(built, address):
        return problem
    machine, own = str(image.attrs.get("Architecture", "")), platform.machine()
    if machine != _ARCHITECTURES.get(own, own):
        return f"the image is for {machine or 'an unknown machine'}, and this one is {own}"
    if arguments.get("privileged") or _TRACING & {str(name).upper() for name in arguments.get("cap_add") or ()}:
        return "the container may trace processes"
    return "the container sees processes that are not its own" if arguments.get("pid_mode") else ""


def obstacle_here(built: Built, address: str) -> str:
    """Why forge-init runs in no container of this agent; empty when it may."""
    if built.externals is None:
        return f"forge-init is not there: {built.problem}"
    if not (address or os.environ.get("DOCKER_HOST", "") or "unix://").startswith("unix://"):
        return "the engine is not reached by a socket of this machine"
    return ""


def connect(client: Any, container: Any, listener: Listener, is_over: Callable[[], bool] = lambda: False) -> Channel:
    """The connection of a container's first process, once that runs; InfrastructureError when it does not come."""
    state = client.api.inspect_container(container.id)["State"]
    channel = listener.accept(int(state["Pid"]), CONNECT_SECONDS, is_over)
    listener.close()
    if channel is None:
        text = f"forge-init did not connect within {CONNECT_SECONDS:g} s"
        raise InfrastructureError("container_failed", text)
    return channel


def arguments_with(arguments: Mapping[str, Any], built: Built, listener: Listener) -> dict[str, Any]:
    """Those arguments, for a container that forge-init is the first process of."""
    return {
        **arguments,
        "entrypoint": [f"{EXTERNALS}/{PROGRAM}"],
        "command": [f"{EXTERNALS}/{CHANNEL}/socket"],
        "init": False,
        "stdin_open": False,
        "detach": True,
        "working_dir": "/__w",
        "volumes": [
            *arguments["volumes"],
            f"{built.externals}:{EXTERNALS}:ro",
            f"{listener.folder}:{EXTERNALS}/{CHANNEL}:ro",
        ],
    }
