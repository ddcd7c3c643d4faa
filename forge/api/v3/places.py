"""Where the things of one repository have their addresses, in the API and among the pages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

from rest_framework.request import Request

from forge.api.addresses import API, base_url
from forge.api.v3 import shapes
from forge.repos.models import Repository


@dataclass(frozen=True)
class Place:
    """One repository as seen from one host; made once for an answer, whatever its length."""

    repository: Repository
    base: str

    @classmethod
    def of(cls, repository: Repository, request: Request) -> Place:
        """The repository under the address by which the request came."""
        return cls(repository, base_url(request._request))

    @cached_property
    def api(self) -> str:
        """The repository's own API address."""
        return f"{self.base}{API}/repos/{self.repository.full_name}"

    @cached_property
    def html(self) -> str:
        """The repository's page."""
        return f"{self.base}/{self.repository.full_name}"

    @cached_property
    def minimal(self) -> dict[str, Any]:
        """The repository as runs carry it."""
        return shapes.minimal_repository(self.repository, self.base)

    def blob(self, sha: str, path: str) -> str:
        """The page of a file at a commit."""
        return f"{self.html}/blob/{sha}/{quote(path)}"
