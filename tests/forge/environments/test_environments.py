"""Environments: rows with a name that is found in any case."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from forge.environments import environments
from forge.environments.models import Environment
from forge.errors import Invalid, NotFound
from tests import factories

pytestmark = pytest.mark.django_db


def test_one_name_in_any_case_is_one_environment() -> None:
    repository = factories.repository()
    made = environments.get_or_create(repository, "Production")
    assert environments.get_or_create(repository, "PRODUCTION") == made
    assert environments.find(repository, "production").name == "Production"
    assert environments.get_or_create(factories.repository(), "Production") != made


def test_saving_moves_its_time() -> None:
    repository = factories.repository()
    made = environments.put(repository, "a/b ö")
    again = environments.put(repository, "A/B Ö")
    assert (again.pk, again.name, again.created_at) == (made.pk, "a/b ö", made.created_at)
    assert again.updated_at >= made.updated_at
    assert list(environments.of_repository(repository)) == [made]


@pytest.mark.parametrize("name", ["x" * 255, "İ" * 255, "a/b", "prod (eu) #1", "生产"])
def test_names(name: str) -> None:
    repository = factories.repository()
    assert environments.get_or_create(repository, name) == environments.find(repository, name)


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "a\n", "a\nb", "a\0b", "x" * 256, "\ud800", "a\u2028b"])
def test_what_is_no_name(name: str) -> None:
    repository = factories.repository()
    with pytest.raises(Invalid) as refused:
        environments.get_or_create(repository, name)
    assert refused.value.errors[0].field == "name"
    assert not Environment.objects.exists()


def test_what_is_not_there_is_not_found() -> None:
    repository = factories.repository()
    environments.get_or_create(factories.repository(), "elsewhere")
    for name in ("elsewhere", "", "\0" * 3, "x" * 5000):
        with pytest.raises(NotFound):
            environments.find(repository, name)


@pytest.mark.django_db(transaction=True)
def test_jobs_that_name_one_at_once_make_one() -> None:
    repository, found = factories.repository(), []

    def name() -> None:
        try:
            found.append(environments.get_or_create(repository, "staging").pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=name) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert set(found) == {Environment.objects.get().pk}
