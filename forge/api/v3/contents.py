"""Files of a repository: shown, written, deleted, and the README."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import quote

from django.core import signing
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.actions import file_changes
from forge.actions.file_changes import Signers
from forge.api.negotiation import wants
from forge.api.v3 import git_shapes
from forge.api.v3.base import ApiView, body, required_text, text
from forge.api.v3.bodies import person
from forge.api.v3.places import Place
from forge.errors import FieldError, Forbidden, Invalid, NotFound
from forge.repos import git, history, trees
from forge.repos.authoring import Made
from forge.repos.models import Repository, Right
from forge.repos.trees import Entry

#: GitHub's limits: above the first a file comes without content, above the second not at all.
_SHOWN_BYTES = 1 << 20
_RAW_BYTES = 100 << 20
#: Seconds for which the address of a private file opens without a credential.
SECONDS = 300
_SALT = "forge.api.raw"


class ContentsView(ApiView):
    """GET, PUT and DELETE /repos/{owner}/{repo}/contents/{path}"""

    permission = "contents"

    @extend_schema(operation_id="repos_get_content", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, path: str = "", **_: Any) -> HttpResponseBase:
        """A file with its content, or a folder's entries; ``?ref=`` names branch, tag or commit."""
        repository = self.repository(Right.READ)
        name = request.GET.get("ref", "") or repository.default_branch
        sha = resolved(repository, name)
        found = trees.find(repository, sha, path)
        if found is None:
            raise NotFound
        return _Shown(repository, sha, name, request).answer(found)

    @extend_schema(operation_id="repos_create_or_update_file_contents", responses=OpenApiTypes.OBJECT)
    def put(self, request: Request, path: str, **_: Any) -> Response:
        """Write a file: a commit on the branch, and the runs of a push."""
        repository = self.repository(Right.WRITE)
        data = body(request)
        made = file_changes.put(
            self.actor,
            repository,
            path,
            _decoded(data),
            sha=text(data, "sha"),
            message=required_text(data, "message", "Commit"),
            branch=text(data, "branch") or "",
            signers=Signers(person(data, "author"), person(data, "committer")),
        )
        return Response(_changed(repository, request, made, path, data), status=200 if made.before else 201)

    @extend_schema(operation_id="repos_delete_file", responses=OpenApiTypes.OBJECT)
    def delete(self, request: Request, path: str, **_: Any) -> Response:
        """Delete a file: a commit on the branch, and the runs of a push."""
        repository = self.repository(Right.WRITE)
        # Clients that send no body with a DELETE put its fields into the query.
        data = {**request.GET.dict(), **body(request)}
        made = file_changes.delete(
            self.actor,
            repository,
            path,
            sha=required_text(data, "sha", "Content"),
            message=required_text(data, "message", "Commit"),
            branch=text(data, "branch") or "",
            signers=Signers(person(data, "author"), person(data, "committer")),
        )
        return Response(_changed(repository, request, made, path, data))


class RootContentsView(ApiView):
    """GET /repos/{owner}/{repo}/contents"""

    permission = "contents"

    @extend_schema(operation_id="repos_get_root_content", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **named: Any) -> HttpResponseBase:
        """The entries of the topmost folder."""
        repository = self.repository(Right.READ)
        name = request.GET.get("ref", "") or repository.default_branch
        sha = resolved(repository, name)
        found = trees.find(repository, sha, "")
        assert found is not None
        return _Shown(repository, sha, name, request).answer(found)


