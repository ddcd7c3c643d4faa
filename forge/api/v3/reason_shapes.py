"""Why something waits or ended, as data and as one plain sentence: Forge's own, beside GitHub's fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge.actions import reasons


def reason(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """``{"code", "text", …}`` with the data of the code; None when there is nothing to say."""
    if not found or not found.get("code"):
        return None
    return {**found, "text": reasons.text(found)}
