"""What every GitHub-shaped view stands on: who asks, which repository, and what the body says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.urls import URLPattern, path
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.views import APIView

from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.accounts.needs import ANY
from forge.api.declared import DeclaredView
from forge.errors import FieldError, Forbidden, Invalid, NotFound
from forge.repos import access
from forge.repos.models import Repository, Right


class ApiView(DeclaredView):
    """Base of the views. The URL names a repository as ``owner`` and ``repo`` or as ``repository_id``."""

    #: The scopes of which the call needs one, once it is known which; told to whoever shows a token.
    _accepted: Sequence[str] = ()

    def repository(self, right: Right) -> Repository:
        """The repository of the URL, if the actor has this right in it."""
        if "repository_id" in self.kwargs:
            found = access.repository_by_id(self.actor, self.kwargs["repository_id"], right, self.need)
        else:
            found = access.repository(self.actor, self.kwargs["owner"], self.kwargs["repo"], right, self.need)
        self._accepted = access.accepted(found, right)
        return found

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """DRF's hook after the method: the scopes that would do, whether or not these were enough."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        actor: Actor | None = getattr(request._request, "actor", None)
        if actor is not None and actor.kind == "token":
            answer.headers.setdefault("X-Accepted-OAuth-Scopes", ", ".join(self._accepted))
        return answer

    def need_account(self, *scopes: str) -> Account:
        """The account that asks, if its credential covers one of these scopes (none: any credential)."""
        self._accepted = scopes
        if self.actor.account is None:
            raise Forbidden("This needs a user's credential")
        if scopes and not any(self.actor.allows(scope) for scope in scopes):
            raise Forbidden(f"This token needs one of the scopes {', '.join(scopes)}", scopes)
        return self.actor.account


class NotFoundView(ApiView):
    """Every path that is no route: 404 in GitHub's words, whatever the method."""

    permission = ANY
    schema = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Ask as any view does (a bad credential is still a 401), then say that nothing is there."""
        self.http_method_not_allowed = self._nothing  # type: ignore[method-assign]
        return super().dispatch(request, *args, **kwargs)

    def _nothing(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        raise NotFound


def body(request: Request) -> dict[str, Any]:
    """The request's JSON object, ``{}`` for no body; 400 when it is some other JSON."""
    if not isinstance(request.data, dict):
        raise ParseError("Body should be a JSON object")
    return request.data


def text(data: dict[str, Any], name: str, default: str | None = None) -> str | None:
    """A string of the body, ``default`` when absent or null; 422 for another type."""
    return cast("str | None", _typed(data, name, str, default))


def flag(data: dict[str, Any], name: str, default: bool | None = None) -> bool | None:
    """A boolean of the body, ``default`` when absent or null; 422 for another type."""
    return cast("bool | None", _typed(data, name, bool, default))


def required_text(data: dict[str, Any], name: str, resource: str) -> str:
    """A string that must be there and not be blank; 422 otherwise."""
    value = text(data, name)
    if value is None or not value.strip():
        raise Invalid("Validation Failed", [FieldError(resource, name, "missing_field")])
    return value


def number(data: dict[str, Any], name: str) -> int | None:
    """A whole number of the body, None when absent or null; 422 for another type, and for what no row can hold."""
    value = cast("int | None", _typed(data, name, int, None))
    if isinstance(value, bool) or (value is not None and abs(value) >= 2**31):
        raise Invalid("Validation Failed", [FieldError("Request", name, "invalid", f"{name} must be an integer")])
    return value


def required_number(data: dict[str, Any], name: str, resource: str) -> int:
    """A whole number that must be there; 422 otherwise."""
    value = number(data, name)
    if value is None:
        raise Invalid("Validation Failed", [FieldError(resource, name, "missing_field")])
    return value


def required_flag(data: dict[str, Any], name: str, resource: str) -> bool:
    """A boolean that must be there; 422 otherwise."""
    value = flag(data, name)
    if value is None:
        raise Invalid("Validation Failed", [FieldError(resource, name, "missing_field")])
    return value


def texts(data: dict[str, Any], name: str) -> list[str] | None:
    """A list of strings of the body, None when absent or null; 422 for anything else."""
    value = data.get(name)
    if value is None or (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        return cast("list[str] | None", value)
    message = f"{name} must be a list of strings"
    raise Invalid("Validation Failed", [FieldError("Request", name, "invalid", message)])


def direction(request: Request) -> bool:
    """True for ``?direction=asc``, False for ``desc`` and where nothing is asked; 422 for another word."""
    word = request.GET.get("direction") or "desc"
    if word not in ("asc", "desc"):
        raise Invalid("direction must be asc or desc", [FieldError("Request", "direction", "invalid")])
    return word == "asc"


def repository_routes(*routes: tuple[str, type[APIView]]) -> list[URLPattern]:
    """Each route below a repository twice: by owner and name, and by id. ``""`` is the repository itself."""
    patterns = []
    for start in ("repos/<str:owner>/<str:repo>", "repositories/<int:repository_id>"):
        patterns += [path(f"{start}/{route}" if route else start, view.as_view()) for route, view in routes]
    return patterns


def _typed(data: dict[str, Any], name: str, kind: type, default: Any) -> Any:
    value = data.get(name)
    if value is None:
        return default
    if not isinstance(value, kind):
        word = {str: "a string", bool: "a boolean", int: "an integer"}[kind]
        raise Invalid("Validation Failed", [FieldError("Request", name, "invalid", f"{name} must be {word}")])
    return value
