"""`forge demo`: from nothing to a verdict, and on serving until Ctrl-C (ONCE=1: until the verdict).

Server and runner are processes of their own, as in real life; this process is the person who pushes and watches.
PORT and DATA choose the place. The exit status is 0 when the run succeeded.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from rich.console import Console

from forge.demo import engine, place
from forge.demo.client import Client, NoRun
from forge.demo.follow import Follower
from forge.demo.processes import DidNotStart, Process, environment
from forge.demo.push import PushFailed, push

if TYPE_CHECKING:
    from forge.demo.rows import Rows

#: What the demonstration's workflow asks for.
LABEL = "ubuntu-latest"
#: What may go wrong in ways that a person can mend; said without a traceback.
PLAIN = (place.CannotStart, DidNotStart, PushFailed, NoRun)


class Stopped(BaseException):
    """Somebody ended the demonstration; not an error."""


def main() -> int:
    """Run it all; the exit status."""
    console = Console(highlight=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    once = os.environ.get("ONCE", "") not in ("", "0")
    try:
        with ExitStack() as stack:
            return _demonstrate(console, stack, once=once)
    except PLAIN as error:
        console.print(f"demo: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    except Stopped:
        console.print("stopped")
        return 130 if once else 0


def _demonstrate(console: Console, stack: ExitStack, *, once: bool) -> int:
    started = time.monotonic()
    here = place.choose()
    if here.temporary:
        stack.callback(shutil.rmtree, here.data, ignore_errors=True)
    if here.note:
        _say(console, here.note)
    where = engine.find(lambda text: _say(console, text))
    _say(console, f"jobs run {'in containers' if where.image else 'on this machine, without isolation'}: {where.why}")
    server = _server(here, where, stack)
    rows = _rows(here, server)
    _say(console, f"the server is ready at {here.url}")
    runner = _runner(here, where, rows, stack)
    _say(console, f"one runner is ready ({where.backend} backend, label {LABEL})")
    sha = push(f"{here.url}/{rows.repository}.git", rows.login, rows.token)
    _say(console, f"pushed {sha[:10]} to {here.url}/{rows.repository}.git")
    client = Client(here.url, rows.repository, rows.token)
    run = client.run_of(sha)
    run = Follower(client, int(run["id"]), console).follow()
    _tell(console, run, rows, time.monotonic() - started)
    console.print(f"conclusion: {run['conclusion']}")
    if not once:
        _serve_on(console, [server, runner])
    return 0 if run["conclusion"] == "success" else 1


def _server(here: place.Place, where: engine.Engine, stack: ExitStack) -> Process:
    """Start it; it makes the database. Whoever needs it waits until it is ready."""
    arguments = ["forge.cli", "up", "--port", str(here.port), "--data", str(here.data)]
    if where.gateway:
        arguments += ["--also-listen", where.gateway]
    server = Process("server", arguments, here.data / "server.log", environment("DATA", "PORT"), "Forge is ready")
    stack.callback(server.stop)
    return server


def _rows(here: place.Place, server: Process) -> Rows:
    """Who is needed in the database. Only from here on Django may be imported: it reads the environment."""
    os.environ.update(FORGE_DATA=str(here.data), FORGE_URL=here.url, DJANGO_SETTINGS_MODULE="forge.settings")
    import django

    django.setup()  # takes as long as the server takes to start, so they do it side by side
    from forge.demo import rows

    server.wait_ready()
    return rows.make()


def _runner(here: place.Place, where: engine.Engine, rows: Rows, stack: ExitStack) -> Process:
    """Register an agent and start it. Its token travels by the environment, where no list of processes shows it."""
    folder = ["--dir", str(here.data / "runner")]
    settings = {"FORGE_RUNNER_BACKEND": where.backend, "FORGE_RUNNER_LABELS": LABEL, "FORGE_RUNNER_NAME": "demo"}
    if where.image:
        settings["FORGE_RUNNER_IMAGE"] = where.image
    if where.gateway:
        settings["FORGE_RUNNER_CONTAINER_URL"] = f"http://{where.gateway}:{here.port}"
    own = environment("FORGE_", **settings)
    register = [sys.executable, "-m", "runner", "register", "--url", here.url, "--replace", *folder]
    done = subprocess.run(
        register, env={**own, "FORGE_RUNNER_TOKEN": rows.runner_token}, stdin=subprocess.DEVNULL, capture_output=True
    )
    if done.returncode != 0:
        raise DidNotStart(f"the runner could not register:\n{(done.stdout + done.stderr).decode(errors='replace')}")
    runner = Process("runner", ["runner", "run", *folder], here.data / "runner.log", own, " is ready")
    stack.callback(runner.stop)
    runner.wait_ready()
    return runner


def _tell(console: Console, run: dict[str, Any], rows: Rows, seconds: float) -> None:
    """The verdict, where to look at it, and how to get in."""
    colour = "green" if run["conclusion"] == "success" else "red"
    console.print()
    console.print(f"[bold {colour}]{run['name']} #{run['run_number']}: {run['conclusion']}[/] in {seconds:.1f} s")
    console.print(f"  the run     {run['html_url']}", soft_wrap=True)
    console.print(f"  sign in     user {rows.login}, password {rows.password}", markup=False)
    console.print(f"  with curl   Authorization: Bearer {rows.token}", markup=False, soft_wrap=True)


def _serve_on(console: Console, processes: list[Process]) -> None:
    """Until Ctrl-C, or until one of them ends by itself."""
    console.print("serving on; Ctrl-C ends it")
    ended = threading.Event()
    while not ended.wait(1):
        for process in processes:
            if process.has_ended:
                raise DidNotStart(f"the {process.name} has ended:\n{process.last_words()}")


def _say(console: Console, text: str) -> None:
    console.print(f"demo: {text}", markup=False, soft_wrap=True)


def _stop(number: int, frame: object) -> None:
    raise Stopped
