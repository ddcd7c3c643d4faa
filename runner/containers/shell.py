"""Which shell a job's container has for steps that name none."""

from __future__ import annotations

import contextlib
from typing import Any

from docker.errors import DockerException

_SH = ("sh -e {0}", "sh -e {0}")


class Shells:
    """The default shell, by image: asked once for each."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str]] = {}

    def of(self, client: Any, container: Any, image: str, path: str) -> tuple[str, str]:
        """What the log shows, and the command line, of a job that names no container: bash where PATH has one.

        Such a job is written for a machine, whose default is ``bash -e``; in a container that a job names it is
        ``sh -e``, as on GitHub.
        """
        if image not in self._known:
            found = next((each for each in path.split(":") if _is_there(client, container.id, f"{each}/bash")), None)
            self._known[image] = _SH if found is None else (f"{found}/bash -e {{0}}", f"{found}/bash -e {{0}}")
        return self._known[image]


def _is_there(client: Any, container: str, path: str) -> bool:
    with contextlib.suppress(DockerException, OSError):
        url = client.api._url("/containers/{0}/archive", container)  # the SDK knows no question without the content
        return bool(client.api.head(url, params={"path": path}).ok)
    return False
