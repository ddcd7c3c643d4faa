"""All rules, one module for each family."""

from __future__ import annotations

from workflows.lint.rule import Rule
from workflows.lint.rules import (
    actions,
    commands,
    conditions,
    groups,
    matrices,
    names,
    operands,
    permissions,
    properties,
    pull_requests,
    references,
    runners,
    secrets,
    shells,
    triggers,
    untrusted,
    unused,
)

RULES: tuple[Rule, ...] = (
    *runners.RULES,
    *commands.RULES,
    *untrusted.RULES,
    *secrets.RULES,
    *actions.RULES,
    *conditions.RULES,
    *operands.RULES,
    *triggers.RULES,
    *references.RULES,
    *matrices.RULES,
    *properties.RULES,
    *unused.RULES,
    *names.RULES,
    *groups.RULES,
    *shells.RULES,
    *permissions.RULES,
    *pull_requests.RULES,
)
