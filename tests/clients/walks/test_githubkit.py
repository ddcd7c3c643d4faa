"""githubkit against a real server: both versions of the API, checked against its own schemas, sync and async."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

import pytest
from githubkit import GitHub
from githubkit.exception import RequestFailed
from nacl.public import PublicKey, SealedBox

from tests.clients.walks.walk import ORGANIZATION, SECRET
from tests.services.stack import LOGIN, Project, Stack, eventually

pytestmark = [pytest.mark.clients, pytest.mark.timeout(180)]

#: The oldest version that is served, and the client's own.
VERSIONS = ("2022-11-28", "2026-03-10")


@pytest.fixture
def github(stack: Stack) -> Iterator[Any]:
    with GitHub(stack.token, base_url=f"{stack.url}/api/v3/", auto_retry=False, trust_env=False) as client:
        yield client


def sealed(key: Any, value: str) -> dict[str, str]:
    """A secret's body, sealed for a public key by libsodium."""
    box = SealedBox(PublicKey(base64.b64decode(key.key)))
    return {"encrypted_value": base64.b64encode(box.encrypt(value.encode())).decode(), "key_id": key.key_id}


def refused(call: Any, *arguments: Any, **named: Any) -> int:
    """The status with which a call is refused, as the client's own error tells it."""
    with pytest.raises(RequestFailed) as error:
        call(*arguments, **named)
    assert error.value.response.json()["status"] == str(error.value.response.status_code)
    return error.value.response.status_code


@pytest.mark.parametrize("version", VERSIONS)
def test_a_run_from_its_dispatch_to_its_deletion(github: Any, project: Project, version: str) -> None:
    actions, at = github.rest(version).actions, (LOGIN, project.name)
    key = actions.get_repo_public_key(*at).parsed_data
    assert actions.create_or_update_repo_secret(*at, "TOKEN", **sealed(key, SECRET)).status_code == 201
    assert actions.create_repo_variable(*at, name="COLOUR", value="blue").status_code == 201
    workflow = actions.get_workflow(*at, "walk.yml").parsed_data
    assert (workflow.state, workflow.path) == ("active", ".github/workflows/walk.yml")
    started = actions.create_workflow_dispatch(*at, "walk.yml", ref="main", inputs={"who": "githubkit"})
    assert started.status_code == (200 if version == "2026-03-10" else 204)
    newest = actions.list_workflow_runs_for_repo(*at, event="workflow_dispatch").parsed_data.workflow_runs[0]
    if started.status_code == 200:
        assert started.parsed_data.workflow_run_id == newest.id
    project.completed(newest.id)
    run = actions.get_workflow_run(*at, newest.id).parsed_data
    assert (run.status, run.conclusion, run.run_attempt) == ("completed", "success", 1)
    assert actions.get_workflow_run_attempt(*at, run.id, 1).parsed_data.id == run.id
    jobs = {job.name: job for job in actions.list_jobs_for_workflow_run(*at, run.id).parsed_data.jobs}
    assert sorted(jobs) == ["beside", "hello"]
    hello = actions.get_job_for_workflow_run(*at, jobs["hello"].id).parsed_data
    step = next(step for step in hello.steps if step.name == "Say hello")
    said = f"hello githubkit in blue, a secret of {len(SECRET)} characters"
    assert said in actions.download_job_logs_for_workflow_run(*at, hello.id).text
    for download in (
        actions.download_workflow_run_logs(*at, run.id),
        actions.download_workflow_run_attempt_logs(*at, run.id, 1),
    ):
        with ZipFile(io.BytesIO(download.content)) as archive:
            assert said.encode() in archive.read(f"hello/{step.number}_Say hello.txt")
    usage = actions.get_workflow_run_usage(*at, run.id).parsed_data
    assert usage.run_duration_ms > 0
    assert usage.billable.ubuntu.jobs == 2
    assert actions.get_workflow_usage(*at, "walk.yml").parsed_data.billable.ubuntu.total_ms > 0
    assert actions.list_workflow_run_artifacts(*at, run.id).parsed_data.artifacts == []
    assert actions.list_artifacts_for_repo(*at).parsed_data.total_count == 0
    assert actions.delete_workflow_run_logs(*at, run.id).status_code == 204
    assert refused(actions.download_job_logs_for_workflow_run, *at, hello.id) == 410
    assert actions.delete_workflow_run(*at, run.id).status_code == 204
    assert refused(actions.get_workflow_run, *at, run.id) == 404


