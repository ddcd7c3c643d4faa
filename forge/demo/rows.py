"""Who the demonstration is: its user, token, repository and runner token. Import after Django is set up."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from forge.accounts import tokens, users
from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.errors import NotFound
from forge.repos import access, repositories
from forge.repos.models import Right
from forge.runners import registration

LOGIN = "demo"
REPOSITORY = "durations"
SCOPES = ("repo", "workflow")


@dataclass(frozen=True)
class Rows:
    """What is needed to sign in, to push and to run. The secrets stay out of its printed form."""

    login: str
    repository: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    runner_token: str = field(repr=False)


def make() -> Rows:
    """A user with a fresh password and token, the repository, and leave for one runner to register.

    A data folder that was used before keeps its user and its repository.
    """
    password = secrets.token_urlsafe(9)
    account = _account(password)
    _repository(account)
    _, token = tokens.create(account, "demonstration", SCOPES)
    return Rows(LOGIN, f"{LOGIN}/{REPOSITORY}", password, token, registration.create_token())


def _account(password: str) -> Account:
    try:
        account = users.find(LOGIN)
    except NotFound:
        return users.create_user(LOGIN, password)
    account.set_password(password)
    account.save(update_fields=["password"])
    return account


def _repository(account: Account) -> None:
    actor = Actor.for_session(account)
    try:
        access.repository(actor, LOGIN, REPOSITORY, Right.WRITE)
    except NotFound:
        repositories.create(actor, LOGIN, REPOSITORY, description="Reads and writes lengths of time as people do")
