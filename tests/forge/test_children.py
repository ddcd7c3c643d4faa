"""A child is asked three times, and killed only when it will not hear."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from forge.children import stop_child

CHILD = """
import signal, sys
asked = 0
def ask(*_):
    global asked
    asked += 1
    if asked == int(sys.argv[1]):
        sys.exit(asked)
signal.signal(signal.SIGTERM, ask)
print("ready", flush=True)
while True:
    signal.pause()
"""


@pytest.mark.parametrize(("ends_at", "status"), [(1, 1), (2, 2), (3, 3), (4, -signal.SIGKILL)])
def test_asked_three_times(ends_at: int, status: int) -> None:
    with subprocess.Popen([sys.executable, "-c", CHILD, str(ends_at)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        stop_child(child, patience=1)
        assert child.returncode == status