class ReadmeView(ApiView):
    """GET /repos/{owner}/{repo}/readme, and of one folder"""

    permission = "contents"

    @extend_schema(operation_id="repos_get_readme", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> HttpResponseBase:
        """The README that stands for the whole repository; ``?ref=`` names branch, tag or commit."""
        return _readme(self.repository(Right.READ), request, None)


class FolderReadmeView(ApiView):
    """GET /repos/{owner}/{repo}/readme/{folder}"""

    permission = "contents"

    @extend_schema(operation_id="repos_get_readme_in_directory", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, folder: str, **_: Any) -> HttpResponseBase:
        """The README of a folder."""
        return _readme(self.repository(Right.READ), request, folder)


class RawView(ApiView):
    """GET /repos/{owner}/{repo}/raw/{ref}/{path}, where ``download_url`` leads: the bytes of a file."""

    permission = "contents"

    @extend_schema(operation_id="repos_get_raw_content", responses={(200, "application/octet-stream"): bytes})
    def get(self, request: Request, ref: str, path: str, **_: Any) -> HttpResponseBase:
        """The file. The address that an answer gives for a private one lets in by itself, for five minutes."""
        repository = self._signed(request, ref) or self.repository(Right.READ)
        found = trees.find(repository, resolved(repository, ref), path)
        if found is None or found.kind not in ("file", "symlink"):
            raise NotFound
        return _raw(repository, found, "application/octet-stream")

    def _signed(self, request: Request, ref: str) -> Repository | None:
        """The repository, when the address is one that Forge gave out a short while ago."""
        token = request.GET.get("token", "")
        try:
            number, sha = signing.loads(token, salt=_SALT, max_age=SECONDS) if token else (None, None)
        except signing.BadSignature:
            return None
        if number is None or sha != ref:
            return None
        found = Repository.objects.select_related("owner").filter(pk=number, deleted_at=None).first()
        named = (self.kwargs.get("owner", ""), self.kwargs.get("repo", ""))
        if found is None or "/".join(named).lower() != found.full_name.lower():
            return None
        return found


def resolved(repository: Repository, name: str) -> str:
    """The commit that branch, tag or id names; NotFound when there is none."""
    found = git.resolve(repository, name) if git.path(repository).exists() else None
    if found is None:
        empty = name == repository.default_branch
        raise NotFound(
            "This repository is empty: Not Found" if empty else f"No commit found for the ref {name}: Not Found"
        )
    return found[1]


class _Shown:
    """Answers about what stands at one commit."""

    def __init__(self, repository: Repository, sha: str, name: str, request: Request) -> None:
        self._repository, self._sha, self._name, self._request = repository, sha, name, request
        self._place = Place.of(repository, request)
        self._token = ""
        if repository.private:
            self._token = "?token=" + quote(signing.dumps((repository.pk, sha), salt=_SALT), safe="")

    def answer(self, found: Entry) -> HttpResponseBase:
        """In the form that the client asks for."""
        if found.kind == "dir":
            return self._folder(found)
        if found.kind == "symlink":
            target, there = trees.link_target(self._repository, self._sha, found)
            if there is None:
                return self._tagged(found, {**self.shape(found), "target": target})
            found = there
        if found.kind == "submodule":
            return self._tagged(found, self.shape(found))
        if found.size > _RAW_BYTES:
            raise _too_large(found)
        if wants(self._request, "raw"):
            return _raw(self._repository, found, "application/vnd.github.raw; charset=utf-8")
        data = trees.data(self._repository, found.sha) if found.size <= _SHOWN_BYTES else None
        return self._tagged(found, {**self.shape(found), **git_shapes.content(data)})

    def shape(self, one: Entry) -> dict[str, Any]:
        """One thing in a tree."""
        readable = one.kind in ("file", "symlink")
        download = f"{self._place.api}/raw/{self._sha}/{quote(one.path)}{self._token}" if readable else None
        submodule = None
        if one.kind == "submodule":
            submodule = trees.submodule_url(self._repository, self._sha, one.path)
        return git_shapes.entry(one, self._name, self._place, download=download, submodule=submodule)

    def _folder(self, found: Entry) -> Response:
        rows = [self.shape(one) for one in trees.entries(self._repository, found.sha, found.path)]
        if not wants(self._request, "object"):
            return self._tagged(found, rows)
        return self._tagged(found, {**self.shape(found), "entries": rows})

    def _tagged(self, found: Entry, shown: Any) -> Response:
        """With a tag that changes with what is shown, and not with the signatures in its addresses."""
        answer = Response(shown)
        if self._token:
            form = "object" if wants(self._request, "object") else "json"
            answer["ETag"] = f'W/"{found.sha}-{self._sha}-{form}-{binascii.crc32(self._name.encode()):08x}"'
        return answer


def _readme(repository: Repository, request: Request, folder: str | None) -> HttpResponseBase:
    name = request.GET.get("ref", "") or repository.default_branch
    sha = resolved(repository, name)
    found = trees.readme(repository, sha, folder)
    if found is None:
        raise NotFound
    return _Shown(repository, sha, name, request).answer(found)


def _raw(repository: Repository, found: Entry, kind: str) -> HttpResponseBase:
    """The bytes alone; never anything that a browser would run."""
    if found.size > _RAW_BYTES:
        raise _too_large(found)
    answer = HttpResponse(trees.data(repository, found.sha), content_type=kind)
    answer["ETag"] = f'"{found.sha}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _too_large(found: Entry) -> Forbidden:
    return Forbidden(f"This file has {found.size} bytes; the API shows up to {_RAW_BYTES}. Clone the repository.")


def _decoded(data: dict[str, Any]) -> bytes:
    given = text(data, "content")
    if given is None:
        raise Invalid(
            'Invalid request.\n\n"content" wasn\'t supplied.', [FieldError("Content", "content", "missing_field")]
        )
    try:
        return base64.b64decode("".join(given.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("content is not valid Base64", [FieldError("Content", "content", "invalid")]) from error


def _changed(repository: Repository, request: Request, made: Made, path: str, data: dict[str, Any]) -> dict[str, Any]:
    """GitHub's ``file-commit``."""
    name = text(data, "branch") or repository.default_branch
    there = trees.find(repository, made.sha, path) if made.blob else None
    shown = None if there is None else _Shown(repository, made.sha, name, request).shape(there)
    return {
        "content": shown,
        "commit": git_shapes.git_commit(history.commit(repository, made.sha), Place.of(repository, request)),
    }
