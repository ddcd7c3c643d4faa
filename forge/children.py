"""The end of processes that Forge starts beside itself."""

from __future__ import annotations

import subprocess

#: Seconds between two calls to end. A runner lets its jobs finish after the first, cancels them after the second,
#: and gives their last steps no more time after the third (docs/runner.md).
PATIENCE_SECONDS = 8


def stop_child(child: subprocess.Popen[bytes], patience: float = PATIENCE_SECONDS) -> None:
    """Ask it to end, three times, and kill it only when it does not: a runner that is killed on a machine without
    containers leaves the processes of its jobs behind."""
    for _ in range(3):
        child.terminate()
        try:
            child.wait(patience)
            return
        except subprocess.TimeoutExpired:
            continue
    child.kill()
    child.wait()
