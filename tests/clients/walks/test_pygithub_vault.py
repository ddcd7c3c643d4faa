"""PyGithub sets secrets, variables and environments of a real server, sealing values as it does for GitHub."""

from __future__ import annotations

import pytest
from github import Github, GithubException
from github.Repository import Repository

from tests.services.stack import LOGIN, Stack

pytestmark = [pytest.mark.clients, pytest.mark.timeout(180)]


@pytest.fixture
def repository(stack: Stack, github: Github) -> Repository:
    return github.get_repo(f"{LOGIN}/{stack.repository({'README.md': 'x'}).name}")


def test_a_repository(repository: Repository) -> None:
    made = repository.create_secret("token", "s3cret")
    assert made.name == "token"
    repository.create_secret("TOKEN", "again")
    assert [secret.name for secret in repository.get_secrets()] == ["TOKEN"]
    repository.get_secret("token").delete()
    assert list(repository.get_secrets()) == []

    variable = repository.create_variable("Colour", "blue")
    with pytest.raises(GithubException) as refused:
        repository.create_variable("colour", "red")
    assert refused.value.status == 409
    assert variable.edit("green")
    assert [(one.name, one.value) for one in repository.get_variables()] == [("COLOUR", "green")]
    repository.get_variable("colour").delete()
    assert repository.get_variables().totalCount == 0


def test_keys_rotate_beside_the_running_server(stack: Stack, repository: Repository) -> None:
    before = repository.get_public_key()
    repository.create_secret("kept", "s3cret")
    assert "Secrets encrypted under it: " in stack.forge("vault", "rotate")
    after = repository.get_public_key()
    assert before.key_id != after.key_id
    late = {"encrypted_value": before.encrypt("sealed before"), "key_id": before.key_id}
    path = f"/repos/{repository.full_name}/actions/secrets"
    assert stack.api(f"{path}/kept", "PUT", late).status_code == 204
    assert stack.api(f"{path}/kept", "PUT", {**late, "key_id": after.key_id}).status_code == 422
    assert stack.api(path).json()["total_count"] == 1


def test_an_environment(repository: Repository) -> None:
    environment = repository.create_environment("prod/eu")
    assert [one.name for one in repository.get_environments()] == ["prod/eu"]
    environment.create_secret("token", "s3cret")
    environment.create_variable("colour", "blue")
    found = repository.get_environment("PROD/EU")
    assert [secret.name for secret in found.get_secrets()] == ["TOKEN"]
    assert [(one.name, one.value) for one in found.get_variables()] == [("COLOUR", "blue")]
    slow = repository.create_environment("slow", wait_timer=30)
    assert [(rule.type, rule.wait_timer) for rule in slow.protection_rules] == [("wait_timer", 30)]
    with pytest.raises(GithubException) as refused:
        repository.create_environment("slow", wait_timer=50_000)  # more than thirty days
    assert refused.value.status == 422
    repository.delete_environment("slow")
    repository.delete_environment("prod/eu")
    assert repository.get_environments().totalCount == 0


def test_an_organization(github: Github) -> None:
    organization = github.withLazy(True).get_organization("acme")
    shared = github.get_repo("acme/shared")
    secret = organization.create_secret("token", "s3cret", visibility="selected", selected_repositories=[shared])
    assert [one.full_name for one in secret.selected_repositories] == ["acme/shared"]
    secret.remove_repo(shared)
    assert list(secret.selected_repositories) == []
    assert secret.add_repo(shared)

    organization.create_variable("colour", "blue", visibility="all")
    variable = organization.get_variable("COLOUR")
    assert (variable.value, variable.visibility) == ("blue", "all")
    assert variable.edit("green", "private")
    assert [(one.name, one.visibility) for one in organization.get_variables()] == [("COLOUR", "private")]
