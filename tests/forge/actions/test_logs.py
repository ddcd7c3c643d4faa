"""Appended by offset, read by bytes and lines, sealed into pages that can be drawn alone."""

from __future__ import annotations

import hashlib
import itertools
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard
from django.db import connection
from django.db.models.functions import Now

from forge.actions import discard, log_pages, logs
from forge.actions.models import Beat, Job, JobLog, LogChunk, LogPage, SealedSpan
from forge.actions.refusals import LeaseLost, WrongOffset
from forge.blobs import store
from tests import rules
from tests.engine import FakeRunner, Project, Work
from tests.forge.actions.texts import ONE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def work() -> Work:
    Project.new().run(ONE)
    return FakeRunner.new("ubuntu-latest").take()


def text(count: int, first: int = 0) -> bytes:
    return b"".join(b"2026-01-15T12:00:01.0000000Z line %d\n" % n for n in range(first, first + count))


def fill(work: Work, data: bytes, step: int = 100_000, start: int = 0) -> None:
    for at in range(0, len(data), step):
        work.log(data[at : at + step], start + at)


def test_what_is_stored_already_is_skipped_and_a_gap_is_refused(work: Work) -> None:
    assert work.log(b"abc", 0) == 3
    assert work.log(b"abc", 0) == 3
    assert work.log(b"bcdef", 1) == 6
    with pytest.raises(WrongOffset) as caught:
        work.log(b"x", 7)
    assert caught.value.wanted == 6
    assert b"".join(logs.read(work.job)) == b"abcdef"


@pytest.mark.parametrize("sealed", [False, True])
def test_reading_ranges_and_lines(work: Work, sealed: bool) -> None:
    data = text(5000)
    fill(work, data, 30_001)
    if sealed:
        JobLog.objects.update(final_length=len(data))
        assert logs.seal(work.job.pk)
        LogChunk.objects.all().delete()
    job = work.job
    assert b"".join(logs.read(job)) == data
    assert b"".join(logs.read(job, 12_345, 98_765)) == data[12_345:98_765]
    start = data.index(b"2026", len(text(1500)))
    assert logs.count_lines(job, start, len(data)) == 3500
    found = logs.lines(job, start, len(data), skip=2000, count=3)
    assert [(one.number, one.text) for one in found] == [(2001, "line 3500"), (2002, "line 3501"), (2003, "line 3502")]
    assert found[0].time == "2026-01-15T12:00:01.0000000Z"
    assert data[found[0].offset :].startswith(b"2026-01-15T12:00:01.0000000Z line 3500\n")
    assert logs.lines(job, start, len(data), skip=3499)[0].text == "line 4999"
    assert logs.lines(job, start, len(data), skip=3500) == []
    assert len(logs.lines(job, 0, len(data))) == 1000


def test_an_open_log_is_sealed_page_by_page(work: Work) -> None:
    data = text(9500)
    fill(work, data)
    assert logs.seal(work.job.pk)
    log = JobLog.objects.get()
    assert (log.sealed_lines, log.sealed_length) == (9000, len(text(9000)))
    assert log.sealed_at is None
    assert b"".join(logs.read(work.job)) == data
    more = text(10, 9500)
    work.log(more)
    work.finish(log_length=len(data + more), log_sha256=hashlib.sha256(data + more).hexdigest())
    assert logs.seal(work.job.pk)
    log.refresh_from_db()
    assert (log.sealed_lines, log.damaged, log.sealed_length) == (9510, False, log.length)
    assert log.sealed_at is not None
    assert b"".join(logs.read(work.job)) == data + more
    assert not logs.seal(work.job.pk)


def test_pages_that_are_sealed_together_share_a_blob(work: Work) -> None:
    data = text(40_500)
    fill(work, data)
    assert logs.seal(work.job.pk)
    blobs = LogPage.objects.order_by("number").values_list("blob", flat=True)
    assert [len(list(same)) for _, same in itertools.groupby(blobs)] == [32, 8]
    assert b"".join(logs.read(work.job)) == data
    assert b"".join(logs.read(work.job, 1_000_000, 1_100_000)) == data[1_000_000:1_100_000]


