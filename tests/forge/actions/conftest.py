"""Whatever a test of the engine did, the rows that it leaves keep the rules."""

from __future__ import annotations

from tests.rules import rules_hold

__all__ = ["rules_hold"]
