"""Logs to download: signed addresses, text, and the zip as GitHub's own client reads it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from forge.actions import log_archives
from forge.actions.models import Job, JobLog, LogChunk, Run, RunAttempt
from forge.actions.queries import runs as queries
from forge.repos import git
from forge.repos.models import Repository
from tests import factories
from workflows import log_lines

R = "/api/v3/repos/octo/hello"


@pytest.fixture
def attempt(repository: Repository) -> RunAttempt:
    return queries.latest(factories.run(factories.workflow(repository)))


def fetch(client: Client, path: str) -> tuple[str, bytes]:
    """Follow the redirect with no credential at all; content type and body of what is there."""
    answer = client.get(path)
    assert answer.status_code == 302, answer.content
    assert answer["Location"].startswith(f"{settings.PUBLIC_URL}/api/v3/signed/")
    found = Client().get(urlsplit(answer["Location"]).path)
    assert found.status_code == 200
    return found["Content-Type"], b"".join(found.streaming_content)


def unzipped(client: Client, path: str) -> dict[str, bytes]:
    kind, data = fetch(client, path)
    assert kind == "application/zip"
    with ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def gh_finds(names: list[str], job: str, step: int) -> str | None:
    """The file that gh 2.60 shows for a step: the first match in the order of the zip."""
    plain = log_archives.cut(job.replace("/", "").replace(":", ""), 90).strip()
    wanted = re.compile(rf"^{re.escape(plain)}/{step}_.*\.txt")
    return next((name for name in names if wanted.match(name)), None)


def test_the_log_of_a_job(client: Client, attempt: RunAttempt) -> None:
    job = factories.job(attempt)
    whole = factories.log(job, ("Set up job", ["hello"]), ("Run tests", ["grün", "done"]))
    kind, data = fetch(client, f"{R}/actions/jobs/{job.pk}/logs")
    assert kind == "text/plain; charset=utf-8"
    assert data == whole


def test_a_signed_address_ends_after_a_minute(client: Client, attempt: RunAttempt) -> None:
    job = factories.job(attempt)
    factories.log(job, ("Run tests", ["ok"]))
    now = timezone.now()
    path = urlsplit(client.get(f"{R}/actions/jobs/{job.pk}/logs")["Location"]).path
    with time_machine.travel(now + timedelta(seconds=50)):
        assert Client().get(path).status_code == 200
    with time_machine.travel(now + timedelta(seconds=70)):
        late = Client().get(path)
    assert late.status_code == 403
    assert "expired" in late.json()["message"]


def test_a_signed_address_opens_nothing_else_and_heeds_no_credential(client: Client, attempt: RunAttempt) -> None:
    job = factories.job(attempt)
    factories.log(job, ("Run tests", ["ok"]))
    path = urlsplit(client.get(f"{R}/actions/jobs/{job.pk}/logs")["Location"]).path
    stale = {"Authorization": "token shp_wrong"}
    assert Client(headers=stale).get(path).status_code == 200
    head, token = path.rsplit("/", 1)
    for position in (0, 5, len(token) // 2, len(token) - 1):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        assert Client().get(f"{head}/{changed}").status_code == 403
    assert Client().post(path).status_code == 405


def test_a_private_log_is_signed_only_for_those_who_may_read(
    client: Client, repository: Repository, attempt: RunAttempt
) -> None:
    repository.private = True
    repository.save()
    job = factories.job(attempt)
    factories.log(job, ("Run tests", ["ok"]))
    assert Client().get(f"{R}/actions/jobs/{job.pk}/logs").status_code == 404
    path = urlsplit(client.get(f"{R}/actions/jobs/{job.pk}/logs")["Location"]).path
    repository.deleted_at = timezone.now()
    repository.save()
    assert Client().get(path).status_code == 404


def test_without_a_log_404_and_410_when_it_was_deleted(client: Client, attempt: RunAttempt) -> None:
    job = factories.job(attempt, status="queued")
    paths = (f"{R}/actions/jobs/{job.pk}/logs", f"{R}/actions/runs/{attempt.run_id}/logs")
    for path in paths:
        assert client.get(path).status_code == 404
        assert "Not Found" in client.get(path).json()["message"]
    factories.log(job, ("Run tests", ["ok"]))
    JobLog.objects.update(deleted_at=timezone.now())
    for path in paths:
        assert client.get(path).status_code == 410


def test_the_zip_of_a_run(client: Client, attempt: RunAttempt) -> None:
    build, test = factories.job(attempt, "build"), factories.job(attempt, "unit test")
    factories.job(attempt, "skipped", conclusion="skipped")
    whole = factories.log(build, ("Set up job", ["one", "two"]), ("Run actions/checkout@v4", ["three"]))
    factories.log(test, ("Set up job", ["four"]), ("Nothing said", []))
    found = unzipped(client, f"{R}/actions/runs/{attempt.run_id}/logs")
    assert list(found) == [
        "0_build.txt",
        "1_unit test.txt",
        "build/1_Set up job.txt",
        "build/2_Run actions_checkout@v4.txt",
        "unit test/1_Set up job.txt",
    ]
    assert found["0_build.txt"] == whole
    assert found["build/1_Set up job.txt"] + found["build/2_Run actions_checkout@v4.txt"] == whole


def test_the_zip_of_an_attempt(client: Client, attempt: RunAttempt) -> None:
    first = factories.job(attempt, "a")
    factories.log(first, ("Run tests", ["first"]))
    run = attempt.run
    second = factories.attempt(run)
    factories.log(factories.job(second, "b"), ("Run tests", ["second"]))
    factories.job(second, "a", carries=first)
    old = unzipped(client, f"{R}/actions/runs/{run.pk}/attempts/1/logs")
    new = unzipped(client, f"{R}/actions/runs/{run.pk}/logs")
    assert [name for name in old if "/" in name] == ["a/1_Run tests.txt"]
    assert [name for name in new if "/" in name] == ["a/1_Run tests.txt", "b/1_Run tests.txt"]
    assert b"first" in new["a/1_Run tests.txt"]


def test_the_client_finds_every_step(client: Client, attempt: RunAttempt) -> None:
    names = ["call / build: linux", "test", "unit test", "x" * 120, "😀" * 60, "tests (3.11, ubuntu)", " padded "]
    for name in names:
        factories.log(factories.job(attempt, name), ("Set up job", [name.strip()]), ("Run it", ["x"]))
    found = unzipped(client, f"{R}/actions/runs/{attempt.run_id}/logs")
    for name in names:
        file = gh_finds(list(found), name, 1)
        assert file is not None, name
        assert found[file].decode().endswith(f" {name.strip()}\n")


@pytest.mark.parametrize(
    ("names", "folders"),
    [
        (["a", "A", "a"], ["a", "A (2)", "a (3)"]),
        (["a/b", "ab"], ["ab", "ab (2)"]),
        (["../../etc", "..", "", "/"], ["....etc", "job", "job (2)", "job (3)"]),
        (["a\\b\x00\n", "a:b"], ["ab", "ab (2)"]),
        (["y" * 95, "y" * 96], ["y" * 90, "y" * 86 + " (2)"]),
    ],
)
def test_folders_are_safe_and_unique(names: list[str], folders: list[str]) -> None:
    assert log_archives.folder_names(names) == folders


def test_a_zip_is_sent_as_it_is_made(attempt: RunAttempt) -> None:
    job = factories.job(attempt)
    lines = [f"{number:064x}{number * 7919:064x}" for number in range(20_000)]
    factories.log(job, ("Run tests", lines))
    pieces = list(log_archives.archive([Job.objects.prefetch_related("steps").get(pk=job.pk)], lambda one: one))
    assert len(pieces) > 2
    with ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None


def test_deleting_logs(client: Client, repository: Repository, attempt: RunAttempt) -> None:
    job = factories.job(attempt)
    factories.log(job, ("Run tests", ["ok"]))
    url = f"{R}/actions/runs/{attempt.run_id}/logs"
    assert Client().delete(url).status_code in (401, 403)
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 410
    assert client.get(f"{R}/actions/jobs/{job.pk}").json()["steps"][0]["name"] == "Run tests"
    running = factories.run(attempt.run.workflow, status="in_progress")
    assert client.delete(f"{R}/actions/runs/{running.pk}/logs").status_code == 403


def test_deleting_a_run(client: Client, repository: Repository, attempt: RunAttempt) -> None:
    git.init(repository)
    factories.log(factories.job(attempt), ("Run tests", ["ok"]))
    running = factories.run(attempt.run.workflow, status="in_progress")
    assert client.delete(f"{R}/actions/runs/{running.pk}").status_code == 403
    assert client.delete(f"{R}/actions/runs/{attempt.run_id}").status_code == 204
    assert client.get(f"{R}/actions/runs/{attempt.run_id}").status_code == 404
    assert client.get(f"{R}/actions/runs").json()["total_count"] == 1
    assert client.get(f"{R}/actions/workflows/ci.yml/runs").json()["total_count"] == 1
    assert Run.objects.count() == 1


RANGED = [
    ("bytes=0-4", 206, slice(0, 5)),
    ("bytes=5-", 206, slice(5, None)),
    ("bytes=-3", 206, slice(-3, None)),
    ("bytes=-9999999", 206, slice(0, None)),
    ("bytes=3-9999999", 206, slice(3, None)),
    ("Bytes= 1 - 1 ", 206, slice(1, 2)),
    ("bytes=9999999-", 416, None),
    ("bytes=-0", 416, None),
    ("bytes=5-2", 200, slice(0, None)),
    ("bytes=0-1,3-4", 200, slice(0, None)),
    ("bytes=-", 200, slice(0, None)),
    ("lines=0-1", 200, slice(0, None)),
    ("bytes=x-1", 200, slice(0, None)),
]


@pytest.mark.parametrize(("asked", "status", "part"), RANGED)
def test_parts_of_a_log(client: Client, attempt: RunAttempt, asked: str, status: int, part: slice | None) -> None:
    job = factories.job(attempt)
    whole = factories.log(job, ("Set up job", ["hello"]), ("Run tests", ["grün", "done"]))
    path = urlsplit(client.get(f"{R}/actions/jobs/{job.pk}/logs")["Location"]).path
    answer = Client().get(path, headers={"Range": asked})
    assert (answer.status_code, answer["Accept-Ranges"]) == (status, "bytes")
    if part is None:
        assert answer["Content-Range"] == f"bytes */{len(whole)}"
        return
    body = b"".join(answer.streaming_content)
    assert body == whole[part]
    if status == 206:
        first = range(len(whole))[part].start
        assert answer["Content-Range"] == f"bytes {first}-{first + len(body) - 1}/{len(whole)}"
        assert answer["Content-Length"] == str(len(body))


def test_a_part_counts_only_of_the_same_text(client: Client, attempt: RunAttempt) -> None:
    job = factories.job(attempt)
    whole = factories.log(job, ("Run tests", ["one", "two"]))
    path = urlsplit(client.get(f"{R}/actions/jobs/{job.pk}/logs")["Location"]).path
    head = Client().head(path)
    assert (head.status_code, head["Content-Length"], head.content) == (200, str(len(whole)), b"")
    same = Client().get(path, headers={"Range": "bytes=4-", "If-Range": head["ETag"]})
    assert (same.status_code, b"".join(same.streaming_content)) == (206, whole[4:])
    assert Client().get(path, headers={"If-None-Match": head["ETag"]}).status_code == 304
    JobLog.objects.update(length=len(whole) - 3)
    for condition in (head["ETag"], "Thu, 15 Jan 2026 12:00:00 GMT"):
        other = Client().get(path, headers={"Range": "bytes=4-", "If-Range": condition})
        assert (other.status_code, b"".join(other.streaming_content)) == (200, whole[:-3])


def test_a_signed_address_of_what_was_deleted_since(client: Client, attempt: RunAttempt) -> None:
    job = factories.job(attempt)
    factories.log(job, ("Run tests", ["ok"]))
    for path in (f"{R}/actions/jobs/{job.pk}/logs", f"{R}/actions/runs/{attempt.run_id}/logs"):
        JobLog.objects.update(deleted_at=None)
        signed = urlsplit(client.get(path)["Location"]).path
        assert Client().head(signed).status_code == 200
        JobLog.objects.update(deleted_at=timezone.now())
        assert Client().get(signed).status_code == 410


def test_a_zip_has_no_parts(client: Client, attempt: RunAttempt) -> None:
    factories.log(factories.job(attempt), ("Run tests", ["ok"]))
    path = urlsplit(client.get(f"{R}/actions/runs/{attempt.run_id}/logs")["Location"]).path
    answer = Client().get(path, headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer["Accept-Ranges"]) == (200, "none")
    assert b"".join(answer.streaming_content).startswith(b"PK")


def test_no_line_of_the_zip_is_too_long_for_the_client(client: Client, attempt: RunAttempt) -> None:
    """As the runner cuts lines: the text of the job has them whole, the files in the zip do not."""
    job = factories.job(attempt)
    first, rest = "x" * log_lines.LINE_LIMIT, "y" * 100
    whole = factories.log(job, ("Run tests", [first, rest]))
    cut = whole.replace(b"Z " + rest.encode(), b"+ " + rest.encode())
    LogChunk.objects.update(data=cut)
    assert fetch(client, f"{R}/actions/jobs/{job.pk}/logs")[1].endswith(f"{first}{rest}\n".encode())
    found = unzipped(client, f"{R}/actions/runs/{attempt.run_id}/logs")
    assert sorted(found) == ["0_build.txt", "build/1_Run tests.txt"]
    for data in found.values():
        assert data == cut
        assert max(map(len, data.splitlines(keepends=True))) < 1 << 16


def test_the_zip_costs_the_same_however_many_jobs(
    client: Client, attempt: RunAttempt, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    """Two to read each log, and a fixed number besides."""
    first = factories.attempt(attempt.run)
    for number in range(6):
        ran = factories.job(attempt, f"a{number}")
        factories.log(ran, ("Run tests", ["ok"]))
        factories.job(first, f"a{number}", carries=ran)
    path = urlsplit(client.get(f"{R}/actions/runs/{attempt.run_id}/logs")["Location"]).path
    with django_assert_max_num_queries(9):
        answer = Client().get(path)
    assert answer.status_code == 200
