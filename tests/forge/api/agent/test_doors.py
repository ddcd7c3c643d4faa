"""The runner protocol over HTTP, in this process."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest
import zstandard
from django.test import AsyncClient, Client

from forge.accounts.actor import Actor
from forge.actions import assignment, cancel, wakeup
from forge.actions.models import Claim, Job, JobLog, Run, Step
from forge.api.agent import polls
from forge.runners import credentials, groups, labels, registration
from forge.runners.group_settings import Settings
from forge.runners.models import Runner
from forge.threads import run_sync
from tests import factories
from tests.engine import FakeRunner, Project, jobs, state
from tests.forge.actions.texts import ONE, TWO

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _alone() -> None:
    """No runner of another test is remembered: ids begin anew."""
    polls.presence.__init__()  # type: ignore[misc]


def post(path: str, credential: str, body: Any = None) -> Any:
    return Client().post(
        f"/api/v1/{path}",
        json.dumps(body or {}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {credential}"},
    )


def put_log(job: int, credential: str, offset: int, data: bytes, encoding: str = "") -> Any:
    headers = {"Authorization": f"Bearer {credential}"}
    if encoding:
        headers["Content-Encoding"] = encoding
    return Client().put(f"/api/v1/jobs/{job}/log?offset={offset}", data, content_type="x/y", headers=headers)


async def poll(runner: FakeRunner, key: str = "k", **more: Any) -> Any:
    body = {"instance": "i", "request_key": key, "free": 1, "wait_seconds": 0, **more}
    return await AsyncClient().post(
        "/api/v1/runners/poll",
        json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {runner.credential}"},
    )


async def waiting(count: int = 1) -> None:
    """Until so many polls are held."""
    while len(polls.presence.calls) < count:  # noqa: ASYNC110 - the calls run in this very loop
        await asyncio.sleep(0)
    await run_sync(lambda: None)


async def test_the_whole_way() -> None:
    run = await run_sync(lambda: Project.new().run(TWO))
    runner = await run_sync(FakeRunner.new, "ubuntu-latest")
    answer = (await poll(runner)).json()
    given = answer["assignment"]
    job, token, epoch = given["job"], given["lease_token"], given["epoch"]
    assert given["definition"]["steps"][0]["run"].startswith("echo answer")
    await run_sync(_work, job, token, epoch)
    assert await run_sync(state, run) == ("in_progress", None)
    assert (await run_sync(jobs, run))["build"] == ("completed", "success")
    assert (await run_sync(jobs, run))["test"] == ("queued", None)


def _work(job: int, token: str, epoch: int) -> None:
    assert post(f"jobs/{job}/status", token, {"epoch": epoch, "status": "in_progress"}).status_code == 200
    step = {"number": 2, "name": "Run", "status": "in_progress", "started_at": "2026-01-15T12:00:00Z"}
    assert post(f"jobs/{job}/steps", token, {"epoch": epoch, "steps": [step]}).status_code == 200
    line = b"2026-01-15T12:00:01.0000000Z hello\n"
    assert put_log(job, token, 0, zstandard.compress(line), "zstd").json() == {"next": len(line)}
    assert put_log(job, token, len(line), gzip.compress(line), "gzip").json() == {"next": 2 * len(line)}
    assert post(f"jobs/{job}/cancel-check", token).json() == {"cancelled": False, "force": False, "reason": ""}
    step |= {"status": "completed", "conclusion": "success", "outcome": "success", "log_start": 0, "log_end": 70}
    assert post(f"jobs/{job}/steps", token, {"epoch": epoch, "steps": [step]}).status_code == 200
    end = {"epoch": epoch, "status": "completed", "conclusion": "success", "log_length": 2 * len(line)}
    assert post(f"jobs/{job}/status", token, end).status_code == 200
    assert post(f"jobs/{job}/status", token, end).status_code == 200
    other = post(f"jobs/{job}/status", token, {**end, "conclusion": "failure"})
    assert (other.status_code, other.json()["code"]) == (409, "already_completed")
    late = post(f"jobs/{job}/steps", token, {"epoch": epoch, "steps": [step]})
    assert (late.status_code, late.json()["code"]) == (409, "lease_lost")


async def test_the_log_of_a_step_beside_others_finds_its_place_later() -> None:
    await run_sync(lambda: Project.new().run(ONE))
    runner = await run_sync(FakeRunner.new, "ubuntu-latest")
    given = (await poll(runner)).json()["assignment"]
    ended = {"status": "completed", "conclusion": "failure", "outcome": "failure"}

    def told(**fields: Any) -> tuple[str, str | None, int | None, int | None]:
        step = {"number": 2, "name": "Beside", "started_at": "2026-01-15T12:00:00Z", **fields}
        said = {"epoch": given["epoch"], "steps": [step]}
        assert post(f"jobs/{given['job']}/steps", given["lease_token"], said).status_code == 200
        row = Step.objects.get(job=given["job"], number=2)
        return row.status, row.conclusion, row.log_start, row.log_end

    async def place(**fields: Any) -> tuple[int | None, int | None]:
        """Of the step that has failed, whatever is told of it now."""
        status, conclusion, start, end = await run_sync(lambda: told(**fields))
        assert (status, conclusion) == ("completed", "failure")
        return start, end

    assert await run_sync(lambda: told(status="in_progress")) == ("in_progress", None, None, None)
    assert await place(**ended) == (None, None)
    assert await place(status="in_progress", log_start=3) == (None, None)
    assert await place(**ended, log_start=10) == (10, None)
    assert await place(**ended, log_start=20, log_end=30) == (10, None)
    assert await place(status="completed", conclusion="success", log_start=10, log_end=30) == (10, None)
    assert await place(**ended, log_start=10, log_end=30) == (10, 30)
    assert await place(**ended, log_start=10, log_end=40) == (10, 30)


async def test_a_held_call_is_answered_by_a_push() -> None:
    runner = await run_sync(FakeRunner.new, "ubuntu-latest")
    held = asyncio.ensure_future(poll(runner, wait_seconds=30))
    await waiting()
    await run_sync(lambda: Project.new().run(ONE))
    answer = await asyncio.wait_for(held, 10)
    assert answer.json()["assignment"]["job_name"] == "build"


async def test_one_job_wakes_one_runner() -> None:
    runners = [await run_sync(FakeRunner.new, "ubuntu-latest") for _ in range(3)]
    held = [asyncio.ensure_future(poll(runner, wait_seconds=30)) for runner in runners]
    await waiting(3)
    await run_sync(lambda: Project.new().run(ONE))
    done, still = await asyncio.wait(held, return_when=asyncio.FIRST_COMPLETED, timeout=10)
    assert len(done) == 1
    assert len(still) == 2
    for call in list(polls.presence.calls.values()):
        call.end()
    assert {answer.status_code for answer in await asyncio.gather(*still)} == {204}


async def test_a_cancel_reaches_the_held_call() -> None:
    run = await run_sync(lambda: Project.new().run(ONE))
    runner = await run_sync(FakeRunner.new, "ubuntu-latest")
    work = await run_sync(runner.take)
    active = [{"job": work.claim.job_id, "epoch": work.claim.epoch}]
    held = asyncio.ensure_future(poll(runner, free=0, active=active, wait_seconds=30))
    await waiting()
    await run_sync(lambda: cancel.run(run.actor, run))
    (notice,) = (await asyncio.wait_for(held, 10)).json()["cancels"]
    assert (notice["job"], notice["force"], notice["reason"]) == (
        work.claim.job_id,
        False,
        f"Cancelled by {run.repository.owner.login}",
    )
    seen = [{**active[0], "cancel_seen": 1}]
    assert (await poll(runner, free=0, active=seen)).status_code == 204


@pytest.mark.breaks_rules
async def test_the_same_key_gives_the_same_assignment_until_it_ends() -> None:
    await run_sync(lambda: Project.new().run(ONE))
    runner = await run_sync(FakeRunner.new, "ubuntu-latest")
    first = (await poll(runner, "same")).json()
    assert (await poll(runner, "same")).json() == first
    assert (await poll(runner, "other")).status_code == 204  # capacity is 1
    await run_sync(lambda: Claim.objects.update(ended_at=Job.objects.get().created_at))
    gone = await poll(runner, "same")
    assert (gone.status_code, gone.json()["code"]) == (410, "gone")


async def test_a_newer_call_ends_the_older() -> None:
    runner = await run_sync(FakeRunner.new, "a")
    older = asyncio.ensure_future(poll(runner, wait_seconds=30))
    await waiting()
    assert (await poll(runner)).status_code == 204
    assert (await asyncio.wait_for(older, 10)).status_code == 204


async def test_a_second_process_is_refused() -> None:
    runner = await run_sync(FakeRunner.new, "a")
    await poll(runner)
    second = await poll(runner, instance="another")
    assert (second.status_code, second.json()["code"]) == (409, "runner_in_use")


async def test_a_process_that_says_it_ends_is_offline_at_once_and_followed_by_any_other() -> None:
    runner = await run_sync(FakeRunner.new, "a")
    await poll(runner)

    def leave(instance: str) -> bool:
        assert post("runners/leave", runner.credential, {"instance": instance}).status_code == 204
        return registration.online(Runner.objects.get(pk=runner.row.pk))

    assert await run_sync(leave, "another"), "only its own process speaks for it"
    assert not await run_sync(leave, "i")
    assert (await poll(runner, instance="another")).status_code == 204
    assert await run_sync(lambda: registration.online(Runner.objects.get(pk=runner.row.pk)))
    assert (await poll(runner)).json()["code"] == "runner_in_use"


async def test_a_runner_whose_call_breaks_off_is_offline_however_early_that_was() -> None:
    runners = [await run_sync(FakeRunner.new, "a") for _ in range(4)]
    for runner in runners:
        call = asyncio.create_task(poll(runner, wait_seconds=30))
        while not polls.presence.heard_since(runner.row.pk, 0.0):  # noqa: ASYNC110 - the call runs in this very loop
            await asyncio.sleep(0)
        call.cancel()  # it was heard, and does not wait yet
        await asyncio.gather(call, return_exceptions=True)
    while polls._tasks:
        polls.presence.calls.clear()  # of tests before: a look for all goes on while there is one
        await asyncio.wait(polls._tasks)

    def rows() -> list[Runner]:
        return list(Runner.objects.filter(pk__in=[runner.row.pk for runner in runners]))

    assert any(row.last_seen_at for row in await run_sync(rows))
    assert not any(registration.online(row) for row in await run_sync(rows))


async def test_only_the_process_that_polls_renews_and_gives_up() -> None:
    run = await run_sync(lambda: Project.new().run(ONE))
    runner = await run_sync(FakeRunner.new, "ubuntu-latest")
    given = (await poll(runner)).json()["assignment"]
    active = [{"job": given["job"], "epoch": 1}]

    def heartbeat(instance: str, **more: Any) -> Any:
        return post("runners/heartbeat", runner.credential, {"instance": instance, **more})

    left = [{"job": given["job"], "epoch": 1, "log_length": 0, "log_sha256": ""}]
    body = {"instance": "another", "jobs": left}
    assert (await run_sync(heartbeat, "i", active=active)).json()["jobs"][0]["held"]
    assert not (await run_sync(lambda: heartbeat("another", active=active))).json()["jobs"][0]["held"]
    looked = await run_sync(heartbeat, "doctor")
    assert (looked.status_code, looked.json()["code"]) == (409, "runner_in_use")
    refused = await run_sync(post, "runners/recover", runner.credential, body)
    assert (refused.status_code, refused.json()["code"]) == (409, "runner_in_use")
    answer = await run_sync(post, "runners/recover", runner.credential, {**body, "instance": "i"})
    assert answer.json()["jobs"] == [{"job": given["job"], "epoch": 1, "lease_token": None, "log_length": 0}]
    assert (await run_sync(state, run))[0] == "queued"


async def test_a_drain_is_news_once() -> None:
    await run_sync(lambda: Project.new().run(ONE))
    runner = await run_sync(FakeRunner.new, "ubuntu-latest")
    await run_sync(lambda: Runner.objects.update(draining=True))
    assert (await poll(runner, wait_seconds=30)).json() == {"assignment": None, "cancels": [], "drain": True}
    assert (await poll(runner, draining=True)).status_code == 204  # it knows
    await run_sync(lambda: Runner.objects.update(draining=False))
    assert (await poll(runner, draining=True, free=0)).json()["drain"] is False
    assert (await poll(runner)).json()["assignment"]["job_name"] == "build"


async def test_a_job_that_cannot_be_assigned_fails_and_blocks_nobody() -> None:
    broken = await run_sync(lambda: Project.new().run(ONE))
    run = await run_sync(lambda: Project.new().run(ONE))
    nonsense = await run_sync(factories.source, "nonsense")
    await run_sync(lambda: Run.objects.filter(pk__in=[broken.pk, run.pk]).update(source=nonsense))
    good = await run_sync(lambda: Project.new().run(TWO))
    runner = await run_sync(FakeRunner.new, "ubuntu-latest")
    given = (await poll(runner)).json()["assignment"]
    assert given["run"] == good.pk
    assert (await run_sync(state, broken))[0] == "completed"
    assert (await run_sync(state, run))[0] == "completed"


def test_log_appends_say_what_they_want() -> None:
    Project.new().run(ONE)
    work = FakeRunner.new("ubuntu-latest").take()
    job, token = work.claim.job_id, work.assignment.lease_token
    assert put_log(job, token, 0, b"hello ").json() == {"next": 6}
    assert put_log(job, token, 3, b"lo world").json() == {"next": 11}  # the stored part is skipped
    gap = put_log(job, token, 20, b"x")
    assert (gap.status_code, gap.json()["code"], gap.json()["next"]) == (409, "log_gap", 11)
    assert put_log(job, token, 0, b"hello").json() == {"next": 11}
    assert JobLog.objects.get(job=job).length == 11
    assert put_log(job, token, 11, zstandard.compress(b"x" * ((4 << 20) + 1)), "zstd").status_code == 422
    assert put_log(job, token, 11, b"no zstd", "zstd").status_code == 400
    assert put_log(job, token, 11, b"x", "br").status_code == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [({"status": "in_progress"}, "epoch"), ({"epoch": "1", "status": "x"}, "epoch"), ([], "JobReport")],
)
def test_a_bad_message_names_what_is_wrong(body: Any, field: str) -> None:
    Project.new().run(ONE)
    work = FakeRunner.new("ubuntu-latest").take()
    answer = post(f"jobs/{work.claim.job_id}/status", work.assignment.lease_token, body or [1])
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_message")
    assert field in answer.json()["error"]


def test_register_and_remove() -> None:
    token, credential = registration.create_token(), "shc_secret"
    body = {"name": "one", "labels": ["a"], "credential_hash": credentials.hashed(credential)}
    first = post("runners/register", token, body)
    assert (first.status_code, first.json()["name"]) == (200, "one")
    assert post("runners/register", token, body).json()["runner"] == first.json()["runner"]
    again = {**body, "credential_hash": credentials.hashed("other")}
    assert post("runners/register", token, again).status_code == 409
    Project.new().run(ONE.replace("ubuntu-latest", "a"))
    work = FakeRunner(Runner.objects.get(), credential).take()
    replaced = post("runners/register", token, {**again, "replace": True})
    assert replaced.json()["runner"] != first.json()["runner"]
    assert work.job.status == "queued"  # its runner was lost before anything started
    assert post("runners/heartbeat", credential, {"instance": "i"}).status_code == 401
    assert post("runners/remove", "other").status_code == 204
    assert post("runners/remove", "other").status_code == 401
    assert post("runners/register", "shr_none", body).status_code == 403
    assert post("runners/register", token, {**body, "name": ""}).status_code == 422


def test_a_credential_is_changed() -> None:
    runner, other = FakeRunner.new("a"), FakeRunner.new("a")
    row, hashed = runner.row, credentials.hashed("shc_next")

    def announce(shown: str, credential_hash: str = hashed) -> int:
        body = {"instance": "i", "credential_hash": credential_hash}
        return int(post("runners/rotate", shown, body).status_code)

    def opens(credential: str) -> bool:
        return bool(post("runners/heartbeat", credential, {"instance": "i"}).status_code == 200)

    assert [announce(runner.credential), announce(runner.credential)] == [204, 204]  # safe to repeat
    assert opens(runner.credential), "good until the new one is used"
    assert opens("shc_next")
    assert not opens(runner.credential)
    row.refresh_from_db()
    assert (row.credential_hash, row.next_credential_hash) == (hashed, "")
    assert announce("shc_next") == 204  # what it uses already
    assert opens("shc_next")
    assert announce(runner.credential) == 401
    assert announce(other.credential) == 409  # another runner's
    assert announce(other.credential, "nonsense") == 422
    assert registration.remove(row)
    assert not opens("shc_next")


def test_a_removed_runner_keeps_no_announced_credential() -> None:
    runner = FakeRunner.new("a")
    registration.rotate(runner.row, credentials.hashed("shc_next"))
    assert post("runners/remove", runner.credential).status_code == 204
    assert post("runners/heartbeat", "shc_next", {"instance": "i"}).status_code == 401


def test_every_credential_is_refused_at_every_other_door() -> None:
    project = Project.new()
    project.run(ONE)
    runner = FakeRunner.new("ubuntu-latest")
    work = runner.take()
    job = work.claim.job_id
    other = Project.new().run(ONE)
    tokens = {
        "registration": registration.create_token(),
        "runner": runner.credential,
        "lease": work.assignment.lease_token,
        "job": work.assignment.github_token,
        "person": factories.token(project.account),
        "garbage": "shl_zz_00",
    }
    doors = {
        "runners/register": "registration",
        "runners/heartbeat": "runner",
        "runners/poll": "runner",
        "runners/recover": "runner",
        "runners/rotate": "runner",
        "runners/leave": "runner",
        f"jobs/{job}/steps": "lease",
        f"jobs/{job}/status": "lease",
        f"jobs/{job}/cancel-check": "lease",
    }
    for path, opener in doors.items():
        for kind, text in tokens.items():
            if kind != opener:
                body = {"name": "x", "labels": [], "credential_hash": "0" * 64, "instance": "i", "request_key": "k"}
                answer = post(
                    path, text, {**body, "free": 0, "jobs": [], "epoch": 1, "steps": [], "status": "in_progress"}
                )
                assert answer.status_code in (401, 403), (path, kind, answer.status_code)
    foreign = Job.objects.get(run=other).pk
    assert post(f"jobs/{foreign}/cancel-check", work.assignment.lease_token).status_code == 401
    assert assignment.actor_for_token(work.assignment.github_token) is not None
    assert assignment.actor_for_token(work.assignment.lease_token) is None
    work.finish()
    assert assignment.actor_for_token(work.assignment.github_token) is None


async def test_labels_and_groups_that_change_reach_the_held_call() -> None:
    run = await run_sync(lambda: Project.new().run(ONE))
    runner = await run_sync(FakeRunner.new, "other")
    held = asyncio.ensure_future(poll(runner, wait_seconds=30))
    await waiting()

    def change() -> None:
        account = Job.objects.select_related("owner").get(run=run).owner
        row = labels.replace(Actor.for_session(account), runner.row, ["ubuntu-latest"])
        wakeup.runner_changed(row.pk)

    await run_sync(change)
    assert (await asyncio.wait_for(held, 10)).json()["assignment"]["run"] == run.pk


async def test_a_new_label_counts_for_offers_of_a_call_that_was_held_before() -> None:
    runner = await run_sync(FakeRunner.new, "other")
    held = asyncio.ensure_future(poll(runner, wait_seconds=30))
    await waiting()
    account = await run_sync(factories.account)
    await run_sync(lambda: labels.add(Actor.for_session(account), runner.row, ["ubuntu-latest"]))
    await run_sync(wakeup.runner_changed, runner.row.pk)
    call = polls.presence.calls[runner.row.pk]
    while "ubuntu-latest" not in call.seeker.labels:  # noqa: ASYNC110 - the call runs in this very loop
        await asyncio.sleep(0)
    run = await run_sync(lambda: Project.new().run(ONE))
    assert (await asyncio.wait_for(held, 10)).json()["assignment"]["run"] == run.pk


async def test_an_offer_finds_the_runner_whose_group_takes_it() -> None:
    """Runners of groups that are closed to the job do not keep the offer from the one that is open."""
    project = await run_sync(lambda: Project.new(private=True))

    def runners() -> list[FakeRunner]:
        made = []
        for name, said in (
            ("closed", {"visibility": "selected"}),
            ("restricted", {"restricted_to_workflows": True}),
            ("open", {}),
        ):
            runner = FakeRunner.new("ubuntu-latest", owner=project.account)
            settings = Settings(name, runner_ids=[runner.row.pk], **said)  # type: ignore[arg-type]
            groups.create(Actor.for_session(project.account), project.account, settings)
            made.append(runner)
        return made

    made = await run_sync(runners)
    held = [asyncio.ensure_future(poll(runner, wait_seconds=20)) for runner in made]
    await waiting(3)
    run = await run_sync(lambda: project.run(ONE))
    assert (await asyncio.wait_for(held[2], 10)).json()["assignment"]["run"] == run.pk
    for call in held[:2]:
        call.cancel()
    await asyncio.gather(*held[:2], return_exceptions=True)


async def test_a_runner_whose_call_breaks_off_is_offline_until_it_is_heard_from() -> None:
    runner = await run_sync(FakeRunner.new, "a")
    held = asyncio.ensure_future(poll(runner, wait_seconds=30))
    await waiting()

    def online() -> bool:
        return registration.online(Runner.objects.get(pk=runner.row.pk))

    assert await run_sync(online)
    held.cancel()
    await asyncio.gather(held, return_exceptions=True)
    missing = [task for task in polls._tasks if task.get_name() == "miss a runner"]
    await asyncio.gather(*missing)
    assert not await run_sync(online)
    assert (await poll(runner)).status_code == 204
    assert await run_sync(online)


def test_the_door_puts_a_runner_into_a_group() -> None:
    account = factories.account()
    groups.create(Actor.for_session(account), account, Settings("big"))
    token = registration.create_token(owner=account)
    body = {"name": "one", "labels": [], "credential_hash": "a" * 64, "group": "BIG"}
    assert post("runners/register", token, body).json()["group"] == "big"
    refused = post("runners/register", token, {**body, "name": "two", "credential_hash": "b" * 64, "group": "none"})
    assert (refused.status_code, "no runner group none" in refused.json()["error"]) == (422, True)
    of_site = registration.create_token()
    refused = post("runners/register", of_site, {**body, "credential_hash": "c" * 64})
    assert refused.status_code == 422
    default = post("runners/register", of_site, {**body, "credential_hash": "d" * 64, "group": "default"})
    assert default.json()["group"] == "Default"
