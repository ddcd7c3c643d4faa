"""The filters and orders of lists of repositories, in the words of GitHub's query parameters."""

from __future__ import annotations

from datetime import UTC

from django.db.models import F, Q, QuerySet
from rest_framework.request import Request

from forge.accounts.actor import Actor
from forge.accounts.models import Account, Membership
from forge.api.v3.bodies import moment
from forge.errors import Invalid
from forge.repos import access
from forge.repos.models import Collaborator, Repository

Rows = QuerySet[Repository]
_SORTS = {
    "full_name": ("owner__login_key", "name_key"),
    "created": ("created_at",),
    "updated": ("updated_at",),
    "pushed": ("pushed_at",),
}
_AFFILIATIONS = ("owner", "collaborator", "organization_member")
_TYPES = {"owner": "owner", "member": "collaborator,organization_member"}


def own(actor: Actor, account: Account, request: Request) -> Rows:
    """What is the account's own: ``affiliation`` says in which ways, ``visibility`` which of it, ``type`` (without
    the other two) either. Invalid for both at once, as on GitHub."""
    query = request.GET
    kind = query.get("type", "")
    if kind and (query.get("visibility") or query.get("affiliation")):
        raise Invalid("If you specify visibility or affiliation, you cannot specify type.")
    rows = of_visibility(access.own(actor), query.get("visibility", "") or kind)
    ways = [one.strip() for one in (query.get("affiliation", "") or _TYPES.get(kind, "")).split(",") if one.strip()]
    if unknown := [one for one in ways if one not in _AFFILIATIONS]:
        raise Invalid(f"Unknown affiliation {unknown[0]}; known are {', '.join(_AFFILIATIONS)}")
    if ways:
        rows = rows.filter(_in_these_ways(account, ways))
    for word, lookup in (("since", "updated_at__gt"), ("before", "updated_at__lt")):
        if given := query.get(word, ""):
            rows = rows.filter(**{lookup: moment(given, word).astimezone(UTC)})
    return rows


def of_person(actor: Actor, account: Account, kind: str) -> Rows:
    """What the actor may see of somebody's: what is theirs, what they work in, or both."""
    theirs, shared = Q(owner=account), Q(pk__in=Collaborator.objects.filter(user=account).values("repository"))
    wanted = {"all": theirs | shared, "member": shared}.get(kind, theirs)
    return access.visible(actor).filter(wanted)


def of_type(rows: Rows, kind: str) -> Rows:
    """An organisation's, by ``type``. There are no forks."""
    if kind == "forks":
        return rows.none()
    return of_visibility(rows, kind)


def of_visibility(rows: Rows, word: str) -> Rows:
    """Only the public or only the private ones; all of them for any other word."""
    return rows.filter(private=word == "private") if word in ("public", "private") else rows


def ordered(rows: Rows, request: Request, default: str) -> Rows:
    """By ``sort`` and ``direction``: names go up where nothing is said, times down."""
    sort = request.GET.get("sort", "")
    sort = sort if sort in _SORTS else default
    down = request.GET.get("direction", "asc" if sort == "full_name" else "desc") == "desc"
    columns = [F(name) for name in _SORTS[sort]]
    # What was never pushed to is the oldest, whichever database sorts.
    by = [one.desc(nulls_last=True) if down else one.asc(nulls_first=True) for one in columns]
    return rows.order_by(*by, "-pk" if down else "pk")


def _in_these_ways(account: Account, ways: list[str]) -> Q:
    wanted = Q(pk__in=[])
    if "owner" in ways:
        wanted |= Q(owner=account)
    if "collaborator" in ways:
        wanted |= Q(pk__in=Collaborator.objects.filter(user=account).values("repository"))
    if "organization_member" in ways:
        wanted |= Q(owner__in=Membership.objects.filter(user=account).values("organization"))
    return wanted
