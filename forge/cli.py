"""The ``forge`` command: serve, and keep accounts, tokens and repositories from a terminal.

The commands write rows beside a running server, whose sweeps do the rest.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from forge.errors import ForgeError, Invalid

if TYPE_CHECKING:
    from forge.accounts.actor import Actor
    from forge.repos.models import Repository

Command = Callable[[argparse.Namespace], int]
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status: 0, 1 for a refusal (said on stderr), 2 for wrong usage.

    ``check`` ends with 1 when it finds something.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forge.settings")
    run: Command = given.run
    try:
        return run(given)
    except ForgeError as error:
        print(f"forge: {error}", file=sys.stderr)
        for one in error.errors if isinstance(error, Invalid) else ():
            if one.message:
                print(f"  {one.field}: {one.message}", file=sys.stderr)
        return 1


# --- serving --------------------------------------------------------------------------------------


def up(given: argparse.Namespace) -> int:
    """Everything in one process, until Ctrl-C."""
    from forge import serve  # only those who serve wait for the HTTP server's own imports

    also = list(given.also_listen)
    if given.bridge and (address := serve.bridge_address()):
        also.append(address)
    listening = serve.prepare(given.host, given.port, also, given.data, given.unix_socket)
    _django()
    _migrate()

    folder = Path(os.environ.get("FORGE_RUNNER_DIR") or _data() / "runner")
    runner = serve.LocalRunner(folder, given.runner_labels)

    def ready(url: str) -> None:
        print(f"Forge is ready at {url}", flush=True)
        if token:
            runner.start(listening.own, listening.container, token)

    token = _registration_token() if given.runner else ""
    return serve.run(listening, ready=ready, stopping=runner.stop)


def web(given: argparse.Namespace) -> int:
    """One web process of several; workers and beat are processes of their own."""
    from forge import serve  # as above

    _need_redis("web")
    listening = serve.prepare(given.host, given.port, given.also_listen, given.data, given.unix_socket)
    _django()
    return serve.run(listening, ready=lambda url: print(f"Forge is ready at {url}", flush=True))


def worker(given: argparse.Namespace) -> int:
    """A Celery worker, in threads."""
    _need_redis("worker")
    options = ["worker", "--pool", "threads", "--concurrency", str(given.threads), "--loglevel", "WARNING"]
    return subprocess.call([sys.executable, "-m", "celery", "-A", "forge.celery", *options])


def beat(given: argparse.Namespace) -> int:
    """Celery's clock; two of them do no harm."""
    _need_redis("beat")
    options = ["beat", "--loglevel", "WARNING", "--schedule", os.devnull]
    return subprocess.call([sys.executable, "-m", "celery", "-A", "forge.celery", *options])


def migrate(given: argparse.Namespace) -> int:
    """Bring the database up to date."""
    _django()
    _migrate()
    print("The database is up to date.")
    return 0


def demo(given: argparse.Namespace) -> int:
    """From nothing to a verdict."""
    from importlib import import_module

    return int(import_module("forge.demo.run").main() or 0)


# --- accounts -------------------------------------------------------------------------------------


def user_create(given: argparse.Namespace) -> int:
    """A new person; the password from a terminal or the first line of standard input."""
    _django()
    from forge.accounts import users

    account = users.create_user(given.login, _password(), email=given.email, site_admin=given.admin)
    print(f"Created the user {account.login}.")
    return 0


def user_list(given: argparse.Namespace) -> int:
    """Everybody, one a line."""
    _django()
    from forge.accounts.models import Account

    for account in Account.objects.order_by("login_key"):
        print(f"{account.login}\t{account.kind}\t{'site admin' if account.is_site_admin else ''}".rstrip())
    return 0


def org_create(given: argparse.Namespace) -> int:
    """A new organisation."""
    _django()
    from forge.accounts import users

    account = users.create_organization(given.login, users.find(given.owner))
    print(f"Created the organization {account.login}, owned by {given.owner}.")
    return 0


