"""How an account belongs to repositories, in the three words that GitHub has for it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, TextChoices

from forge.accounts.models import Account, Membership
from forge.repos.models import Collaborator, Right


class Affiliation(TextChoices):
    """They are its own, were shared with it, or belong to an organisation of which it is a member."""

    OWNER = "OWNER"
    COLLABORATOR = "COLLABORATOR"
    ORGANIZATION_MEMBER = "ORGANIZATION_MEMBER"


def of(account: Account, words: Iterable[Affiliation]) -> Q:
    """The condition for repositories to which the account belongs in one of these ways; none for no word."""
    found = Q(pk__in=[])
    for word in set(words):
        found |= _CONDITIONS[word](account)
    return found


_CONDITIONS = {
    Affiliation.OWNER: lambda account: Q(owner=account),
    Affiliation.COLLABORATOR: lambda account: Q(
        pk__in=Collaborator.objects.filter(user=account, right__gte=Right.READ).values("repository")
    ),
    Affiliation.ORGANIZATION_MEMBER: lambda account: Q(
        owner__in=Membership.objects.filter(user=account).values("organization")
    ),
}
