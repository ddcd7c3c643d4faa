"""Tell waiting runners and watching browsers that something changed.

A message says only *that* something changed; whoever waits asks the database what. Subscribe, then
query, then wait: so nothing falls between. In one process the messages go straight to the waiters;
with Redis every process has one subscription and hands on to its own. A lost message costs as long as
the waiter's own period of asking.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)

CHANNEL = "forge:wakeup"


@dataclass(frozen=True)
class Offer:
    """Work for one suitable runner: what its job asks for. ``tried`` have taken nothing."""

    labels: frozenset[str]  # lower case
    repository_id: int
    owner_id: int
    group: str = ""  # the group of runners that it asks for, in lower case
    tried: frozenset[int] = frozenset()


@dataclass(eq=False)
class Waiter:
    """One waiting call. As an async context manager it is subscribed; ``wait`` ends at any of its topics."""

    topics: tuple[str, ...]
    _loop: asyncio.AbstractEventLoop | None = None
    _event: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Waiter:
        self._loop = asyncio.get_running_loop()
        await _hub.ready()
        _hub.add(self)
        return self

    async def __aexit__(self, *exc: object) -> None:
        _hub.drop(self)

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - callers want an answer, not an exception
        """True when woken, False after ``timeout`` seconds. Wake-ups since the last wait count."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout)
        except TimeoutError:
            return False
        self._event.clear()
        return True

    def wake(self) -> None:
        """From any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)


@dataclass(eq=False)
class Seeker(Waiter):
    """A waiting runner with room: besides its topics it is woken by one offer at a time."""

    runner_id: int = 0
    labels: frozenset[str] = frozenset()
    repository_id: int | None = None
    owner_id: int | None = None
    groups: frozenset[str] = frozenset()  # what its group is called
    repositories: frozenset[int] | None = None  # those that its group serves; None for all of the above
    room: bool = True
    offer: Offer | None = None

    def suits(self, offer: Offer) -> bool:
        """True when this runner could take such a job and is not busy with another offer."""
        if not self.room or self.offer is not None or self.runner_id in offer.tried:
            return False
        if self.repository_id is not None and self.repository_id != offer.repository_id:
            return False
        if self.owner_id is not None and self.owner_id != offer.owner_id:
            return False
        if self.repositories is not None and offer.repository_id not in self.repositories:
            return False
        return offer.labels <= self.labels and (not offer.group or offer.group in self.groups)

    def decline(self) -> None:
        """It took nothing: the offer goes on to the next suitable runner."""
        offer, self.offer = self.offer, None
        if offer is not None:
            _hub.offer(replace(offer, tried=offer.tried | {self.runner_id}))


def listen(*topics: str) -> Waiter:
    """An async context manager whose ``await wait(timeout)`` says whether any topic was touched."""
    return Waiter(topics)


def offer(labels: Iterable[str], repository_id: int, owner_id: int, group: str = "") -> None:
    """A job that asks for these labels (and this group) is queued: wake one suitable runner, after commit."""
    asked = {"labels": sorted(label.lower() for label in labels), "group": group.lower()}
    _after_commit({**asked, "repository": repository_id, "owner": owner_id})


def offer_here(offered: Offer) -> bool:
    """Wake one suitable runner of this process, at once. False when none waits here."""
    return _hub.offer(offered)


def runner_changed(runner_id: int) -> None:
    """A cancel, drain or removal concerns this runner."""
    touch(f"runner:{runner_id}")


def runners_changed(runner_ids: Iterable[int]) -> None:
    """These may take other jobs now."""
    if topics := [f"runner:{runner_id}" for runner_id in runner_ids]:
        touch(*topics)


def run_changed(run_id: int, repository_id: int | None = None, actor_id: int | None = None) -> None:
    """A run's state moved on; its repository's lists show it, and those of whoever started it."""
    lists = [f"repository:{repository_id}"] if repository_id else []
    touch(f"run:{run_id}", *lists, *([f"actor:{actor_id}"] if actor_id else []))


def log_grew(job_id: int) -> None:
    """There are new bytes in a job's log."""
    touch(f"job:{job_id}")