def token_create(given: argparse.Namespace) -> int:
    """A new token; its text alone on standard output."""
    _django()
    from forge.accounts import tokens, users

    _, text = tokens.create(users.find(given.login), given.name, given.scopes.split(","))
    print(text)
    return 0


# --- repositories ---------------------------------------------------------------------------------


def repo_create(given: argparse.Namespace) -> int:
    """A new repository, made by its owner (an organisation's first owner)."""
    _django()
    from django.conf import settings

    from forge.repos import repositories

    owner, name = _full_name(given.name)
    made = repositories.create(_owner(owner), owner, name, private=given.private, description=given.description)
    print(f"Created {made.full_name}: {settings.PUBLIC_URL}/{made.full_name}.git")
    return 0


def repo_show(given: argparse.Namespace) -> int:
    """What there is to know of a repository."""
    _django()
    from forge.repos import git

    found = _found(given.name)
    print(f"{found.full_name}\t{'private' if found.private else 'public'}\t{found.default_branch}")
    for name, sha in sorted(git.refs(found).items()):
        print(f"{sha}\t{name}")
    return 0


def repo_list(given: argparse.Namespace) -> int:
    """Every repository, one a line."""
    _django()
    from forge.repos.models import Repository

    rows = Repository.objects.select_related("owner").filter(deleted_at=None)
    for row in rows.order_by("owner__login_key", "name_key"):
        print(f"{row.full_name}\t{'private' if row.private else 'public'}")
    return 0


def repo_delete(given: argparse.Namespace) -> int:
    """Delete a repository; the running server ends its jobs and removes its files."""
    _django()
    from forge.repos import repositories

    found = _found(given.name)
    repositories.delete(_owner(found.owner.login), found)
    print(f"Deleted {found.full_name}.")
    return 0


def runner_token(given: argparse.Namespace) -> int:
    """A registration token for runners: of the site, an owner, or a repository."""
    _django()
    print(_registration_token(given.scope))
    return 0


def vault_rotate(given: argparse.Namespace) -> int:
    """A new key for the vault, and every secret under it; the server may run."""
    _django()
    from forge.vault import rotation

    done = rotation.rotate()
    print(f"The key {done.key_id} is current. Secrets encrypted under it: {done.encrypted}.")
    if done.retired:
        print(f"No secret has used these keys for a day, they are gone: {', '.join(done.retired)}.")
    for text in done.unreadable:
        print(f"forge: {text}", file=sys.stderr)
    return 1 if done.unreadable else 0


# --- rules ----------------------------------------------------------------------------------------


def check(given: argparse.Namespace) -> int:
    """Hold the rows against the rules of the engine; 1 when something is wrong."""
    _django()
    from forge.actions import reconcile

    place = _found(given.repository) if given.repository else None
    seen = reconcile.whole(place, mend=not given.only_look)
    if given.json:
        findings = [reconcile.as_data(one) for one in seen.findings]
        print(json.dumps({"runs": seen.runs, "repositories": seen.repositories, "findings": findings}, indent=2))
    else:
        for one in seen.findings:
            print(reconcile.in_words(one))
        print(f"{seen.runs} runs of {seen.repositories} repositories: {len(seen.findings)} found")
    return int(bool(seen.findings))


# --- inside ---------------------------------------------------------------------------------------


def _django() -> None:
    import django

    django.setup()


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def _data() -> Path:
    from django.conf import settings

    return Path(settings.DATA)


def _need_redis(command: str) -> None:
    if not os.environ.get("FORGE_REDIS_URL"):
        raise Invalid(f"`forge {command}` is for several processes: set FORGE_REDIS_URL, or use `forge up`.")


def _password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\n")


def _full_name(text: str) -> tuple[str, str]:
    owner, slash, name = text.partition("/")
    if not slash:
        raise Invalid(f"{text!r}: give OWNER/NAME")
    return owner, name


