"""A repository at a commit as one file: a redirect to a signed address, valid for a minute, and what is found there.

The signed address needs no credential and heeds none, as those of logs; a download once begun goes on.
"""

from __future__ import annotations

import re
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from forge.api import errors
from forge.api.addresses import api_url
from forge.api.streams import streamed
from forge.api.v3.base import ApiView
from forge.api.v3.contents import resolved
from forge.repos import git, git_commands
from forge.repos.models import Repository, Right

SECONDS = 60
_SALT = "forge.api.archives"
_FORMATS = {"tarball": ("tar.gz", "application/x-gzip"), "zipball": ("zip", "application/zip")}


class ArchiveView(ApiView):
    """GET /repos/{owner}/{repo}/tarball/{ref} and …/zipball/{ref}; without ``ref`` the default branch."""

    permission = "contents"
    kind = ""

    @extend_schema(responses={302: None})
    def get(self, request: Request, ref: str = "", **_: Any) -> HttpResponseBase:
        """302 to the file."""
        repository = self.repository(Right.READ)
        sha = resolved(repository, ref or repository.default_branch)
        token = signing.dumps([repository.pk, sha, self.kind], salt=_SALT)
        return HttpResponseRedirect(f"{api_url(request._request)}/signed/archives/{token}")


class TarballView(ArchiveView):
    """GET /repos/{owner}/{repo}/tarball/{ref}"""

    kind = "tarball"
    operation_ids = {"GET": "repos_download_tarball_archive"}


class DefaultTarballView(ArchiveView):
    """GET /repos/{owner}/{repo}/tarball"""

    kind = "tarball"
    operation_ids = {"GET": "repos_download_default_tarball_archive"}


class ZipballView(ArchiveView):
    """GET /repos/{owner}/{repo}/zipball/{ref}"""

    kind = "zipball"
    operation_ids = {"GET": "repos_download_zipball_archive"}


class DefaultZipballView(ArchiveView):
    """GET /repos/{owner}/{repo}/zipball"""

    kind = "zipball"
    operation_ids = {"GET": "repos_download_default_zipball_archive"}


def signed(request: HttpRequest, token: str) -> HttpResponseBase:
    """What a signed address opens: the archive, made while it is sent."""
    if request.method not in ("GET", "HEAD"):
        refused = errors.plain(request, 405, "Use GET")
        refused["Allow"] = "GET, HEAD"
        return refused
    try:
        number, sha, kind = signing.loads(token, salt=_SALT, max_age=SECONDS)
    except signing.SignatureExpired:
        return errors.plain(request, 403, "This address has expired; ask the API for a new one")
    except signing.BadSignature:
        return errors.plain(request, 403, "The signature of this address is wrong")
    repository = Repository.objects.select_related("owner").filter(pk=number, deleted_at=None).first()
    if repository is None or git.resolve(repository, sha) is None:
        return errors.plain(request, 404, "Not Found")
    return _archive(request, repository, sha, kind)


def _archive(request: HttpRequest, repository: Repository, sha: str, kind: str) -> HttpResponseBase:
    """Its one folder is called as on GitHub: owner, name and the beginning of the commit's id."""
    ending, media = _FORMATS[kind]
    folder = re.sub(r"[^A-Za-z0-9._-]", "-", f"{repository.owner.login}-{repository.name}-{sha[:7]}")
    if request.method == "HEAD":
        return streamed(request, iter(()), media, filename=f"{folder}.{ending}")
    stream = git_commands.Stream(repository, "archive", f"--format={ending}", f"--prefix={folder}/", sha)
    return streamed(request, iter(stream), media, filename=f"{folder}.{ending}", ended=stream.close)
