"""How a person has logs shown, wherever they are logged in."""

from __future__ import annotations

from collections.abc import Mapping

from forge.accounts.models import Account, LogOptions
from forge.errors import FieldError, Invalid

#: What can be chosen, the default first. ``static/log_options.js`` has the same.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "times": ("off", "time", "since"),
    "zone": ("site", "utc", "local"),
    "size": ("normal", "small", "large"),
    "wrap": ("off", "on"),
    "follow": ("on", "off"),
    "commands": ("on", "off"),
}


def of(account: Account) -> dict[str, str]:
    """What the person has chosen, by name; empty for who never chose."""
    row = LogOptions.objects.filter(account=account).first()
    chosen = row.chosen if row is not None else {}
    # Choices of an older version that are none any more count as not made.
    return {name: value for name, value in chosen.items() if value in CHOICES.get(name, ())}


def choose(account: Account, chosen: Mapping[str, str]) -> None:
    """Keep all that a person has chosen. Invalid names what cannot be."""
    wrong = [name for name, value in chosen.items() if value not in CHOICES.get(name, ())]
    if wrong:
        errors = [FieldError("LogOptions", name[:40], "invalid") for name in wrong[:10]]
        raise Invalid("Logs cannot be shown that way", errors)
    LogOptions.objects.update_or_create(account=account, defaults={"chosen": dict(chosen)})