def _found(full_name: str) -> Repository:
    from forge.repos import access
    from forge.repos.models import Right

    owner, name = _full_name(full_name)
    return access.repository(_owner(owner), owner, name, Right.READ)


def _owner(login: str) -> Actor:
    """The owner itself, as whom the terminal acts; for an organisation one of its owners."""
    from forge.accounts import users
    from forge.accounts.actor import Actor
    from forge.accounts.models import Kind, Membership

    account = users.find(login)
    if account.kind == Kind.ORGANIZATION:
        owners = Membership.objects.filter(organization=account, role=Membership.Role.OWNER)
        account = owners.select_related("user").order_by("pk")[0].user
    return Actor.for_session(account)


def _registration_token(scope: str = "") -> str:
    from forge.accounts import users
    from forge.runners import registration

    if "/" in scope:
        return registration.create_token(repository=_found(scope))
    return registration.create_token(owner=users.find(scope) if scope else None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="forge", description="A self-hosted CI engine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _serving(commands)
    _keeping(commands)
    return parser


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: Command
) -> argparse.ArgumentParser:
    text = (run.__doc__ or "").strip().split("\n")[0]
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(run=run)
    return command


def _group(commands: Commands, name: str, text: str) -> Commands:
    return commands.add_parser(name, help=text, description=text).add_subparsers(required=True, metavar="COMMAND")


def _serving(commands: Commands) -> None:
    for name, run in (("up", up), ("web", web)):
        command = _add(commands, name, run)
        command.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        command.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")), help="0: any free one")
        command.add_argument("--data", default=os.environ.get("DATA"), help="folder that keeps everything (data)")
        command.add_argument("--also-listen", action="append", default=[], metavar="HOST", help="one more address")
        command.add_argument("--unix-socket", metavar="PATH", help="listen on a unix socket too")
        if run is up:
            command.add_argument("--bridge", action="store_true", help="listen for job containers on docker0 too")
            command.add_argument("--runner", action="store_true", help="start one runner with it")
            command.add_argument("--runner-labels", default="ubuntu-latest", help="its labels, comma-separated")
    _add(commands, "worker", worker).add_argument("--threads", type=int, default=4)
    _add(commands, "beat", beat)
    _add(commands, "migrate", migrate)
    _add(commands, "demo", demo)
    command = _add(commands, "check", check)
    command.add_argument("--repository", metavar="OWNER/NAME", help="only this one")
    command.add_argument("--only-look", action="store_true", help="put nothing right")
    command.add_argument("--json", action="store_true", help="as JSON, for scripts")


def _keeping(commands: Commands) -> None:
    group = _group(commands, "user", "people")
    command = _add(group, "create", user_create)
    command.add_argument("login")
    command.add_argument("--email", default="")
    command.add_argument("--admin", action="store_true", help="may administer the whole site")
    _add(group, "list", user_list)
    command = _add(_group(commands, "org", "organisations"), "create", org_create)
    command.add_argument("login")
    command.add_argument("--owner", required=True)
    command = _add(_group(commands, "token", "access tokens"), "create", token_create)
    command.add_argument("login")
    command.add_argument("--name", default="terminal")
    command.add_argument("--scopes", default="repo,workflow,read:org", help="comma-separated")
    group = _group(commands, "repo", "repositories")
    command = _add(group, "create", repo_create)
    command.add_argument("name", metavar="OWNER/NAME")
    command.add_argument("--private", action="store_true")
    command.add_argument("--description", default="")
    for name, run in (("show", repo_show), ("delete", repo_delete)):
        _add(group, name, run).add_argument("name", metavar="OWNER/NAME")
    _add(group, "list", repo_list)
    _add(_group(commands, "vault", "the keys of secrets"), "rotate", vault_rotate)
    command = _add(_group(commands, "runner", "runner agents"), "token", runner_token)
    command.add_argument("--scope", default="", metavar="OWNER[/NAME]", help="without: the whole site")


if __name__ == "__main__":
    raise SystemExit(main())