@pytest.mark.parametrize("version", VERSIONS)
def test_cancel_and_run_again(github: Any, project: Project, version: str) -> None:
    actions, at = github.rest(version).actions, (LOGIN, project.name)

    def started(how: str) -> int:
        before = actions.list_workflow_runs(*at, "walk.yml").parsed_data.total_count
        actions.create_workflow_dispatch(*at, "walk.yml", ref="main", inputs={"who": "me", "how": how})
        found = actions.list_workflow_runs(*at, "walk.yml").parsed_data
        assert found.total_count == before + 1
        return int(found.workflow_runs[0].id)

    waiting = started("wait")
    project.says(waiting, "hello", "waiting")
    assert actions.list_workflow_runs_for_repo(*at, status="in_progress").parsed_data.workflow_runs[0].id == waiting
    assert refused(actions.delete_workflow_run, *at, waiting) == 403
    assert actions.cancel_workflow_run(*at, waiting).status_code == 202
    assert project.completed(waiting)["conclusion"] == "cancelled"
    assert refused(actions.cancel_workflow_run, *at, waiting) == 409
    assert refused(actions.force_cancel_workflow_run, *at, waiting) == 409

    failing = started("fail")
    assert project.completed(failing)["conclusion"] == "failure"
    assert actions.re_run_workflow_failed_jobs(*at, failing).status_code == 201
    assert project.completed(failing)["run_attempt"] == 2
    jobs = actions.list_jobs_for_workflow_run_attempt(*at, failing, 2).parsed_data.jobs
    assert {job.name: job.conclusion for job in jobs} == {"hello": "failure", "beside": "success"}
    everything = actions.list_jobs_for_workflow_run(*at, failing, filter_="all").parsed_data
    assert [job.run_attempt for job in everything.jobs] == [2, 2, 1, 1]
    beside = next(job.id for job in jobs if job.name == "beside")
    assert actions.re_run_job_for_workflow_run(*at, beside).status_code == 201
    assert project.completed(failing)["run_attempt"] == 3
    assert actions.re_run_workflow(*at, failing).status_code == 201
    assert project.completed(failing)["run_attempt"] == 4


def test_switching_off_and_what_is_refused(github: Any, project: Project) -> None:
    actions, at = github.rest.actions, (LOGIN, project.name)
    assert actions.disable_workflow(*at, "walk.yml").status_code == 204
    assert [one.state for one in actions.list_repo_workflows(*at).parsed_data.workflows] == ["disabled_manually"]
    assert refused(actions.create_workflow_dispatch, *at, "walk.yml", ref="main", inputs={"who": "x"}) == 422
    assert actions.enable_workflow(*at, "walk.yml").status_code == 204
    assert refused(actions.create_workflow_dispatch, *at, "walk.yml", ref="nothing", inputs={"who": "x"}) == 422
    assert refused(actions.create_workflow_dispatch, *at, "walk.yml", ref="main", inputs={}) == 422
    assert refused(actions.create_workflow_dispatch, *at, "none.yml", ref="main") == 404
    assert refused(actions.get_workflow_run, *at, 10**12) == 404
    assert refused(actions.get_repo_secret, *at, "NONE") == 404
    run = actions.list_workflow_runs_for_repo(*at).parsed_data.workflow_runs[0]
    assert refused(actions.re_run_workflow_failed_jobs, *at, run.id) == 403


