"""Expressions as workflows have them, and what they read."""

from __future__ import annotations

from typing import Any

CONTEXTS: dict[str, Any] = {
    "github": {
        "ref": "refs/heads/main",
        "ref_name": "main",
        "event_name": "pull_request",
        "repository": "octo/project",
        "actor": "octocat",
        "event": {
            "action": "opened",
            "pull_request": {
                "draft": False,
                "labels": [{"name": "bug"}, {"name": "CI: full"}],
                "head": {"ref": "fix-1"},
            },
        },
    },
    "matrix": {"os": "ubuntu-latest", "python": "3.12", "experimental": False, "shard": 3},
    "needs": {"build": {"result": "success", "outputs": {"version": "1.4.2", "targets": '["x86", "arm"]'}}},
    "steps": {"cache": {"outputs": {"cache-hit": "true"}, "outcome": "success"}},
    "env": {"LEVEL": "full", "COUNT": "4"},
    "inputs": {"dry-run": False, "level": "all"},
}
EXPRESSIONS = (
    "github.ref == 'refs/heads/main'",
    "github.event_name == 'push' || github.event_name == 'pull_request' && github.event.action != 'closed'",
    "startsWith(github.ref, 'refs/tags/v')",
    "contains(github.event.pull_request.labels.*.name, 'ci: full')",
    "format('{0}-{1}-py{2}', github.ref_name, matrix.os, matrix.python)",
    "needs.build.result == 'success' && needs.build.outputs.version != ''",
    "steps.cache.outputs['cache-hit'] != 'true'",
    "!github.event.pull_request.draft && !matrix.experimental",
    "fromJSON(needs.build.outputs.targets)[1]",
    "matrix.shard < env.COUNT && 'more' || 'last'",
    "inputs.level == 'all' && !inputs.dry-run",
    "join(github.event.pull_request.labels.*.name, ', ')",
    "toJSON(matrix)",
    "case(github.event_name == 'push', 'pushed', github.event_name == 'pull_request', 'proposed', 'asked')",
    "github.event.pull_request.head.ref || github.ref_name",
    "endsWith(github.repository, '/project') && contains(github.actor, 'cat')",
)


def cases() -> list[dict[str, Any]]:
    """Every expression with the contexts, for both sides."""
    return [{"expr": text, "contexts": CONTEXTS} for text in EXPRESSIONS]
