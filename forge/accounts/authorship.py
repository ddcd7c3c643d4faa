"""Which accounts stand behind the addresses in commits.

An account's own address is the one that an administrator gave it; what somebody writes into a public profile
proves nothing and counts for nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Lower

from forge.accounts.models import Account

_HIDDEN = re.compile(r"(?:(?P<id>\d{1,18})\+)?(?P<login>[^@+]+)@(?P<host>.+)")


def hidden_address(account: Account) -> str:
    """An address that leads nowhere and still tells who it is, for commits made here."""
    return f"{account.pk}+{account.login}@{_host()}"


def addresses(account: Account) -> list[str]:
    """Every address under which the account may have committed."""
    hidden = [hidden_address(account), f"{account.login}@{_host()}"]
    return [account.email, *hidden] if account.email else hidden


def by_address(addresses: Iterable[str]) -> dict[str, Account]:
    """The accounts by lower-cased address; an address that several accounts have is nobody's."""
    wanted = {one.lower() for one in addresses}
    logins = {found["login"]: one for one in wanted if (found := _hidden(one)) is not None}
    if not wanted:
        return {}
    known: dict[str, Account | None] = {}
    accounts = Account.objects.annotate(address=Lower("email"))
    for account in accounts.filter(Q(address__in=wanted) | Q(login_key__in=list(logins)), is_active=True):
        address = account.email.lower()
        if address in wanted:
            known[address] = None if address in known else account
        if account.login_key in logins:
            known[logins[account.login_key]] = account
    return {address: account for address, account in known.items() if account is not None}


def _hidden(address: str) -> re.Match[str] | None:
    found = _HIDDEN.fullmatch(address)
    return found if found is not None and found["host"] == _host() else None


def _host() -> str:
    return f"users.noreply.{urlsplit(settings.PUBLIC_URL).hostname}"
