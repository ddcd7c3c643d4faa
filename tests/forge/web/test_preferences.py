"""What a person chose to see how: read by the server, whoever asks."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings

from forge.repos.models import Repository
from tests import factories


def _text(client: Client, address: str = "/") -> str:
    return client.get(address).content.decode()


@pytest.mark.parametrize(
    ("name", "word", "said"),
    [
        ("theme", "dark", ' data-theme="dark"'),
        ("colours", "safe", ' data-colours="safe"'),
        ("zone", "utc", ' data-zone="utc"'),
    ],
)
def test_a_choice_is_kept(anyone: Client, db: None, name: str, word: str, said: str) -> None:
    assert said not in _text(anyone)
    answer = anyone.post("/-/preferences", {name: word}, headers={"Referer": "http://testserver/login"})
    assert (answer.status_code, answer["Location"]) == (303, "http://testserver/login")
    assert answer.cookies[name]["httponly"]
    assert said in _text(anyone)
    assert f'name="{name}" value="{word}" aria-pressed="true"' in _text(anyone)
    anyone.post("/-/preferences", {name: '"><script>'})
    assert said in _text(anyone)
    anyone.cookies[name] = '"><script>'
    assert said not in _text(anyone)
    assert "<script>" not in _text(anyone)


def test_only_forms_choose(anyone: Client, db: None) -> None:
    assert anyone.get("/-/preferences?theme=dark").status_code == 405


def test_the_site_says_which_zone_until_a_person_does(anyone: Client, db: None) -> None:
    assert ' data-zone="local"' in _text(anyone)
    with override_settings(TIMES="utc"):
        assert ' data-zone="utc"' in _text(anyone)
        anyone.post("/-/preferences", {"zone": "local"})
        assert ' data-zone="local"' in _text(anyone)


def test_the_height_of_rows_is_kept(person: Client, widget: Repository) -> None:
    factories.run(factories.workflow(widget))
    address = "/rosa/widget/actions"
    assert 'class="runs compact"' not in _text(person, address)
    assert person.post("/-/preferences", {"density": "compact"}).status_code == 303
    assert 'class="runs compact"' in _text(person, address)
    person.post("/-/preferences", {"density": '"><b>'})
    assert 'class="runs compact"' in _text(person, address)
