"""Pull one image: ``python pull_image.py NAME``. A process of its own, so that a pull can be ended at any moment.

The engine stops a pull when the one who asked for it is gone. What it says of a pull that failed goes to standard
output, and the exit status is 1 then.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import docker
from docker.errors import DockerException


def main(name: str) -> int:
    """Pull it; the exit status."""
    try:
        client = docker.from_env()
        problem = problem_in(client.api.pull(name, stream=True, decode=True))
    except (DockerException, OSError) as error:
        problem = str(getattr(error, "explanation", "") or error)
    print(problem, end="")
    return 1 if problem else 0


def problem_in(events: Iterable[Mapping[str, Any]]) -> str:
    """The engine's own words when a pull failed on its way, else nothing; ends with the pull."""
    return next((str(event["error"]) for event in events if event.get("error")), "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
