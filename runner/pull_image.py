"""Pull one image: ``python pull_image.py``. A process of its own, so that a pull can be ended at any moment.

Standard input has one JSON object: ``name``, and ``username`` and ``password`` where the registry wants them. Without
them the image is pulled by its name. With them the registry is asked first which image the name means, and that one is
pulled by its digest: so the name, which others on this machine could use without a password, is not made to mean it.

Standard output has what the image is called here, or, with exit status 1, the engine's words of what went wrong. The
engine stops a pull when the one who asked for it is gone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import docker
from docker.errors import DockerException
from docker.utils import parse_repository_tag


def main(wanted: Mapping[str, str]) -> int:
    """Pull it; the exit status."""
    name, login = wanted["name"], {key: wanted[key] for key in ("username", "password") if key in wanted}
    try:
        api: Any = docker.from_env().api
        if login:
            found = api.inspect_distribution(name, auth_config=login)
            name = f"{parse_repository_tag(name)[0]}@{found['Descriptor']['digest']}"
        problem = problem_in(api.pull(name, stream=True, decode=True, auth_config=login or None))
    except (DockerException, OSError) as error:
        problem = str(getattr(error, "explanation", "") or error)
    print(problem or name, end="")
    return 1 if problem else 0


def problem_in(events: Iterable[Mapping[str, Any]]) -> str:
    """The engine's own words when a pull failed on its way, else nothing; ends with the pull."""
    return next((str(event["error"]) for event in events if event.get("error")), "")


if __name__ == "__main__":
    sys.exit(main(json.load(sys.stdin)))
