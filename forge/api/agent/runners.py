"""Register, heartbeat and remove."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from forge.accounts import guesses
from forge.actions import leases
from forge.actions.refusals import TooManyWrong
from forge.api.agent.door import answer, bearer, door, message, nothing, runner_of
from forge.api.agent.polls import heard, must_be_alone
from forge.errors import Forbidden
from forge.runners import groups, registration
from workflows.messages import (
    Heartbeat,
    HeartbeatAnswer,
    HeartbeatEntry,
    Leave,
    Recover,
    Recovered,
    Register,
    Registered,
    Rotate,
)

MOST_LEFT = 1000  # jobs in one call of recover


@door("POST")
def register(request: HttpRequest) -> HttpResponseBase:
    """A registration token lets a new runner in; what it replaces is lost at once."""
    wanted = message(request, Register)
    with _counted(request):
        runner = registration.register(bearer(request), wanted)
    if wanted.replace:
        for older in registration.replaced_by(runner):
            leases.release(older, "runner_replaced")
    return answer(
        Registered(
            runner=runner.pk,
            name=runner.name,
            labels=tuple(runner.labels),
            lease_seconds=settings.LEASE_SECONDS,
            heartbeat_seconds=settings.HEARTBEAT_SECONDS,
            group=groups.title(runner.group)[1],
        )
    )


@door("POST")
def heartbeat(request: HttpRequest) -> HttpResponseBase:
    """Renew the leases of the jobs named. Only the process that polls says by it what it works on."""
    runner = runner_of(bearer(request))
    beat = message(request, Heartbeat)
    if runner.instance and runner.instance != beat.instance:
        if not beat.active:  # somebody who only looks whether the credential is good
            must_be_alone(runner, beat.instance)
        superseded = tuple(HeartbeatEntry(one.job, one.epoch, held=False) for one in beat.active)
        return answer(HeartbeatAnswer(superseded, runner.draining))
    heard(runner, beat.instance)
    return answer(HeartbeatAnswer(leases.heartbeat(runner, beat.active), runner.draining))


@door("POST")
def recover(request: HttpRequest) -> HttpResponseBase:
    """Jobs that the runner goes on with no more; what the server still wants of their logs."""
    runner = runner_of(bearer(request))
    said = message(request, Recover)
    must_be_alone(runner, said.instance)
    return answer(Recovered(leases.recover(runner, said.jobs[:MOST_LEFT])))


@door("POST")
def rotate(request: HttpRequest) -> HttpResponseBase:
    """The runner announces its next credential."""
    runner = runner_of(bearer(request))
    said = message(request, Rotate)
    must_be_alone(runner, said.instance)
    registration.rotate(runner, said.credential_hash)
    return nothing()


@door("POST")
def leave(request: HttpRequest) -> HttpResponseBase:
    """The runner's process ends: it is offline from now on, and another process may show its credential."""
    runner = runner_of(bearer(request))
    registration.leave(runner, message(request, Leave).instance)
    return nothing()


@door("POST")
def remove(request: HttpRequest) -> HttpResponseBase:
    """The runner's own credential, or a remove token with the runner's name in the query."""
    text, name = bearer(request), request.GET.get("name")
    if name:
        with _counted(request):
            runner = registration.remove_by_token(text, name)
    else:
        runner = runner_of(text)
        registration.remove(runner)
    leases.release(runner.pk)
    return nothing()


@contextmanager
def _counted(request: HttpRequest) -> Iterator[None]:
    """Wrong registration tokens of one address are counted; too many are told to wait."""
    try:
        yield
    except Forbidden:
        if guesses.REGISTRATIONS.count(request.META.get("REMOTE_ADDR", "")):
            raise
        raise TooManyWrong(guesses.REGISTRATIONS.seconds) from None
