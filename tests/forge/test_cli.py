"""The ``forge`` command: what it makes, and how it says no."""

from __future__ import annotations

import io
import os
import shutil
import socket
from collections.abc import Iterator

import pytest
from django.conf import settings

from forge import cli, serve
from forge.accounts import tokens, users
from forge.repos.models import Repository

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "a-long-enough-password"


@pytest.fixture
def alice(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A user, made by the command itself; the password comes by standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    assert cli.main(["user", "create", "Alice", "--email", "a@example.org", "--admin"]) == 0
    yield
    shutil.rmtree(settings.REPOSITORIES, ignore_errors=True)


def test_people_tokens_and_organizations(alice: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["org", "create", "Acme", "--owner", "alice"]) == 0
    assert cli.main(["user", "list"]) == 0
    assert "Acme\tOrganization" in capsys.readouterr().out
    assert cli.main(["token", "create", "alice", "--scopes", "repo:read,read:org"]) == 0

    actor = tokens.resolve(capsys.readouterr().out.strip())

    assert actor is not None
    assert actor.account == users.find("Alice")
    assert actor.scopes == {"repo:read", "read:org"}
    assert users.find("alice").check_password(PASSWORD)


def test_repositories_of_people_and_organizations(alice: None, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["org", "create", "Acme", "--owner", "alice"])
    for name in ("alice/one", "acme/two"):
        assert cli.main(["repo", "create", name, "--private"]) == 0
    assert cli.main(["repo", "show", "ALICE/ONE"]) == 0
    assert "Alice/one\tprivate\tmain" in capsys.readouterr().out
    assert cli.main(["repo", "delete", "alice/one"]) == 0
    capsys.readouterr()

    assert cli.main(["repo", "list"]) == 0

    assert capsys.readouterr().out == "Acme/two\tprivate\n"
    assert not Repository.objects.filter(name="one", deleted_at=None).exists()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["repo", "show", "nobody/nothing"], "Not Found"),
        (["repo", "create", "noslash"], "OWNER/NAME"),
        (["repo", "create", "alice/a b"], "letters, digits"),
        (["token", "create", "alice", "--scopes", "all"], "Unknown scope all"),
        (["org", "create", "api", "--owner", "alice"], "reserved"),
        (["worker"], "FORGE_REDIS_URL"),
    ],
)
def test_refusals_are_one_plain_line(
    alice: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: list[str], words: str
) -> None:
    monkeypatch.delenv("FORGE_REDIS_URL", raising=False)

    assert cli.main(command) == 1

    said = capsys.readouterr().err
    assert said.startswith("forge: ")
    assert words in said
    assert "Traceback" not in said


def test_a_busy_port_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        assert cli.main(["up", "--port", str(busy.getsockname()[1])]) == 1

    assert "Cannot listen on 127.0.0.1" in capsys.readouterr().err


def test_a_server_knows_how_it_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORGE_URL", "https://ci.example.org")
    monkeypatch.setenv("FORGE_INTERNAL_URLS", "http://other:1")

    found = serve.prepare("127.0.0.1", 0, ["127.0.0.2"])

    port = found.sockets[0].getsockname()[1]
    assert [one.getsockname() for one in found.sockets] == [("127.0.0.1", port), ("127.0.0.2", port)]
    assert (found.url, found.own) == ("https://ci.example.org", f"http://127.0.0.1:{port}")
    assert found.container == f"http://127.0.0.2:{port}"
    assert os.environ["FORGE_INTERNAL_URLS"] == f"http://other:1,http://127.0.0.2:{port},http://127.0.0.1:{port}"
    for one in found.sockets:
        one.close()


def test_no_bridge_is_no_address() -> None:
    assert serve.bridge_address("nonesuch0") is None
    assert serve.bridge_address("lo") == "127.0.0.1"
