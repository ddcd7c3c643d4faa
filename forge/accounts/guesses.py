"""Wrong credentials, counted, so that nobody can go on guessing.

Passwords can be guessed: their tries are counted before they are looked at, those of one login from one
address and all of one address, and too many are refused unread. Tokens cannot: whoever shows many wrong
ones is told to wait, but a right one still opens, since many jobs and people may share one address.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.core.cache import cache


@dataclass(frozen=True)
class Limit:
    """At most so many within so many seconds of the first."""

    name: str
    most: int
    seconds: int = 300

    def count(self, *who: str) -> bool:
        """Count one more; False when it is one too many."""
        key = self._key(who)
        cache.add(key, 0, timeout=self.seconds)
        try:
            return bool(cache.incr(key) <= self.most)
        except ValueError:  # it ran out between the two
            cache.set(key, 1, timeout=self.seconds)
            return True

    def forget(self, *who: str) -> None:
        """They know it after all."""
        cache.delete(self._key(who))

    def _key(self, who: tuple[str, ...]) -> str:
        """Whatever was typed as a login, a cache can keep its digest."""
        text = "\0".join(who)
        return f"guesses:{self.name}:{hashlib.sha256(text.encode(errors='replace')).hexdigest()}"


#: Tries of one login from one address, and of all logins from it.
LOGIN = Limit("login", 10)
LOGINS = Limit("logins", 60)
#: Wrong tokens of one address, at the API, git and the feed.
TOKENS = Limit("tokens", 60)
#: Wrong registration and remove tokens of one address.
REGISTRATIONS = Limit("registrations", 20)
