"""The runner protocol, below ``/api/v1/``."""

from django.urls import URLPattern, URLResolver, path

from forge.api.agent import jobs, polls, runners

urlpatterns: list[URLPattern | URLResolver] = [
    path("runners/register", runners.register),
    path("runners/poll", polls.poll),  # type: ignore[arg-type]  # the stubs know no async views
    path("runners/heartbeat", runners.heartbeat),
    path("runners/recover", runners.recover),
    path("runners/rotate", runners.rotate),
    path("runners/leave", runners.leave),
    path("runners/remove", runners.remove),
    path("jobs/<int:job_id>/cancel-check", jobs.cancel_check),
    path("jobs/<int:job_id>/steps", jobs.steps),
    path("jobs/<int:job_id>/log", jobs.log),
    path("jobs/<int:job_id>/status", jobs.status),
]
