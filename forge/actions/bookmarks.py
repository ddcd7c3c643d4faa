"""What a person keeps at hand: pinned workflows, and filters of the list of runs by name."""

from __future__ import annotations

from django.db import transaction

from forge import storable
from forge.accounts.models import Account
from forge.actions.models import PinnedWorkflow, SavedFilter, Workflow
from forge.errors import FieldError, Invalid
from forge.repos.models import Repository

#: Filters of one person in one repository, and letters of a name and of a query.
MOST, LONGEST_NAME, LONGEST_QUERY = 25, 50, 1000


def pin(account: Account, workflow: Workflow) -> None:
    """It stands first in this person's lists from now on; again changes nothing."""
    PinnedWorkflow.objects.get_or_create(account=account, workflow=workflow)


def unpin(account: Account, workflow: Workflow) -> None:
    """It stands where its name puts it."""
    PinnedWorkflow.objects.filter(account=account, workflow=workflow).delete()


def filters(account: Account | None, repository: Repository) -> list[SavedFilter]:
    """A person's filters of a repository, A to Z."""
    if account is None:
        return []
    return list(SavedFilter.objects.filter(account=account, repository=repository).order_by("name_key"))


def save(account: Account, repository: Repository, name: str, query: str) -> SavedFilter:
    """Keep a query under a name. Invalid when the name is none, is too long or is taken, or there are too many."""
    name, query = " ".join(storable.text(name).split()), storable.text(query).strip()
    if not name:
        raise _wrong("name", "Give the filter a name.")
    if len(name) > LONGEST_NAME:
        raise _wrong("name", f"This name has {len(name)} letters; {LONGEST_NAME} are the most.")
    if len(query) > LONGEST_QUERY:
        raise _wrong("query", f"This query has {len(query)} letters; {LONGEST_QUERY} are the most.")
    with transaction.atomic():
        # One after the other, so that no two that come at once take one name or go beyond the most.
        Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        own = SavedFilter.objects.filter(account=account, repository=repository)
        if own.filter(name_key=name.casefold()).exists():
            raise _wrong("name", f"You have a filter “{name}” already. Delete it first, or choose another name.")
        if own.count() >= MOST:
            raise _wrong("name", f"You have {MOST} filters here, which is the most. Delete one first.")
        return own.create(account=account, repository=repository, name=name, name_key=name.casefold(), query=query)


def forget(account: Account, repository: Repository, name: str) -> None:
    """Delete a filter; one that is not there is gone already."""
    named = SavedFilter.objects.filter(account=account, repository=repository)
    named.filter(name_key=storable.text(name).casefold()).delete()


def _wrong(field: str, message: str) -> Invalid:
    return Invalid("The filter cannot be kept", [FieldError("SavedFilter", field, "custom", message)])
