"""Background work. Celery carries only what may run twice or not at all: nudges and sweeps.

Several processes: Redis is the broker; `celery -A forge.celery worker` and `beat` run it. In the embedded
mode the queue is in memory, and worker and beat are threads of the one web process; nudges do not wait there
until the worker looks again, but run at once in a few threads of their own.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forge.settings")

log = logging.getLogger(__name__)

#: Threads of the embedded worker, and as many for nudges; SQLite writes one at a time anyway.
EMBEDDED_THREADS = 4
TIDY_SECONDS = 10.0
#: A schedule starts so late at most; looking for due ones is one query.
SCHEDULE_SECONDS = 5.0
CHECK_SECONDS = 60.0
#: What is past its time is refused from that moment on, so taking it away may wait.
KEEP_SECONDS = 60.0

app = Celery("forge")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    # A waiting consumer of the memory broker looks this often; Redis blocks instead.
    broker_transport_options={"polling_interval": 0.02} if settings.EMBEDDED else {},
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_default_queue="forge",
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_pool="threads",
    # What a dead worker had in hand is found by the sweeps; nothing is handed out twice for that.
    task_acks_late=False,
    beat_schedule={
        "sweep": {
            "task": "forge.actions.tasks.sweep",
            "schedule": settings.SWEEP_SECONDS,
            "options": {"expires": max(settings.SWEEP_SECONDS * 5, 10)},
        },
        "schedule": {
            "task": "forge.actions.tasks.schedule",
            "schedule": SCHEDULE_SECONDS,
            "options": {"expires": SCHEDULE_SECONDS * 5},
        },
        "tidy": {
            "task": "forge.actions.tasks.tidy",
            "schedule": TIDY_SECONDS,
            "options": {"expires": TIDY_SECONDS * 5},
        },
        "keep": {
            "task": "forge.artifacts.tasks.keep",
            "schedule": KEEP_SECONDS,
            "options": {"expires": KEEP_SECONDS},
        },
        "check": {
            "task": "forge.actions.tasks.check",
            "schedule": CHECK_SECONDS,
            "options": {"expires": CHECK_SECONDS},
        },
    },
    beat_scheduler="celery.beat:Scheduler",  # in memory: every entry may be late or early
    imports=("forge.actions.tasks", "forge.artifacts.tasks"),
    timezone="UTC",
)


def send(task: str, args: tuple[object, ...]) -> None:
    """Hand a task of the engine to the broker."""
    app.send_task(f"forge.actions.tasks.{task}", args, ignore_result=True)


def connect() -> None:
    """Send the tasks of this process to the broker from now on. In the embedded mode a worker must run here."""
    from forge.actions import background  # here: the apps are loaded by now

    background.use(send)


def start_embedded() -> Callable[[], None]:
    """Run worker and beat as threads of this process; the answer stops both and waits for them."""
    from forge.actions import background

    stop_worker = _start_worker()
    stop_beat = _start_beat()
    nudged = ThreadPoolExecutor(EMBEDDED_THREADS, thread_name_prefix="forge-nudge")
    background.use(lambda task, args: _go_on(nudged, task, args))

    def stop() -> None:
        background.use(None)
        nudged.shutdown(cancel_futures=True)  # what it did not come to, the sweep does after the next start
        stop_beat()
        stop_worker()

    return stop


def _go_on(pool: ThreadPoolExecutor, task: str, args: tuple[object, ...]) -> None:
    """Run a task of the engine in a thread of this process, now."""
    run = app.tasks[f"forge.actions.tasks.{task}"]
    pool.submit(_nudge, task, partial(run, *args))


def _nudge(task: str, call: Callable[[], object]) -> None:
    from forge.threads import guarded  # here: the settings are known by now

    try:
        guarded(call)
    except Exception:
        log.exception("task %s failed; a sweep will do its work", task)


def _start_worker() -> Callable[[], None]:
    app.loader.import_default_modules()
    app.finalize()
    ready = threading.Event()
    worker = app.WorkController(
        concurrency=EMBEDDED_THREADS,
        pool="threads",
        hostname="embedded@forge",
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
        ready_callback=lambda consumer: ready.set(),
        logfile=None,
        loglevel="WARNING",
    )
    thread = threading.Thread(target=_work, args=(worker, ready), name="celery-worker", daemon=True)
    thread.start()
    if not ready.wait(20):
        raise RuntimeError("the embedded worker did not start")

    def stop() -> None:
        from celery.worker import state

        state.should_stop = 0  # type: ignore[assignment]  # an exit code; the consumer's loop looks at it
        thread.join(20)
        state.should_stop = None

    return stop


def _work(worker: Any, ready: threading.Event) -> None:
    try:
        worker.start()
    except Exception:
        log.exception("the embedded worker ended")
    finally:
        ready.set()


def _start_beat() -> Callable[[], None]:
    from celery.beat import Scheduler, Service

    service = Service(app, scheduler_cls=Scheduler, max_interval=1)
    thread = threading.Thread(target=_beat, args=(service,), name="celery-beat", daemon=True)
    thread.start()

    def stop() -> None:
        service.stop(wait=False)
        thread.join(10)

    return stop


def _beat(service: Any) -> None:
    try:
        service.start()
    except Exception:
        log.exception("the embedded beat ended")


if not settings.EMBEDDED:
    connect()
