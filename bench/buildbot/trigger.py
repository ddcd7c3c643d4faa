# mypy: ignore-errors
# It runs in Buildbot's environment, which the type checker does not see.
"""Hand in the changes that are named on standard input, `PROJECT REVISION` a line, and say when each was taken."""

from __future__ import annotations

import sys
import time

from buildbot.clients.sendchange import Sender
from twisted.internet import reactor
from twisted.internet.stdio import StandardIO
from twisted.protocols.basic import LineReceiver


class Asked(LineReceiver):
    """Standard input."""

    delimiter = b"\n"

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        self._sender = Sender(f"127.0.0.1:{sys.argv[1]}", auth=("changes", "bench"))
        print("ready", flush=True)

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        project, revision = line.decode().split()
        sent = self._sender.send("main", revision, "bench", ["x"], who="bench", project=project)
        sent.addCallbacks(lambda _: print(f"taken {revision} {time.time():.6f}", flush=True), self._failed)

    def _failed(self, reason: object) -> None:
        print(f"failed {reason}", flush=True)

    def connectionLost(self, reason: object = None) -> None:  # noqa: N802 - Twisted's name
        if reactor.running:
            reactor.stop()


StandardIO(Asked())
reactor.run()
