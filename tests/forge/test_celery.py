"""The embedded worker and beat: started and stopped as threads, with nothing left behind."""

from __future__ import annotations

import threading

import pytest
from django.conf import settings

from forge import celery
from forge.actions import background, wakeup
from forge.actions.models import Job
from forge.threads import run_sync
from tests.engine import CI, Project
from tests.forge.actions.texts import ONE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]


@pytest.mark.skipif(not settings.EMBEDDED, reason="with Redis the workers are processes")
async def test_a_push_is_expanded_in_the_embedded_mode() -> None:
    before = set(threading.enumerate())
    stop = await run_sync(celery.start_embedded)
    try:
        project = await run_sync(Project.new)
        async with wakeup.listen(f"repository:{project.repository.pk}") as waiter:
            await run_sync(project.push, {CI: ONE})
            assert await waiter.wait(20)
        assert await run_sync(Job.objects.filter(run__repository=project.repository, status="queued").count) == 1
    finally:
        await run_sync(stop)
    names = {thread.name for thread in set(threading.enumerate()) - before if not thread.name.startswith("forge-door")}
    assert not {name for name in names if name.startswith(("celery", "forge-nudge"))}
    assert background._sender is None
