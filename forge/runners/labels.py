"""The labels of a runner: what it is says the agent, all others may be changed. The next claim goes by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from forge.accounts import audit
from forge.accounts.actor import Actor
from forge.errors import FieldError, Invalid, NotFound
from forge.runners.models import Runner

MOST, LONGEST = 100, 255
#: What the agent says of its machine, as GitHub writes it.
SYSTEMS, ARCHITECTURES = ("Linux", "macOS", "Windows"), ("X64", "ARM64", "ARM", "X86")
SELF_HOSTED = "self-hosted"


def fixed(runner: Runner) -> tuple[str, ...]:
    """The labels that nobody changes."""
    return tuple(label for label in (SELF_HOSTED, runner.os, runner.arch) if label)


def custom(runner: Runner) -> list[str]:
    """The others, in the order in which they were given."""
    read_only = {label.lower() for label in fixed(runner)}
    return [label for label in runner.labels if label.lower() not in read_only]


def add(actor: Actor, runner: Runner, names: Sequence[str]) -> Runner:
    """These besides those that it has."""
    return _change(actor, runner, [*custom(runner), *_checked(names)])


def replace(actor: Actor, runner: Runner, names: Sequence[str]) -> Runner:
    """These instead of those that it has; none is allowed."""
    return _change(actor, runner, _checked(names))


def remove(actor: Actor, runner: Runner, name: str) -> Runner:
    """Without this one. NotFound when it has no such label, Invalid for one that nobody changes."""
    wanted = name.lower()
    if wanted in {label.lower() for label in fixed(runner)}:
        raise Invalid(f"{name} is a read-only label", [FieldError("Runner", "name", "invalid")])
    left = [label for label in custom(runner) if label.lower() != wanted]
    if len(left) == len(custom(runner)):
        raise NotFound
    return _change(actor, runner, left)


def check(names: Sequence[str], field: str = "labels") -> None:
    """Invalid for what is no list of labels."""
    if len(names) > MOST:
        raise Invalid("Validation Failed", [FieldError("Runner", field, "invalid", f"at most {MOST} labels")])
    for name in names:
        if not name.strip() or len(name.strip()) > LONGEST:
            reason = f"a label has 1 to {LONGEST} characters"
            raise Invalid("Validation Failed", [FieldError("Runner", field, "invalid", reason)])


def audited(runner: Runner) -> Mapping[str, Any]:
    """Where an audit entry about a runner belongs."""
    if runner.repository is not None:
        place = runner.repository
        return {"owner_id": place.owner_id, "repository_id": place.pk, "scope": place.full_name}
    return {"owner_id": runner.owner_id, "scope": runner.owner.login if runner.owner else ""}


def _checked(names: Sequence[str]) -> list[str]:
    check(names)
    return [name.strip() for name in names]


def _change(actor: Actor, runner: Runner, names: Sequence[str]) -> Runner:
    read_only = {label.lower() for label in fixed(runner)}
    kept: dict[str, str] = {}
    for name in names:
        if name.lower() not in read_only:
            kept.setdefault(name.lower(), name)
    given = list(kept.values())
    check(given)
    with transaction.atomic():
        now = Runner.objects.select_for_update(no_key=True, of=("self",)).get(pk=runner.pk)
        now.labels = given
        Runner.objects.filter(pk=now.pk).update(labels=given, changed_at=Now())
        audit.write("runner.labeled", actor=actor, names=[runner.name], details={"labels": given}, **audited(runner))
    return now
