"""People and organisations: made and found."""

from __future__ import annotations

import re

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from forge.accounts.actor import Actor
from forge.accounts.models import Account, Kind, Membership
from forge.errors import Conflict, FieldError, Invalid, NotFound

#: Who did what a job did with its GITHUB_TOKEN. No login that a person can choose has brackets.
BOT = "github-actions[bot]"
#: First parts of our own paths, and words that would confuse people.
RESERVED = frozenset(
    """
    - about account accounts admin api assets blog cache ci contact dashboard docs enterprise events explore
    favicon.ico features feeds forge git graphql health healthz help hooks humans.txt install issues join jobs
    legal live login logout marketplace meta metrics new notifications none null oauth organizations orgs
    password pricing privacy profile public pulls rate_limit raw readyz register repos repositories results
    robots.txt runners runs search security sessions settings setup signin signout signup site sitemap.xml
    stars static status support system team teams terms topics trending undefined user users webhooks wiki
    """.split()  # noqa: SIM905 - a list literal would take eighty lines
)
_LOGIN = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9])*")
LOGIN_LENGTH = 39


def create_user(login: str, password: str, *, email: str = "", site_admin: bool = False) -> Account:
    """A new person. ``Invalid`` names what is wrong, ``Conflict`` says that the login is taken."""
    check_login(login)
    if email:
        try:
            validate_email(email)
        except ValidationError as error:
            raise Invalid(f"{email} is not an email address", [FieldError("User", "email", "invalid")]) from error
    account = Account(login=login, login_key=login.lower(), email=email, is_site_admin=site_admin)
    check_password(password, account)
    account.set_password(password)
    return _insert(account)


def create_organization(login: str, owner: Account) -> Account:
    """A new organisation with its first owner."""
    check_login(login)
    if owner.kind != Kind.USER:
        raise Invalid("Only a user can own an organization")
    account = Account(login=login, login_key=login.lower(), kind=Kind.ORGANIZATION)
    account.set_unusable_password()
    with transaction.atomic():
        _insert(account)
        Membership.objects.create(organization=account, user=owner, role=Membership.Role.OWNER)
    return account


def author(actor: Actor) -> Account | None:
    """Who is named as the one that did what the actor does; of a job that is the account of ``BOT``, made when
    it is first needed. It has no rights, no password and no token."""
    return bot() if actor.kind == "job" else actor.account


def bot() -> Account:
    """The account of ``BOT``."""
    unusable = {"login": BOT, "kind": Kind.BOT, "password": make_password(None)}
    return Account.objects.get_or_create(login_key=BOT, defaults=unusable)[0]


def find(login: str) -> Account:
    """The user or organisation with this login in whatever case; ``NotFound`` when there is none."""
    account = Account.objects.filter(login_key=login.lower(), is_active=True).first()
    if account is None:
        raise NotFound
    return account


def organizations(account: Account) -> QuerySet[Account]:
    """The organisations that somebody belongs to, by login."""
    member = Membership.objects.filter(user=account).values("organization")
    return Account.objects.filter(pk__in=member, is_active=True).order_by("login_key")


def check_login(login: str) -> None:
    """GitHub's rules: letters, digits and single inner hyphens, 39 at most, and none of our own paths."""
    if not _LOGIN.fullmatch(login) or len(login) > LOGIN_LENGTH:
        raise Invalid(
            f"{login!r} is no login: give up to {LOGIN_LENGTH} letters, digits or single hyphens, "
            "with no hyphen at either end",
            [FieldError("User", "login", "invalid")],
        )
    if login.lower() in RESERVED:
        raise Invalid(f"{login!r} is reserved; choose another", [FieldError("User", "login", "invalid")])


def check_password(password: str, account: Account | None = None) -> None:
    """``Invalid`` with every reason why the password is too weak."""
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), [FieldError("User", "password", "invalid")]) from error


def _insert(account: Account) -> Account:
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict(f"The login {account.login} is taken") from error
    return account
