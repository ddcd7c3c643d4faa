"""Rotating keys while the server reads and writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from forge import cli
from forge.accounts import audit
from forge.accounts.models import Kind
from forge.vault import keys, rotation, sealing, visible
from forge.vault.models import Secret
from forge.vault.scopes import Scope
from tests import factories
from tests.forge.vault import sender

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scope() -> Scope:
    acme = factories.account("acme", kind=Kind.ORGANIZATION)
    return Scope.of_repository(factories.repository(acme, "hello"))


def fill(scope: Scope, count: int) -> dict[str, str]:
    """So many secrets."""
    made = {f"S{number:03}": f"value {number}" for number in range(count)}
    for name, value in made.items():
        sender.secret(scope, name, value)
    return made


def values(scope: Scope) -> dict[str, str]:
    return {row.name: sealing.unseal(row) for row in Secret.objects.filter(**scope.columns)}


def test_every_row_is_under_the_new_key_in_bounded_batches(scope: Scope) -> None:
    made, old = fill(scope, 25), keys.ring().current.id
    moved = Secret.objects.get(name="S000").updated_at

    done = rotation.rotate(batch=10)

    assert (done.encrypted, done.batches, done.unreadable) == (25, 3, [])
    assert set(Secret.objects.values_list("key_id", flat=True)) == {done.key_id} != {old}
    assert values(scope) == made
    assert Secret.objects.get(name="S000").updated_at == moved  # nobody set it anew
    assert keys.ring().get(old) is not None


def test_a_broken_off_rotation_is_readable_and_goes_on(scope: Scope) -> None:
    made = fill(scope, 5)
    keys.add()  # as far as it came
    assert values(scope) == made
    assert rotation.rotate().encrypted == 5
    assert values(scope) == made


def test_an_old_key_goes_when_no_row_has_used_it_for_a_day(scope: Scope) -> None:
    fill(scope, 3)
    first = keys.ring().current.id
    second = rotation.rotate().key_id
    later = timezone.now() + timedelta(hours=1)
    assert keys.retire({first}, later) == []  # a row uses it
    assert keys.retire({second}, timezone.now() - rotation.GRACE) == []  # replaced just now
    assert keys.retire({second}, later) == [first]
    assert [key.id for key in keys.ring().keys] == [second]


def test_what_cannot_be_read_stops_nothing(scope: Scope, capsys: pytest.CaptureFixture[str]) -> None:
    made = fill(scope, 5)
    Secret.objects.filter(name="S002").update(sealed=b"x" * 60)

    assert cli.main(["vault", "rotate"]) == 1

    said = capsys.readouterr()
    assert "Secrets encrypted under it: 4." in said.out
    assert "S002 of the repository acme/hello" in said.err
    del made["S002"]
    readable = Secret.objects.exclude(name="S002")
    assert {row.name: sealing.unseal(row) for row in readable} == made


def test_the_command(scope: Scope, capsys: pytest.CaptureFixture[str], keys_file: Path) -> None:
    fill(scope, 2)
    assert cli.main(["vault", "rotate"]) == 0
    key = keys.ring().current.id
    assert f"The key {key} is current. Secrets encrypted under it: 2." in capsys.readouterr().out
    (entry,) = audit.queries(action="vault.rotated")
    assert (entry.details["key"], entry.details["encrypted"]) == (key, 2)

    keys_file.write_text("{")
    assert cli.main(["vault", "rotate"]) == 1
    assert capsys.readouterr().err.startswith("forge: The vault's keys cannot be read")


class Background:
    """Work in threads of their own, with connections of their own; a fault in one is the test's."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.faults: list[BaseException] = []

    def start(self, work: object) -> None:
        def run() -> None:
            try:
                work()  # type: ignore[operator]
            except BaseException as fault:
                self.faults.append(fault)
            finally:
                connection.close()

        self.threads.append(threading.Thread(target=run))
        self.threads[-1].start()

    def join(self) -> None:
        for thread in self.threads:
            thread.join()
        if self.faults:
            raise self.faults[0]


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background()
    yield made
    made.join()


def test_rotations_among_writers_and_readers_lose_nothing(scope: Scope, background: Background) -> None:
    """Two people rotate at once, two set secrets all the while, a job is given them: every read is of a value
    that was written, and at the end each secret is the last one."""
    fill(scope, 30)
    written = {f"S{number:03}": {f"value {number}"} for number in range(30)}
    last: dict[str, str] = {name: next(iter(values)) for name, values in written.items()}
    for who in range(2):
        for turn in range(15):
            written[f"S{who + 2 * turn:03}"].add(f"{who} set {turn}")
            last[f"S{who + 2 * turn:03}"] = f"{who} set {turn}"
    wrong: list[tuple[str, str]] = []

    def rotate() -> None:
        for _ in range(3):
            rotation.rotate(batch=7)

    def write(who: int) -> None:
        for turn in range(15):
            sender.secret(scope, f"S{who + 2 * turn:03}", f"{who} set {turn}")

    def read() -> None:
        for number in range(10):
            seen = visible.for_job(
                scope.holder,  # type: ignore[arg-type]
                None,
                job_id=number,
                run_id=1,
                epoch=1,
                trusted=True,
            )
            wrong.extend(pair for pair in seen.secrets.items() if pair[1] not in written[pair[0]])

    for work in (rotate, rotate, lambda: write(0), lambda: write(1), read):
        background.start(work)
    background.join()

    assert wrong == []
    assert values(scope) == last
    rotation.rotate()
    assert set(Secret.objects.values_list("key_id", flat=True)) == {keys.ring().current.id}
    assert values(scope) == last


def test_many_who_start_at_once_make_one_first_key(background: Background) -> None:
    found: list[str] = []
    for _ in range(8):
        background.start(lambda: found.append(keys.ring().current.id))
    background.join()
    assert len(set(found)) == 1
