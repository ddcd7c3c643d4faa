"""An organisation's repository with an environment, and a key file of each test's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forge.accounts.models import Account, Kind
from forge.environments import environments
from forge.environments.models import Environment
from forge.repos.models import Repository
from forge.vault.scopes import Scope
from tests import factories


@pytest.fixture(autouse=True)
def keys_file(settings: Any, tmp_path: Path) -> Path:
    """Where the keys of this test are; not there yet."""
    path = tmp_path / "vault-keys.json"
    settings.VAULT_KEYS = path
    return path


@pytest.fixture
def acme(db: None) -> Account:
    return factories.account("acme", kind=Kind.ORGANIZATION)


@pytest.fixture
def repository(acme: Account) -> Repository:
    return factories.repository(acme, "hello")


@pytest.fixture
def environment(repository: Repository) -> Environment:
    return environments.get_or_create(repository, "Production")


@pytest.fixture
def scopes(acme: Account, repository: Repository, environment: Environment) -> dict[str, Scope]:
    """One of each kind, by its word."""
    return {
        "organization": Scope.of_organization(acme),
        "repository": Scope.of_repository(repository),
        "environment": Scope.of_environment(environment),
    }