@pytest.mark.parametrize("more", [0, 3000])
def test_who_comes_second_to_seal_leaves_what_the_first_one_made(
    work: Work, settings, tmp_path: Path, more: int
) -> None:  # type: ignore[no-untyped-def]
    """Both have cut their pages before one of them moves the pointer; with more bytes, its pages end elsewhere."""
    settings.BLOBS = tmp_path
    data = text(9000 + more)
    fill(work, data[: len(text(9000))])
    rivals = iter([logs.seal])

    def overtaken(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        if "COUNT(" in sql and "logpage" in sql and (rival := next(rivals, None)):
            if more:
                fill(work, data[len(text(9000)) :], start=len(text(9000)))
            assert rival(work.job.pk)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(overtaken):
        assert not logs.seal(work.job.pk)
    assert next(rivals, None) is None
    assert b"".join(logs.read(work.job)) == data
    kept = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.zst")}
    assert kept == set(LogPage.objects.values_list("blob", flat=True))


def test_what_a_sealing_left_that_was_killed_goes_with_the_end_of_the_log(work: Work) -> None:
    data = text(9000)
    fill(work, data)
    assert logs.seal(work.job.pk)
    kept = LogPage.objects.values_list("blob", flat=True).distinct().get()
    stray = f"{kept.rpartition('/')[0]}/1-999-9999.zst"
    store.put(stray, b"pages that no row knows")
    work.finish(log_length=len(data), log_sha256=hashlib.sha256(data).hexdigest())
    assert logs.seal(work.job.pk)
    assert (store.exists(stray), store.exists(kept)) == (False, True)
    assert b"".join(logs.read(work.job)) == data


def test_a_long_log_is_sealed_while_others_write(work: Work) -> None:
    """It is read and written in turns: a row held open in between made SQLite refuse the writing."""
    data = text(100_000)
    fill(work, data, 1 << 18)
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            Beat.objects.update(at=Now())
        connection.close()

    Beat.objects.create(name="other", at=Now())
    other = threading.Thread(target=write)
    other.start()
    try:
        assert logs.seal(work.job.pk)
    finally:
        over.set()
        other.join()
    assert JobLog.objects.get(job=work.job).sealed_lines == 100_000


def test_sealed_rows_go_ten_minutes_later(work: Work) -> None:
    fill(work, text(3000))
    work.finish()
    assert logs.seal(work.job.pk)
    assert log_pages.delete_chunks() == 0
    SealedSpan.objects.update(sealed_at=Now() - timedelta(minutes=11))
    assert log_pages.delete_chunks() > 0
    assert not LogChunk.objects.exists()
    assert not SealedSpan.objects.exists()
    assert b"".join(logs.read(work.job)) == text(3000)


def test_rows_that_are_not_sealed_whole_stay(work: Work) -> None:
    data = text(9500)
    fill(work, data)
    assert logs.seal(work.job.pk)
    sealed = JobLog.objects.get().sealed_length
    SealedSpan.objects.update(sealed_at=Now() - timedelta(minutes=11))
    more = text(500, 9500)
    work.log(more)
    assert log_pages.delete_chunks() > 0
    first = LogChunk.objects.order_by("offset").first()
    assert first is not None
    assert 0 < first.offset <= sealed
    assert b"".join(logs.read(work.job)) == data + more
    rules.hold()
    work.finish(log_length=len(data + more), log_sha256=hashlib.sha256(data + more).hexdigest())
    assert logs.seal(work.job.pk)
    assert (b"".join(logs.read(work.job)), JobLog.objects.get().damaged) == (data + more, False)


def test_a_page_knows_colour_and_groups_at_its_start(work: Work) -> None:
    stamp = b"2026-01-15T12:00:01.0000000Z "
    data = stamp + b"##[group]Build\n" + stamp + b"\x1b[1m\x1b[31mred\n" + text(1998) + stamp + b"\x1b[0m##[endgroup]\n"
    fill(work, data)
    work.finish()
    logs.seal(work.job.pk)
    pages = list(LogPage.objects.order_by("number").values_list("first_line", "lines", "colour", "groups"))
    assert pages == [(0, 1000, "", []), (1000, 1000, "1;31", ["Build"]), (2000, 1, "1;31", ["Build"])]


def test_a_wrong_hash_marks_the_log_and_ends_the_job_all_the_same(work: Work) -> None:
    work.log(b"abc\n", 0)
    work.finish(log_length=4, log_sha256="0" * 64)
    logs.seal(work.job.pk)
    assert JobLog.objects.get().damaged
    assert work.job.conclusion == "success"


def test_log_may_be_appended_up_to_the_stated_length_after_the_end(work: Work) -> None:
    work.log(b"abc", 0)
    work.finish(log_length=6, log_sha256=hashlib.sha256(b"abcdef").hexdigest())
    assert not logs.seal(work.job.pk)
    assert work.log(b"defghi", 3) == 6
    assert logs.seal(work.job.pk)
    assert (b"".join(logs.read(work.job)), JobLog.objects.get().damaged) == (b"abcdef", False)


def test_what_never_comes_ends_the_log_where_it_stands(work: Work) -> None:
    work.log(b"abc", 0)
    work.finish(log_length=6)
    Job.objects.update(completed_at=Now() - timedelta(minutes=11))
    log_pages.end_silent()
    assert logs.seal(work.job.pk)
    assert JobLog.objects.get().damaged


def test_a_log_over_the_limit_is_cut_and_says_so(work: Work, settings) -> None:  # type: ignore[no-untyped-def]
    settings.LOG_LIMIT_BYTES = 10
    assert work.log(b"0123456789abcdef", 0) == 16
    assert work.log(b"more", 16) == 20
    assert b"".join(logs.read(work.job)) == b"0123456789" + logs.CUT
    work.finish(log_length=20)
    assert logs.seal(work.job.pk)


def packed(work: Work, data: bytes, offset: int) -> int:
    return logs.append(work.claim, offset, data, frame=zstandard.compress(data))


def test_packed_bytes_are_kept_as_they_came_and_read_like_others(work: Work) -> None:
    data = text(60_000)
    for at in range(0, len(data), 700_000):
        packed(work, data[at : at + 700_000], at)
    assert LogChunk.objects.filter(unpacked=None).count() == 0
    assert sum(len(bytes(row.data)) for row in LogChunk.objects.all()) < len(data) // 5
    assert b"".join(logs.read(work.job)) == data
    assert b"".join(logs.read(work.job, 699_990, 1_400_010)) == data[699_990:1_400_010]
    assert logs.lines(work.job, 0, len(data), skip=59_999)[0].text == "line 59999"
    work.finish(log_length=len(data), log_sha256=hashlib.sha256(data).hexdigest())
    assert logs.seal(work.job.pk)
    assert LogPage.objects.count() == 60
    assert SealedSpan.objects.latest("end").end == len(data)
    assert (b"".join(logs.read(work.job)), JobLog.objects.get().damaged) == (data, False)


def test_a_frame_of_which_a_part_is_stored_already_is_not_kept_as_it_came(work: Work) -> None:
    data = text(1000)
    work.log(data[:5000], 0)
    assert packed(work, data, 0) == len(data)
    assert b"".join(logs.read(work.job)) == data
    assert list(LogChunk.objects.order_by("offset").values_list("offset", "unpacked")) == [(0, None), (5000, None)]
    assert packed(work, b"x", len(data)) == len(data) + 1  # longer than what it stands for
    assert LogChunk.objects.filter(unpacked=None).count() == 3


def test_a_deleted_run_takes_no_more_bytes(work: Work) -> None:
    work.log(b"abc", 0)
    claim = work.claim
    work.finish(log_length=6)
    discard.run(work.job.run)
    with pytest.raises(LeaseLost):
        logs.append(claim, 3, b"def")


def test_deleted_logs_take_no_more_bytes(work: Work) -> None:
    work.log(b"abc", 0)
    work.finish(log_length=6)
    discard.logs(work.job.run)
    assert work.log(b"def", 3) == 6
    assert LogChunk.objects.count() == 0


def test_long_lines_without_end_are_kept(work: Work) -> None:
    data = b"x" * (3 << 20)
    fill(work, data, 1 << 20)
    logs.seal(work.job.pk)
    assert b"".join(logs.read(work.job)) == data
    assert logs.count_lines(work.job, 0, len(data)) == 1
    assert logs.lines(work.job, 0, len(data))[0].text == data.decode()
