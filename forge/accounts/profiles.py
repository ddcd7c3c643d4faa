"""What people say of themselves, and owners of their organisation: changed, with what an organisation lets its
members do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from forge.accounts import audit
from forge.accounts.actor import Actor
from forge.accounts.models import Account, Kind
from forge.errors import FieldError, Invalid

#: GitHub's words, and the columns that keep them.
_TEXTS = {
    "name": "name",
    "email": "public_email",
    "blog": "blog",
    "twitter_username": "twitter_username",
    "company": "company",
    "location": "location",
}
_OF_PERSON = {**_TEXTS, "bio": "about", "hireable": "hireable"}
_OF_ORGANIZATION = {
    **_TEXTS,
    "description": "about",
    "billing_email": "email",
    "default_repository_permission": "default_repository_permission",
    "members_can_create_public_repositories": "members_can_create_public_repositories",
    "members_can_create_private_repositories": "members_can_create_private_repositories",
}


def words(account: Account) -> Mapping[str, str]:
    """What can be changed of an account: GitHub's word for it, and the column."""
    return _OF_ORGANIZATION if account.kind == Kind.ORGANIZATION else _OF_PERSON


def change(actor: Actor, account: Account, wanted: Mapping[str, Any]) -> Account:
    """Write what is given, by GitHub's words, and what changed into the audit log. ``Invalid`` names what cannot be
    written; the actor's right has been checked."""
    known = words(account)
    before = {word: getattr(account, known[word]) for word in wanted}
    for word, value in wanted.items():
        setattr(account, known[word], value)
    changed = {word: [was, wanted[word]] for word, was in before.items() if was != wanted[word]}
    if not changed:
        return account
    columns = [known[word] for word in changed]
    _check(account, {column: word for word, column in known.items() if column in columns})
    title = "the organization" if account.kind == Kind.ORGANIZATION else "the user"
    with transaction.atomic():
        account.save(update_fields=[*columns, "updated_at"])
        audit.write(
            f"{account.kind.lower()}.changed",
            actor=actor,
            owner_id=account.pk,
            scope=f"{title} {account.login}",
            names=[account.login],
            details=changed,
        )
    return account


def _check(account: Account, columns: Mapping[str, str]) -> None:
    """The model's own rules for these columns, in the words of the API."""
    others = [field.name for field in account._meta.fields if field.name not in columns]
    try:
        account.clean_fields(exclude=others)
    except ValidationError as error:
        found = [
            FieldError(account.kind, columns[column], "invalid", " ".join(said))
            for column, said in error.message_dict.items()
        ]
        raise Invalid("Validation Failed", found) from error
