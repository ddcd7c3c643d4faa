"""Logging in and out, home, a person's or an organisation's page, tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from forge import storable
from forge.accounts import guesses, tokens, users
from forge.accounts.models import AccessToken, Account, Kind, Membership
from forge.errors import Invalid, NotFound
from forge.repos import access
from forge.web import door
from forge.web.errors import page

#: What the form offers; the API takes any known scope.
SCOPES = {
    "repo": "Everything in your repositories, private ones too: code, runs, settings",
    "public_repo": "The same in public repositories only",
    "repo:read": "Read your repositories, private ones too",
    "workflow": "Change workflow files",
    "delete_repo": "Delete repositories",
    "admin:org": "Manage your organisations",
    "user": "Read and change your account",
}
_EXPIRY_DAYS = (7, 30, 90, 365)
_LISTED = 200


@sensitive_post_parameters("password")
@page
def log_in(request: HttpRequest) -> HttpResponse:
    """The form, and what it sends. Too many wrong tries make a pause of a few minutes."""
    target = request.POST.get("next", request.GET.get("next", "/"))
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    if request.method != "POST":
        return door.show(request, "accounts/login.html", next=target)
    name = request.POST.get("login", "").strip()
    address, key = request.META.get("REMOTE_ADDR", ""), storable.text(name.lower())
    # Counted before the password is looked at: tries sent all at once are tries too.
    if not (guesses.LOGINS.count(address) and guesses.LOGIN.count(address, key)):
        answer = _refused(request, name, target, "Too many wrong tries. Wait five minutes, then try again.", 429)
        answer["Retry-After"] = str(guesses.LOGIN.seconds)
        return answer
    account = authenticate(request, username=key, password=request.POST.get("password", ""))
    if account is None:
        return _refused(request, name, target, "Login or password is wrong.", 422)
    guesses.LOGIN.forget(address, key)
    login(request, account)
    return door.see_other(target)


def _refused(request: HttpRequest, name: str, target: str, error: str, status: int) -> HttpResponse:
    answer = door.show(request, "accounts/login.html", next=target, login=name, error=error)
    answer.status_code = status
    return answer


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    logout(request)
    return door.see_other("/")


@page
def home(request: HttpRequest) -> HttpResponse:
    """Repositories: one's own first, or the public ones."""
    actor = door.actor(request)
    found = access.visible(actor).order_by("-pushed_at", "-id")
    if actor.account is not None:
        mine = Membership.objects.filter(user=actor.account).values("organization")
        own = found.filter(owner=actor.account) | found.filter(owner__in=mine)
        found = own.distinct()
    return door.show(request, "accounts/home.html", repositories=list(found[:_LISTED]))


@page
def owner(request: HttpRequest, owner: str) -> HttpResponse:
    """A user or an organisation with the repositories that the person may see."""
    account = users.find(owner)
    if not account.is_active:
        raise NotFound
    found = access.visible(door.actor(request)).filter(owner=account).order_by("name_key")
    members = []
    if account.kind == Kind.ORGANIZATION:
        members = list(account.members.select_related("user").order_by("user__login_key")[:_LISTED])
    own = [one for one in members if one.user == request.user and one.role == Membership.Role.OWNER]
    return door.show(
        request, "accounts/owner.html", account=account, repositories=list(found[:_LISTED]), members=members, owns=own
    )


@page
def access_tokens(request: HttpRequest) -> HttpResponse:
    """A person's tokens; POST makes one, whose text is shown this once."""
    if not request.user.is_authenticated:
        return door.see_other("/login?next=/settings/tokens")
    account = door.person(request)
    if request.method != "POST":
        return _tokens(request, account)
    scopes = [scope for scope in request.POST.getlist("scopes") if scope in SCOPES]
    days = request.POST.get("days", "")
    expires = timezone.now() + timedelta(days=int(days)) if days in {str(day) for day in _EXPIRY_DAYS} else None
    try:
        if not scopes:
            raise Invalid("Choose one scope at least")
        _, text = tokens.create(account, request.POST.get("name", ""), scopes, expires_at=expires)
    except Invalid as error:
        answer = _tokens(request, account, error=error.message, name=request.POST.get("name", ""), chosen=scopes)
        answer.status_code = 422
        return answer
    # Shown in the answer itself and kept nowhere: not in the session, not in a cookie.
    answer = _tokens(request, account, text=text)
    answer["Cache-Control"] = "no-store"
    return answer


def _tokens(request: HttpRequest, account: Account, **context: Any) -> HttpResponse:
    found = AccessToken.objects.filter(account=account, revoked_at=None).order_by("-id")
    shown: dict[str, Any] = {
        "tokens": list(found[:_LISTED]),
        "scopes": SCOPES,
        "days": _EXPIRY_DAYS,
        "now": timezone.now(),
    }
    return door.show(request, "accounts/tokens.html", **shown, **context)


@require_POST
@page
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    """Ends one of the person's own tokens."""
    token = AccessToken.objects.filter(account=door.person(request), pk=token_id).first()
    if token is None:
        raise NotFound
    tokens.revoke(token)
    return door.see_other("/settings/tokens")
