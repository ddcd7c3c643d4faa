"""Threads that a step needs at once."""

from __future__ import annotations

import subprocess
import sys
import threading

from runner.threads import begin


def test_it_runs_beside() -> None:
    seen: list[int] = []
    over = threading.Event()

    def work() -> None:
        seen.append(threading.get_ident())
        over.set()

    begin(work)
    assert over.wait(10)
    assert seen != [threading.get_ident()]


def test_the_process_ends_without_it() -> None:
    program = "import threading\nfrom runner.threads import begin\nbegin(threading.Event().wait)\nprint('over')"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout == "over\n"
