"""Environments of a repository: listed, shown, made and given their rules, deleted."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from forge.actions import approve
from forge.api.pagination import listed, page
from forge.api.v3.base import ApiView, body, flag, number
from forge.api.v3.environment_shapes import environment
from forge.api.v3.places import Place
from forge.environments import environments, rules
from forge.environments.models import Environment
from forge.errors import FieldError, Invalid
from forge.repos.models import Right
from forge.vault import removal

_POLICY = ("protected_branches", "custom_branch_policies")


class EnvironmentsView(ApiView):
    """GET /repos/{owner}/{repo}/environments"""

    permission = "actions"

    @extend_schema(operation_id="repos_get_all_environments", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """All of them, by name."""
        repository = self.repository(Right.READ)
        at = Place.of(repository, request)
        found = rules.complete(environments.of_repository(repository))
        return listed(page(request, found), "environments", lambda row: environment(row, at))


class EnvironmentBound(ApiView):
    """Base of what concerns one environment, named in the URL as ``environment_name``."""

    permission = {
        "GET": "actions=read",
        "POST": "administration=write",
        "PUT": "administration=write",
        "DELETE": "administration=write",
    }

    def environment(self, right: Right) -> Environment:
        """The environment of the URL, in the repository of the URL."""
        return environments.find(self.repository(right), self.kwargs["environment_name"])

    def place(self, row: Environment) -> Place:
        """Where its repository's things are."""
        return Place.of(row.repository, self.request)


class EnvironmentView(EnvironmentBound):
    """GET, PUT and DELETE /repos/{owner}/{repo}/environments/{environment_name}"""

    @extend_schema(operation_id="repos_get_environment", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: Any) -> Response:
        """One by its name."""
        row = self.environment(Right.READ)
        return Response(environment(row, self.place(row)))

    @extend_schema(operation_id="repos_create_or_update_environment", responses=OpenApiTypes.OBJECT)
    def put(self, request: Request, **_: Any) -> Response:
        """Make it, or save it again: what the body does not say has no rule afterwards."""
        repository = self.repository(Right.ADMIN)
        values, reviewers = _wanted(body(request))
        rules.check(repository, values, reviewers)  # before there is an environment that protects nothing
        row = environments.put(repository, self.kwargs["environment_name"])
        rules.change(self.actor, row, values, reviewers)
        row.repository = repository
        approve.rules_changed(repository, row)
        return Response(environment(row, Place.of(repository, request)))

    @extend_schema(operation_id="repos_delete_an_environment", responses={204: None})
    def delete(self, request: Request, **_: Any) -> Response:
        """Take it away with its secrets and variables; jobs that wait for it fail."""
        row = self.environment(Right.ADMIN)
        removal.environment(self.actor, row)
        approve.rules_changed(row.repository)
        return Response(status=204)


def _wanted(data: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
    """The columns and the reviewers that a body asks for."""
    policy = data.get("deployment_branch_policy")
    if policy is not None and not isinstance(policy, dict):
        raise _invalid("deployment_branch_policy", "deployment_branch_policy must be an object or null")
    chosen = {name: bool(flag(policy or {}, name)) for name in _POLICY}
    if policy is not None and (chosen[_POLICY[0]] == chosen[_POLICY[1]] or set(_POLICY) - set(policy)):
        raise _invalid("deployment_branch_policy", f"{_POLICY[0]} and {_POLICY[1]} must be given and not be the same")
    values = {
        "wait_timer": number(data, "wait_timer") or 0,
        "prevent_self_review": bool(flag(data, "prevent_self_review")),
        "can_admins_bypass": bool(flag(data, "can_admins_bypass")),
        **chosen,
    }
    return values, _reviewers(data.get("reviewers"))


def _reviewers(given: Any) -> list[int]:
    if given is None:
        return []
    if not isinstance(given, list):
        raise _invalid("reviewers", "reviewers must be a list")
    found = []
    for one in given:
        kind, number = (one.get("type"), one.get("id")) if isinstance(one, dict) else (None, None)
        if kind == "Team":
            raise _invalid("reviewers", "There are no teams here; name users")
        if kind != "User" or not isinstance(number, int) or isinstance(number, bool):
            raise _invalid("reviewers", 'Each of reviewers must be {"type": "User", "id": …}')
        found.append(number)
    return found


def _invalid(field: str, words: str) -> Invalid:
    return Invalid(words, [FieldError("Environment", field, "invalid", words)])
