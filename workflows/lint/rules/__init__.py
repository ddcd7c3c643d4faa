"""All rules, one module for each family."""

from __future__ import annotations

from workflows.lint.rule import Rule
from workflows.lint.rules import (
    actions,
    commands,
    conditions,
    names,
    permissions,
    pull_requests,
    references,
    runners,
    secrets,
    untrusted,
)

RULES: tuple[Rule, ...] = (
    *runners.RULES,
    *commands.RULES,
    *untrusted.RULES,
    *secrets.RULES,
    *actions.RULES,
    *conditions.RULES,
    *references.RULES,
    *names.RULES,
    *permissions.RULES,
    *pull_requests.RULES,
)
