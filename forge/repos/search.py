"""Repositories by words and qualifiers, as GitHub's search writes them: ``user:ana is:private tool``."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from forge.accounts.actor import Actor
from forge.repos import access
from forge.repos.models import Repository

_SORTS = {"updated": "updated_at", "created": "created_at", "name": "name_key"}
_MOST_WORDS = 10


@dataclass
class Wanted:
    """A search taken apart. Qualifiers with a minus, and those that are unknown, find nothing."""

    words: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    private: bool | None = None
    #: It asks for what no repository here is: a fork, an archive, of a language or a topic.
    absent: bool = False
    order: str = "-updated_at"


def read(text: str) -> Wanted:
    """What a search asks for."""
    wanted = Wanted()
    for part in text.split():
        name, colon, value = part.partition(":")
        value = value.strip('"')
        if not colon:
            wanted.words.append(part.strip('"'))
        elif name == "sort":
            word, _, direction = value.partition("-")
            wanted.order = ("" if direction == "asc" else "-") + _SORTS.get(word, "updated_at")
        elif value:
            _qualify(wanted, name, value.lower())
    return wanted


def repositories(actor: Actor, wanted: Wanted) -> QuerySet[Repository]:
    """What the actor may see of it; ``Wanted.order`` says in which order it is meant."""
    rows = access.visible(actor)
    if wanted.absent or len(wanted.words) > _MOST_WORDS:
        return rows.none()
    if wanted.owners:
        me = actor.account.login_key if actor.account is not None else ""
        rows = rows.filter(owner__login_key__in=[me if one == "@me" else one for one in wanted.owners])
    if wanted.private is not None:
        rows = rows.filter(private=wanted.private)
    for word in filter(None, wanted.words):
        rows = rows.filter(Q(name_key__contains=word.lower()) | Q(description__icontains=word))
    return rows


def _qualify(wanted: Wanted, name: str, value: str) -> None:
    if name in ("user", "org"):
        wanted.owners.append(value)
    elif name in ("is", "visibility") and value in ("public", "private", "internal"):
        wanted.private = value != "public"
    else:
        wanted.absent |= (name, value) not in _TRUE_OF_ALL


#: Of what a repository could be besides: what all of them are.
_TRUE_OF_ALL = {
    ("fork", "true"),
    ("fork", "false"),
    ("archived", "false"),
    ("mirror", "false"),
    ("template", "false"),
    ("is", "repository"),
}
