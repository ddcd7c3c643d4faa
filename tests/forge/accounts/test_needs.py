"""What calls declare of GITHUB_TOKENs, read."""

from __future__ import annotations

import pytest

from forge.accounts.needs import ANY, UNDECLARED, USER, Declaration, Need, needed

_ODD = {"GET": "actions=read", "POST": "deployments=write", "DELETE": "administration"}


@pytest.mark.parametrize(
    ("declared", "method", "need", "written", "can_be_held"),
    [
        ("contents", "GET", Need("contents", "read"), "contents=read", True),
        ("contents", "HEAD", Need("contents", "read"), "contents=read", True),
        ("pull-requests", "PATCH", Need("pull-requests", "write"), "pull_requests=write", True),
        ("metadata", "GET", Need("metadata", "read"), "metadata=read", True),
        ("administration", "DELETE", Need("administration", "write"), "administration=write", False),
        ("secrets", "GET", Need("secrets", "read"), "secrets=read", False),
        (ANY, "POST", Need("any", "write"), "allows_permissionless_access=true", True),
        (USER, "GET", Need("user", "read"), "", False),
        (_ODD, "OPTIONS", Need("actions", "read"), "actions=read", True),
        (_ODD, "POST", Need("deployments", "write"), "deployments=write", True),
        (_ODD, "DELETE", Need("administration", "write"), "administration=write", False),
        (_ODD, "PUT", UNDECLARED, "", False),
        ("", "PUT", UNDECLARED, "", False),
        ("", "GET", Need("", "read"), "", False),
    ],
)
def test_by_method(declared: Declaration, method: str, need: Need, written: str, can_be_held: bool) -> None:
    found = needed(declared, method)
    assert (found, str(found), found.can_be_held) == (need, written, can_be_held)