def touch(*topics: str) -> None:
    """Wake everyone who listens to any of these, after commit; from any thread."""
    _after_commit({"topics": topics})


def _after_commit(message: dict[str, Any]) -> None:
    transaction.on_commit(lambda: _publish(message))


def _publish(message: dict[str, Any]) -> None:
    if settings.EMBEDDED:
        _hub.deliver(message)
        return
    try:
        _redis.publish(json.dumps(message))
    except Exception:  # whoever waits asks the database now and then
        log.warning("a wake-up could not be sent", exc_info=True)


class _Hub:
    """The waiters of this process. The oldest suitable seeker gets an offer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_topic: dict[str, dict[Waiter, None]] = {}
        self._seekers: dict[Seeker, None] = {}

    async def ready(self) -> None:
        """With Redis: wait until this process is subscribed, two seconds at most."""
        if not settings.EMBEDDED and not _redis.subscribed.is_set():
            await asyncio.to_thread(_redis.subscribe)

    def add(self, waiter: Waiter) -> None:
        with self._lock:
            for topic in waiter.topics:
                self._by_topic.setdefault(topic, {})[waiter] = None
            if isinstance(waiter, Seeker):
                self._seekers[waiter] = None

    def drop(self, waiter: Waiter) -> None:
        with self._lock:
            for topic in waiter.topics:
                listeners = self._by_topic.get(topic, {})
                listeners.pop(waiter, None)
                if not listeners:
                    self._by_topic.pop(topic, None)
            if isinstance(waiter, Seeker):
                self._seekers.pop(waiter, None)

    def deliver(self, message: dict[str, Any]) -> None:
        if "topics" in message:
            self.wake(message["topics"])
        else:
            labels, group = frozenset(message["labels"]), message.get("group", "")
            self.offer(Offer(labels, message["repository"], message["owner"], group))

    def wake(self, topics: Iterable[str]) -> None:
        with self._lock:
            woken = [waiter for topic in topics for waiter in self._by_topic.get(topic, ())]
        for waiter in woken:
            waiter.wake()

    def wake_all(self) -> None:
        with self._lock:
            woken = {waiter for listeners in self._by_topic.values() for waiter in listeners} | set(self._seekers)
        for waiter in woken:
            waiter.wake()

    def offer(self, offered: Offer) -> bool:
        with self._lock:
            chosen = next((seeker for seeker in self._seekers if seeker.suits(offered)), None)
            if chosen is None:
                return False
            chosen.offer = offered
        chosen.wake()
        return True


class _Redis:
    """The one connection that publishes and the one thread that is subscribed, made when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: Any = None
        self._thread: threading.Thread | None = None
        self.subscribed = threading.Event()

    def publish(self, text: str) -> None:
        import redis

        with self._lock:
            if self._client is None:
                self._client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
        self._client.publish(CHANNEL, text)

    def subscribe(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._read_forever, name="wakeup", daemon=True)
                self._thread.start()
        self.subscribed.wait(2)

    def _read_forever(self) -> None:
        while True:
            try:
                self._read()
            except Exception:
                log.warning("the wake-up subscription broke; connecting again", exc_info=True)
            self.subscribed.clear()
            time.sleep(0.5)

    def _read(self) -> None:
        import redis

        # A blocking read has no timeout; keep-alive pings find a dead peer.
        client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=None, socket_keepalive=True)
        with client, client.pubsub(ignore_subscribe_messages=False) as channel:
            channel.subscribe(CHANNEL)
            for message in channel.listen():
                if message["type"] == "subscribe":
                    self.subscribed.set()
                    _hub.wake_all()  # something may have been said while nobody listened
                elif message["type"] == "message":
                    _hub.deliver(json.loads(message["data"]))


_hub = _Hub()
_redis = _Redis()