def test_secrets_and_variables_of_environment_and_organization(github: Any, project: Project) -> None:
    actions, repos, at = github.rest.actions, github.rest.repos, (LOGIN, project.name)
    assert repos.create_or_update_environment(*at, "prod/eu", data={}).parsed_data.name == "prod/eu"
    key = actions.get_environment_public_key(*at, "prod/eu").parsed_data
    for status in (201, 204):
        body = sealed(key, SECRET)
        assert actions.create_or_update_environment_secret(*at, "prod/eu", "TOKEN", **body).status_code == status
    assert [one.name for one in actions.list_environment_secrets(*at, "prod/eu").parsed_data.secrets] == ["TOKEN"]
    assert actions.create_environment_variable(*at, "prod/eu", name="COLOUR", value="red").status_code == 201
    assert (
        actions.update_environment_variable(*at, environment_name="prod/eu", name="COLOUR", value="blue").status_code
        == 204
    )
    assert actions.get_environment_variable(*at, "prod/eu", "COLOUR").parsed_data.value == "blue"
    assert actions.delete_environment_secret(*at, "prod/eu", "TOKEN").status_code == 204
    assert refused(actions.create_environment_variable, *at, "prod/eu", name="COLOUR", value="x") == 409

    shared = repos.get(ORGANIZATION, "shared").parsed_data
    key = actions.get_org_public_key(ORGANIZATION).parsed_data
    body = {**sealed(key, SECRET), "visibility": "selected", "selected_repository_ids": [shared.id]}
    assert actions.create_or_update_org_secret(ORGANIZATION, "KIT", data=body).status_code == 201
    chosen = actions.list_selected_repos_for_org_secret(ORGANIZATION, "KIT").parsed_data.repositories
    assert [one.full_name for one in chosen] == [f"{ORGANIZATION}/shared"]
    assert actions.get_org_secret(ORGANIZATION, "KIT").parsed_data.visibility == "selected"
    assert actions.list_repo_organization_secrets(ORGANIZATION, "shared").parsed_data.total_count >= 1
    assert actions.remove_selected_repo_from_org_secret(ORGANIZATION, "KIT", shared.id).status_code == 204
    assert actions.add_selected_repo_to_org_secret(ORGANIZATION, "KIT", shared.id).status_code == 204
    assert actions.set_selected_repos_for_org_secret(ORGANIZATION, "KIT", selected_repository_ids=[]).status_code == 204
    assert actions.delete_org_secret(ORGANIZATION, "KIT").status_code == 204
    assert refused(actions.get_org_secret, ORGANIZATION, "KIT") == 404


def test_runners(github: Any, project: Project) -> None:
    actions, at = github.rest.actions, (LOGIN, project.name)
    assert actions.list_self_hosted_runners_for_repo(*at).parsed_data.total_count == 0
    assert actions.create_registration_token_for_repo(*at).parsed_data.token.startswith("shr_")
    assert actions.create_remove_token_for_repo(*at).parsed_data.expires_at
    assert actions.create_registration_token_for_org(ORGANIZATION).status_code == 201
    assert refused(actions.get_self_hosted_runner_for_repo, *at, 10**9) == 404
    body = {"name": "just-in-time", "runner_group_id": 1, "labels": ["gpu"]}
    made = actions.generate_runner_jitconfig_for_repo(*at, data=body).parsed_data
    assert made.encoded_jit_config
    assert [one.name for one in actions.list_self_hosted_runners_for_repo(*at).parsed_data.runners] == ["just-in-time"]
    runner = (*at, made.runner.id)
    shown = actions.get_self_hosted_runner_for_repo(*runner).parsed_data
    assert (shown.status, shown.busy) == ("offline", False)
    actions.add_custom_labels_to_self_hosted_runner_for_repo(*runner, labels=["large"])
    assert {"gpu", "large"} <= _labels(actions.list_labels_for_self_hosted_runner_for_repo(*runner))
    actions.remove_custom_label_from_self_hosted_runner_for_repo(*runner, "gpu")
    assert {"gpu", "large"} & _labels(actions.list_labels_for_self_hosted_runner_for_repo(*runner)) == {"large"}
    assert actions.delete_self_hosted_runner_from_repo(*runner).status_code == 204
    assert actions.list_self_hosted_runners_for_repo(*at).parsed_data.total_count == 0


