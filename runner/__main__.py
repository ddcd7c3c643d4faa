"""``forge-runner register|run|once|doctor``"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from runner import config as configuration
from runner import credential as credentials
from runner import doctor, just_in_time
from runner.backends.base import Backend
from runner.client import Client, HttpTransport, retrying
from runner.clock import ServerClock, Timed
from runner.config import BACKENDS, VERSION, Config
from runner.errors import ConfigError, InfrastructureError, InUse, Refused, RunnerError, Unreachable
from runner.own_folder import owned
from runner.poller import Agent, AgentSettings
from runner.stop import Stop
from workflows.messages import Register
from workflows.states import Conclusion

_DEFAULT_FOLDER = "~/.forge-runner"
_REGISTER_TIME = 20.0  # s that register waits for a server that does not answer
_M_ARENA_MAX = -8  # malloc.h
_TURN = 0.0005  # s that a thread computes while others wait: who empties a pipe comes before its program has filled it
_FETCH_END = 5.0  # s that a pull may take to end with the agent


def main(argv: list[str] | None = None) -> int:
    """The program; the exit status."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # lost connections are told of in our own words
    try:
        return int(arguments.action(arguments))
    except (RunnerError, InfrastructureError) as error:
        print(f"forge-runner: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="forge-runner", description="Runs the jobs of a Forge server.")
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(dest="command", required=True)
    register = _command(commands, "register", "make this folder a runner of a server", _register)
    register.add_argument("--token", help="registration token; else FORGE_RUNNER_TOKEN, else standard input")
    register.add_argument("--replace", action="store_true", help="take over the name from a runner that is gone")
    register.add_argument("--ephemeral", action="store_true", help="one job, and it is gone from the server")
    register.add_argument("--group", "--runnergroup", help="runner group of the organisation; its default one without")
    for name, text, action in (("run", "take jobs until stopped", _run), ("once", "take one job, then end", _once)):
        command = _command(commands, name, text, action)
        command.add_argument("--poll-only", action="store_true", help="hold no calls: ask briefly and often")
        command.add_argument("--drain-timeout", type=float, help="seconds that running jobs get after SIGTERM")
        if name == "run":
            command.add_argument(
                "--jitconfig",
                metavar="TEXT",
                help="what generate-jitconfig answered: be that runner, for one job; - reads it from standard input, "
                "and FORGE_RUNNER_JITCONFIG has it without",
            )
    _command(commands, "doctor", "look at everything, and say what to do", _doctor)
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str, action: object
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(action=action)
    folder = os.environ.get("FORGE_RUNNER_DIR", _DEFAULT_FOLDER)
    parser.add_argument("--dir", type=Path, default=folder, help=f"data folder ({folder})")
    parser.add_argument("--url", help="the server")
    parser.add_argument("--container-url", help="the server as job containers reach it")
    parser.add_argument("--name", help="what the runner is called")
    parser.add_argument("--labels", help="what jobs ask for in runs-on, by commas")
    parser.add_argument("--capacity", help="jobs at once")
    parser.add_argument("--backend", choices=BACKENDS, help="where steps run")
    return parser


def _config(arguments: argparse.Namespace) -> Config:
    return configuration.load(Path(arguments.dir).expanduser(), **_given(arguments))


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the command line says of the configuration."""
    names = ("url", "container_url", "name", "labels", "capacity", "backend")
    return {name: getattr(arguments, name) for name in names}


def _register(arguments: argparse.Namespace) -> int:
    config = _config(arguments)
    token = arguments.token or os.environ.get("FORGE_RUNNER_TOKEN") or sys.stdin.readline().strip()
    if not token:
        raise ConfigError("no registration token: give --token, FORGE_RUNNER_TOKEN or a line on standard input")
    credential = credentials.new()
    machine = configuration.machine()
    message = Register(
        name=config.name,
        labels=config.labels,
        credential_hash=credentials.hashed(credential),
        os=machine["os"],
        arch=machine["arch"],
        version=VERSION,
        capacity=config.capacity,
        ephemeral=arguments.ephemeral,
        group=arguments.group,
        replace=arguments.replace,
        container_url=config.container_url,
    )
    client = Client(HttpTransport(config.url, config.ca_file))
    given_up = threading.Event()
    timer = threading.Timer(_REGISTER_TIME, given_up.set)
    timer.daemon = True
    timer.start()
    try:
        answer = retrying(lambda: client.register(token, message), given_up.is_set, given_up.wait)
    except Unreachable as error:
        raise ConfigError(f"{error}; is {config.url} the server's address?") from error
    finally:
        timer.cancel()
        client.close()
    configuration.save(replace(config, ephemeral=arguments.ephemeral), credential)
    print(
        f"Runner {answer.name} is registered with {config.url} in the group {answer.group};"
        f" labels: {', '.join(answer.labels)}"
    )
    return 0


def _run(arguments: argparse.Namespace) -> int:
    text = arguments.jitconfig or os.environ.get("FORGE_RUNNER_JITCONFIG", "")
    if not text:
        return _work(arguments, _config(arguments))
    given = just_in_time.decode(sys.stdin.readline() if text == "-" else text)
    config = given.settle(Path(arguments.dir).expanduser(), **_given(arguments))
    try:
        return _work(arguments, config)
    finally:
        just_in_time.forget(config)


def _work(arguments: argparse.Namespace, config: Config, once: bool = False) -> int:
    clock = ServerClock()
    client = Client(Timed(HttpTransport(config.url, config.ca_file), clock), config.credential())
    with owned(config.folder) as instance:
        settings = AgentSettings(
            leases=config.leases,
            runner={"name": config.name, "environment": "self-hosted", **configuration.machine()},
            capacity=1 if once or config.ephemeral else config.capacity,
            once=once,
            ephemeral=config.ephemeral,
            poll_only=arguments.poll_only,
            drain_timeout=arguments.drain_timeout,
            job_env=dict(config.job_env),
            version=VERSION,
            instance=instance,
            clock=clock,
            credential=config.kept_credential,
        )
        ready = f"Runner {config.name} is ready"
        backend = config.make_backend()
        agent = Agent(client, backend, settings, lambda: print(ready, flush=True))
        with _fetching_ahead(backend):
            _carry(agent)
    return 0 if not once or agent.conclusions == [Conclusion.SUCCESS] else 1


@contextlib.contextmanager
def _fetching_ahead(backend: Backend) -> Iterator[None]:
    """Fetch what jobs will want, beside everything else, and no longer than the agent lives."""
    stop = Stop()
    thread = threading.Thread(target=backend.fetch_ahead, args=(stop,), name="fetch-ahead", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.cancel("")
        thread.join(_FETCH_END)


def _keep_memory_together() -> None:
    """One place for what threads allocate. The C library keeps one for each of many threads, and in each of them what
    was free there: batches of a log, which threads of their own pack and send, took forty megabytes more."""
    with contextlib.suppress(OSError, AttributeError):  # another library, which has no such places
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _carry(agent: Agent) -> None:
    sys.setswitchinterval(_TURN)
    _keep_memory_together()
    gc.freeze()  # what is loaded by now stays: the collector's passes need not go through it
    for number in (signal.SIGTERM, signal.SIGINT):
        # A thread of its own: the handler may interrupt code that holds the agent's lock.
        signal.signal(number, lambda *_: threading.Thread(target=agent.drain, daemon=True).start())
    try:
        agent.run()
    except InUse:
        raise
    except Refused as error:
        raise ConfigError(f"the server refuses this runner ({error}); register it again") from error


def _once(arguments: argparse.Namespace) -> int:
    return _work(arguments, _config(arguments), once=True)


def _doctor(arguments: argparse.Namespace) -> int:
    config = _config(arguments)
    findings = doctor.examine(config, HttpTransport(config.url, config.ca_file))
    for finding in findings:
        print(f"{'ok  ' if finding.good else 'BAD '} {finding.what}: {finding.detail}")
        if not finding.good and finding.mend:
            print(f"     → {finding.mend}")
    return 0 if all(finding.good for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
