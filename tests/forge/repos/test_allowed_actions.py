"""Which uses a repository's files may have."""

from __future__ import annotations

import pytest

from forge.repos.allowed_actions import Rule, Selected

SHA = "a" * 40


def rule(allowed: str, *patterns: str, github: bool = False, sha: bool = False) -> Rule:
    return Rule("octo", allowed, Selected(github, False, patterns), sha)


@pytest.mark.parametrize(
    ("uses", "given", "may"),
    [
        ("docker/login@v3", rule("all"), True),
        ("docker/login@v3", rule("local_only"), False),
        ("Octo/tool@v1", rule("local_only"), True),
        ("./here", rule("local_only"), True),
        ("docker://alpine", rule("local_only"), True),
        ("octo/tool/.github/workflows/x.yml@v1", rule("local_only"), True),
        ("actions/checkout@v4", rule("selected"), False),
        ("actions/checkout@v4", rule("selected", github=True), True),
        ("github/codeql/init@v3", rule("selected", github=True), True),
        ("octo/tool@v1", rule("selected"), True),
        ("docker/login@v3", rule("selected", "docker/*"), True),
        ("Docker/Login@v3", rule("selected", "docker/login@v3"), True),
        ("docker/login@v2", rule("selected", "docker/login@v3"), False),
        ("docker/login@v2", rule("selected", "docker/login"), True),
        ("docker/login@v2", rule("selected", "docker/*", "!docker/login@v2"), False),
        ("actions/cache@v4", rule("selected", "!actions/cache", github=True), False),
        ("dockerx/login@v2", rule("selected", "docker/*"), False),
        ("docker/login@v2", rule("all", sha=True), False),
        ("octo/tool@v1", rule("all", sha=True), False),
        (f"docker/login@{SHA}", rule("all", sha=True), True),
        ("./here", rule("all", sha=True), True),
    ],
)
def test_uses(uses: str, given: Rule, may: bool) -> None:
    assert (given.refusal(uses) is None) == may


def test_the_refusal_says_what_may_be() -> None:
    said = rule("selected", "docker/*", github=True).refusal("evil/x@v1")
    assert said == (
        "evil/x@v1 is not allowed to be used here. Actions in this workflow must be: within a repository owned by "
        "octo, created by GitHub, or matching the following: docker/*."
    )