def _labels(answer: Any) -> set[str]:
    return {one.name for one in answer.parsed_data.labels}


def test_pages(github: Any, project: Project) -> None:
    for number in range(4):
        project.push(message=f"Change {number}")
    expected = eventually(lambda: _all_runs(github, project, 5), what="five runs")
    at = (LOGIN, project.name)
    paged = github.rest.paginate(
        github.rest.actions.list_workflow_runs_for_repo,
        map_func=lambda answer: answer.parsed_data.workflow_runs,
        owner=LOGIN,
        repo=project.name,
        per_page=2,
    )
    assert [run.id for run in paged] == expected
    for number in range(3):
        github.rest.actions.create_repo_variable(*at, name=f"V{number}", value=str(number))
    paged = github.rest.paginate(
        github.rest.actions.list_repo_variables,
        map_func=lambda answer: answer.parsed_data.variables,
        owner=LOGIN,
        repo=project.name,
        per_page=1,
    )
    assert [one.name for one in paged] == ["V0", "V1", "V2"]


def _all_runs(github: Any, project: Project, count: int) -> list[int]:
    runs = github.rest.actions.list_workflow_runs_for_repo(LOGIN, project.name, per_page=100).parsed_data.workflow_runs
    return [run.id for run in runs] if len(runs) == count else []


def test_what_it_keeps_is_asked_for_again(stack: Stack, project: Project) -> None:
    """The client's own cache sends If-None-Match: an unchanged answer costs no body, a changed one is never stale."""
    at = (LOGIN, project.name)

    def read(github: Any) -> tuple[int, bool, bool]:
        answer = github.rest.actions.list_repo_variables(*at)
        how = answer.raw_response.extensions
        return answer.json()["total_count"], how["hishel_from_cache"], how.get("hishel_revalidated", False)

    with GitHub(stack.token, base_url=f"{stack.url}/api/v3/", trust_env=False) as github:
        assert read(github) == (0, False, False)
        assert read(github) == (0, True, True)
        stack.api(project.path("/variables"), "POST", {"name": "COLOUR", "value": "blue"})
        assert read(github)[:2] == (1, False)


def test_many_at_once(stack: Stack, project: Project) -> None:
    async def walk() -> tuple[list[int], list[int]]:
        async with GitHub(stack.token, base_url=f"{stack.url}/api/v3/", trust_env=False) as github:
            actions, at = github.rest.actions, (LOGIN, project.name)
            await asyncio.gather(
                *(actions.async_create_repo_variable(*at, name=f"V{number}", value="x") for number in range(5))
            )
            paged = github.rest.paginate(
                actions.async_list_repo_variables,
                map_func=lambda answer: answer.parsed_data.variables,
                owner=LOGIN,
                repo=project.name,
                per_page=2,
            )
            names = [one.name async for one in paged]
            run = (await actions.async_list_workflow_runs_for_repo(*at)).parsed_data.workflow_runs[0]
            jobs = (await actions.async_list_jobs_for_workflow_run(*at, run.id)).parsed_data.jobs
            logs = await asyncio.gather(
                *(actions.async_download_job_logs_for_workflow_run(*at, job.id) for job in jobs)
            )
            with pytest.raises(RequestFailed) as error:
                await actions.async_get_workflow_run(*at, 10**12)
            assert error.value.response.status_code == 404
            return names, [log.status_code for log in logs]

    assert asyncio.run(walk()) == ([f"V{number}" for number in range(5)], [200, 200])
