"""What a view declares of GITHUB_TOKENs, and how it is held: here before the view, in ``repos.access`` within.

A view without a declaration refuses them, and a test fails on its route.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, cast

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from forge.accounts import users
from forge.accounts.actor import Actor
from forge.accounts.models import Account
from forge.accounts.needs import Declaration, Need, needed
from forge.api import conditional
from forge.errors import Forbidden
from forge.repos import access
from forge.repos.models import Right

_HEADER = "X-Accepted-GitHub-Permissions"


class DeclaredView(APIView):
    """Base of every view of the API. ``permission`` is what it needs of a job's token (``accounts.needs``)."""

    permission: ClassVar[Declaration] = ""

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return cast(Actor, self.request.auth)

    @property
    def author(self) -> Account | None:
        """Who is named as the one that did what the call does."""
        return users.author(self.actor)

    @property
    def need(self) -> Need:
        """What this call needs of a job's token."""
        return needed(self.permission, str(self.request.method))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """DRF's hook before the method: what no job's token can ever do is refused here already."""
        super().initial(request, *args, **kwargs)
        if self.actor.kind == "job" and not self.need.can_be_held:
            self._refuse_job()

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """DRF's hook after it: every answer to a job says what the call needs."""
        answer: HttpResponseBase = super().finalize_response(request, response, *args, **kwargs)
        actor: Actor | None = getattr(request._request, "actor", None)  # none where it was refused before that
        if actor is not None and actor.kind == "job":
            answer.headers.setdefault(_HEADER, str(self.need))
        if isinstance(answer, Response):
            answer.add_post_render_callback(partial(conditional.give_back, request._request))
        elif isinstance(answer, HttpResponse):
            conditional.give_back(request._request, answer)
        return answer

    def _refuse_job(self) -> None:
        """NotFound for a repository that it may not know of, Forbidden for all else. Below an organisation the id of
        a repository is that of one that is chosen, and says nothing of who asks."""
        named = self.kwargs
        if "org" in named:
            raise Forbidden(access.BY_INTEGRATION)
        if "repository_id" in named:
            access.repository_by_id(self.actor, named["repository_id"], Right.READ, self.need)
        elif "owner" in named:
            access.repository(self.actor, named["owner"], named["repo"], Right.READ, self.need)
        raise Forbidden(access.BY_INTEGRATION)
