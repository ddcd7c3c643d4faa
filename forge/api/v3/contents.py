"""What is in a repository: files, branches, commits."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.api.addresses import base_url
from forge.api.pagination import bare, page
from forge.api.v3.base import ApiView
from forge.api.v3.shapes import node_id
from forge.errors import NotFound
from forge.repos import git
from forge.repos.models import Repository, Right

#: GitHub's limits: above the first a file comes without content, above the second not at all.
_SHOWN_BYTES = 1 << 20
#: Commits that a list can page through.
_HISTORY = 10_000


class ContentsView(ApiView):
    """GET /repos/{owner}/{repo}/contents/{path}"""

    permission = "contents"

    @extend_schema(operation_id="repos_get_content", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, path: str = "", **_: Any) -> Response:
        """A file with its content, or a folder's entries; ``?ref=`` names branch, tag or commit."""
        repository = self.repository(Right.READ)
        name = request.GET.get("ref", "") or repository.default_branch
        sha = _resolve(repository, name)
        found = git.entry(repository, sha, path)
        if found is None:
            raise NotFound
        base = base_url(request._request)
        if isinstance(found, list):
            return Response([_item(repository, one, name, base) for one in found])
        return Response({**_item(repository, found, name, base), **_content(found)})


class RootContentsView(ContentsView):
    """GET /repos/{owner}/{repo}/contents"""

    @extend_schema(operation_id="repos_get_root_content", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, path: str = "", **named: Any) -> Response:
        """The entries of the topmost folder."""
        return super().get(request, path, **named)


class BranchesView(ApiView):
    """GET /repos/{owner}/{repo}/branches"""

    permission = "contents"

    @extend_schema(operation_id="repos_list_branches", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """Every branch by name."""
        repository = self.repository(Right.READ)
        api = _api(repository, request)
        return bare(page(request, list(git.branches(repository).items())), lambda row: _branch(row[0], row[1], api))


class BranchView(ApiView):
    """GET /repos/{owner}/{repo}/branches/{branch}"""

    permission = "contents"

    @extend_schema(operation_id="repos_get_branch", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, branch: str, **_: Any) -> Response:
        """One branch with its commit."""
        repository = self.repository(Right.READ)
        sha = git.branches(repository).get(branch)
        if sha is None:
            raise NotFound("Branch not found: Not Found")
        api = _api(repository, request)
        shown = _branch(branch, sha, api)
        here = f"{api}/branches/{quote(branch)}"
        html = f"{base_url(request._request)}/{repository.full_name}/tree/{quote(branch)}"
        return Response(
            {
                **shown,
                "commit": _commit(git.commit(repository, sha), api),
                "_links": {"self": here, "html": html},
                "protection": {"enabled": False},
                "protection_url": f"{here}/protection",
            }
        )


class CommitsView(ApiView):
    """GET /repos/{owner}/{repo}/commits"""

    permission = "contents"

    @extend_schema(operation_id="repos_list_commits", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """Newest first, from ``?sha=`` (branch, tag or commit; the default branch)."""
        repository = self.repository(Right.READ)
        sha = _resolve(repository, request.GET.get("sha", "") or repository.default_branch)
        api = _api(repository, request)
        return bare(page(request, git.log(repository, sha, limit=_HISTORY)), lambda row: _commit(row, api))


class CommitView(ApiView):
    """GET /repos/{owner}/{repo}/commits/{ref}"""

    permission = "contents"

    @extend_schema(operation_id="repos_get_commit", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, ref: str, **_: Any) -> Response:
        """The commit that branch, tag or id names."""
        repository = self.repository(Right.READ)
        found = git.commit(repository, _resolve(repository, ref))
        return Response({**_commit(found, _api(repository, request)), "stats": {}, "files": []})


def _api(repository: Repository, request: Request) -> str:
    return f"{base_url(request._request)}/api/v3/repos/{repository.full_name}"


def _resolve(repository: Repository, name: str) -> str:
    found = git.resolve(repository, name)
    if found is None:
        raise NotFound(f"Not Found: no branch, tag or commit {name}")
    return found[1]


def _branch(name: str, sha: str, api: str) -> dict[str, Any]:
    return {"name": name, "commit": {"sha": sha, "url": f"{api}/commits/{sha}"}, "protected": False}


def _commit(found: dict[str, Any], api: str) -> dict[str, Any]:
    sha, html = found["id"], api.replace("/api/v3/repos", "", 1)
    url = f"{api}/commits/{sha}"
    inner = f"{api}/git/commits/{sha}"
    return {
        "sha": sha,
        "node_id": node_id("Commit", int(sha[:12], 16)),
        "url": url,
        "html_url": f"{html}/commit/{sha}",
        "comments_url": f"{url}/comments",
        "commit": {
            "author": found["author"],
            "committer": found["committer"],
            "message": found["message"],
            "tree": {"sha": found["tree_id"], "url": f"{api}/git/trees/{found['tree_id']}"},
            "url": inner,
            "comment_count": 0,
            "verification": {
                "verified": False,
                "reason": "unsigned",
                "signature": None,
                "payload": None,
                "verified_at": None,
            },
        },
        "author": None,
        "committer": None,
        "parents": [
            {"sha": one, "url": f"{api}/commits/{one}", "html_url": f"{html}/commit/{one}"} for one in found["parents"]
        ],
    }


def _item(repository: Repository, one: git.Entry, ref: str, base: str) -> dict[str, Any]:
    api = f"{base}/api/v3/repos/{repository.full_name}"
    here = f"{api}/contents/{quote(one.path)}?ref={quote(ref)}"
    kind = "trees" if one.kind == "dir" else "blobs"
    html = f"{base}/{repository.full_name}/{'tree' if one.kind == 'dir' else 'blob'}/{quote(ref)}/{quote(one.path)}"
    raw = f"{base}/{repository.full_name}/raw/{quote(ref)}/{quote(one.path)}" if one.kind == "file" else None
    blob = None if one.kind == "submodule" else f"{api}/git/{kind}/{one.sha}"
    return {
        "name": one.name,
        "path": one.path,
        "sha": one.sha,
        "size": one.size,
        "type": one.kind,
        "url": here,
        "html_url": html,
        "git_url": blob,
        "download_url": raw,
        "_links": {"self": here, "git": blob, "html": html},
    }


def _content(found: git.Entry) -> dict[str, Any]:
    data = found.data or b""
    if len(data) > _SHOWN_BYTES:
        return {"content": "", "encoding": "none"}
    return {"content": base64.encodebytes(data).decode(), "encoding": "base64"}
