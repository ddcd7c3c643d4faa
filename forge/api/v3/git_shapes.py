"""Branches, tags, refs, commits and files as GitHub shows them: shapes only."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from forge.accounts.models import Account
from forge.api.v3.places import Place
from forge.api.v3.shapes import node_id, simple_user, time
from forge.repos.diffs import FileChange
from forge.repos.history import Ref
from forge.repos.trees import Entry

Authors = Mapping[str, Account]
#: No branch is protected: Forge has no such rules.
_UNPROTECTED = {
    "enabled": False,
    "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
}


def branch(name: str, sha: str, place: Place) -> dict[str, Any]:
    """GitHub's ``short-branch``."""
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{place.api}/commits/{sha}"},
        "protected": False,
        "protection": _UNPROTECTED,
        "protection_url": f"{place.api}/branches/{quote(name)}/protection",
    }


def branch_with_commit(name: str, found: dict[str, Any], place: Place, authors: Authors) -> dict[str, Any]:
    """GitHub's ``branch-with-protection``."""
    return {
        **branch(name, found["id"], place),
        "commit": commit(found, place, authors),
        "_links": {
            "self": f"{place.api}/branches/{quote(name)}",
            "html": f"{place.html}/tree/{quote(name)}",
        },
    }


def tag(found: Ref, place: Place) -> dict[str, Any]:
    """GitHub's ``tag``."""
    name = found.name.removeprefix("refs/tags/")
    return {
        "name": name,
        "zipball_url": f"{place.api}/zipball/{quote(found.name)}",
        "tarball_url": f"{place.api}/tarball/{quote(found.name)}",
        "commit": {"sha": found.commit, "url": f"{place.api}/commits/{found.commit}"},
        "node_id": _named("Ref", f"{place.repository.pk}:{found.name}"),
    }


def ref(found: Ref, place: Place) -> dict[str, Any]:
    """GitHub's ``git-ref``."""
    return {
        "ref": found.name,
        "node_id": _named("Ref", f"{place.repository.pk}:{found.name}"),
        "url": f"{place.api}/git/{quote(found.name)}",
        "object": {"sha": found.sha, "type": found.kind, "url": f"{place.api}/git/{found.kind}s/{found.sha}"},
    }


def commit(found: dict[str, Any], place: Place, authors: Authors) -> dict[str, Any]:
    """GitHub's ``commit`` as lists have it; ``authors`` are the accounts behind addresses."""
    sha = found["id"]
    url = f"{place.api}/commits/{sha}"
    return {
        "sha": sha,
        "node_id": node_id("Commit", int(sha[:12], 16)),
        "url": url,
        "html_url": f"{place.html}/commit/{sha}",
        "comments_url": f"{url}/comments",
        "commit": {
            "author": _person(found["author"]),
            "committer": _person(found["committer"]),
            "message": found["message"],
            "tree": _tree(found, place),
            "url": f"{place.api}/git/commits/{sha}",
            "comment_count": 0,
            "verification": verification(found),
        },
        "author": _account(found["author"], place, authors),
        "committer": _account(found["committer"], place, authors),
        "parents": _parents(found, place),
    }


def git_commit(found: dict[str, Any], place: Place) -> dict[str, Any]:
    """A commit as git has it: GitHub's ``git-commit``."""
    sha = found["id"]
    return {
        "sha": sha,
        "node_id": node_id("Commit", int(sha[:12], 16)),
        "url": f"{place.api}/git/commits/{sha}",
        "html_url": f"{place.html}/commit/{sha}",
        "author": _person(found["author"]),
        "committer": _person(found["committer"]),
        "message": found["message"],
        "tree": _tree(found, place),
        "parents": _parents(found, place),
        "verification": verification(found),
    }


def verification(found: dict[str, Any]) -> dict[str, Any]:
    """Signatures are shown and not judged: Forge knows no one's keys."""
    signature, payload = found["signature"] or (None, None)
    reason = "unknown_key" if signature else "unsigned"
    return {"verified": False, "reason": reason, "signature": signature, "payload": payload, "verified_at": None}


def file_change(one: FileChange, sha: str, place: Place) -> dict[str, Any]:
    """GitHub's ``diff-entry``, of a commit."""
    path = quote(one.path)
    shown = {
        "sha": one.sha,
        "filename": one.path,
        "status": one.status,
        "additions": one.additions,
        "deletions": one.deletions,
        "changes": one.additions + one.deletions,
        "blob_url": place.blob(sha, one.path),
        "raw_url": f"{place.api}/raw/{sha}/{path}",
        "contents_url": f"{place.api}/contents/{path}?ref={sha}",
    }
    if one.patch is not None:
        shown["patch"] = one.patch
    if one.previous is not None:
        shown["previous_filename"] = one.previous
    return shown


def stats(files: Sequence[FileChange]) -> dict[str, int]:
    """Lines of all the files."""
    added, removed = sum(one.additions for one in files), sum(one.deletions for one in files)
    return {"total": added + removed, "additions": added, "deletions": removed}


def entry(
    one: Entry, ref_name: str, place: Place, *, download: str | None, submodule: str | None = None
) -> dict[str, Any]:
    """What all forms of something in a tree have in common. ``download`` is the address of its bytes."""
    path = quote(one.path)
    here = f"{place.api}/contents/{path}?ref={quote(ref_name, safe='')}"
    folder = one.kind == "dir"
    html: str | None = f"{place.html}/{'tree' if folder else 'blob'}/{quote(ref_name)}/{path}"
    blob: str | None = f"{place.api}/git/{'trees' if folder else 'blobs'}/{one.sha}"
    shown: dict[str, Any] = {"name": one.name, "path": one.path, "sha": one.sha, "size": one.size, "type": one.kind}
    if one.kind == "submodule":
        html = blob = None
        shown["submodule_git_url"] = submodule
    links = {"self": here, "git": blob, "html": html}
    return {**shown, "url": here, "html_url": html, "git_url": blob, "download_url": download, "_links": links}


def content(data: bytes | None) -> dict[str, Any]:
    """A file's bytes in an answer; None: it is too long for one."""
    if data is None:
        return {"content": "", "encoding": "none"}
    return {"content": base64.encodebytes(data).decode(), "encoding": "base64"}


def _tree(found: dict[str, Any], place: Place) -> dict[str, str]:
    return {"sha": found["tree_id"], "url": f"{place.api}/git/trees/{found['tree_id']}"}


def _parents(found: dict[str, Any], place: Place) -> list[dict[str, str]]:
    return [
        {"sha": one, "url": f"{place.api}/commits/{one}", "html_url": f"{place.html}/commit/{one}"}
        for one in found["parents"]
    ]


def _person(found: dict[str, str]) -> dict[str, str | None]:
    """Name, address and moment, the last in UTC as everywhere in the API."""
    moment = datetime.fromisoformat(found["date"])
    try:
        return {**found, "date": time(moment.astimezone(UTC))}
    except OverflowError:  # the calendar ends within the hours between
        return {**found, "date": time(moment)}


def _account(person: dict[str, str], place: Place, authors: Authors) -> dict[str, Any] | None:
    found = authors.get(person["email"].lower())
    return None if found is None else simple_user(found, place.base)


def _named(kind: str, name: str) -> str:
    return base64.b64encode(f"{kind}:{name}".encode()).decode()
