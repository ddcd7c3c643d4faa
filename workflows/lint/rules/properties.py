"""Properties that contexts do not have."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.lint.document import Document, Expression
from workflows.lint.paths import all_paths
from workflows.lint.rule import Found, Options, Rule
from workflows.parser.findings import did_you_mean

_GITHUB = """
    action action_path action_ref action_repository action_status actor actor_id api_url artifact_cache_size_limit
    base_ref enterprise_id enterprise_url env event event_name event_path graphql_url head_ref host_workspace job
    job_workflow_sha output path ref ref_name ref_protected ref_type repository repository_id repository_owner
    repository_owner_id repository_visibility repositoryurl retention_days run_attempt run_id run_number secret_source
    server_url sha state step_summary token triggering_actor workflow workflow_ref workflow_sha workspace
"""
_JOB = "check_run_id container services status workflow_file_path workflow_ref workflow_repository workflow_sha"
#: What the contexts have whose properties are always the same.
PROPERTIES = {
    "github": frozenset(_GITHUB.split()),
    "job": frozenset(_JOB.split()),
    "runner": frozenset(("arch", "debug", "environment", "name", "os", "perflog", "temp", "tool_cache", "workspace")),
    "strategy": frozenset(("fail-fast", "job-index", "job-total", "max-parallel")),
}


def _check(document: Document, _: Options) -> Iterator[Found]:
    for expression in _every(document):
        for path in all_paths(expression.tree):
            known = PROPERTIES.get(path[0])
            if known is None or len(path) < 2 or path[1] in known or path[1] in ("*", "?"):
                continue
            hint = did_you_mean(path[1], known)
            message = f"'{path[0]}.{path[1]}' is nothing: the context has no such property"
            yield Found(document.place(expression, path[:2]), f"{message}. {hint}" if hint else message)


def _every(document: Document) -> Iterator[Expression]:
    yield from document.expressions(document.root)
    for job in document.jobs:
        for holder in (job.node, *job.steps):
            for expression in document.expressions(holder.get("if"), condition=True):
                if "${{" not in expression.scalar.text:
                    yield expression


RULES = (
    Rule(
        "unknown-property",
        "a property that `github`, `job`, `runner` or `strategy` does not have",
        "It is nothing. What is below `github.event` depends on the event, and is let through.",
        """\
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: make BRANCH="$BRANCH"
        env:
          BRANCH: ${{ github.refname }}
""",
        _check,
    ),
)
