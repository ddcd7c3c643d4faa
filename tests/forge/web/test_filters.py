"""Saved filters: kept, shown beside the query, refused with reasons, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from forge.accounts.models import Account
from forge.actions import bookmarks
from forge.actions.models import SavedFilter
from forge.repos.models import Repository
from tests import factories

LIST = "/rosa/widget/actions"
PAGE = f"{LIST}/filters"


def _text(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


@pytest.fixture(autouse=True)
def _one_run(widget: Repository) -> None:
    factories.run(factories.workflow(widget))


def test_a_filter_is_saved_and_goes(person: Client, stranger: Client, anyone: Client) -> None:
    asked = person.get(PAGE, {"query": "is:failure branch:main"})
    assert 'value="is:failure branch:main"' in _text(asked)
    done = person.post(PAGE, {"name": "Bad <script>", "query": "is:failure branch:main"})
    assert (done.status_code, done["Location"]) == (303, f"{LIST}?query=is%3Afailure+branch%3Amain")
    page = _text(person.get(done["Location"]))
    assert f'href="{LIST}?query=is%3Afailure%20branch%3Amain" aria-current="true"' in page
    assert "Bad &lt;script&gt;" in page
    assert "Save this filter" not in page  # it is
    assert "Save this filter" in _text(person.get(LIST, {"query": "is:success"}))
    assert "Bad &lt;" not in _text(stranger.get(LIST)) + _text(stranger.get(PAGE)) + _text(anyone.get(LIST))
    stranger.post(f"{PAGE}/delete", {"name": "Bad <script>"})
    assert SavedFilter.objects.count() == 1
    gone = person.post(f"{PAGE}/delete", {"name": "bad <SCRIPT>"})
    assert (gone.status_code, gone["Location"]) == (303, PAGE)
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"name": "", "query": "is:failure"}, "Give the filter a name."),
        ({"name": "x" * 51, "query": "is:failure"}, "50 are the most"),
        ({"name": "bad", "query": "is:failure"}, "You have a filter “bad” already"),
        ({"name": "Empty", "query": "  "}, "Say what the filter is to find"),
        ({"name": "Wrong", "query": "foo:x is:nope"}, "“foo:” is no key"),
        ({"name": "Long", "query": "y" * 5000}, "1000 are the most"),
        ({}, "Say what the filter is to find"),
    ],
)
def test_what_is_refused_says_why_and_stays_in_the_form(
    person: Client, rosa: Account, widget: Repository, sent: dict[str, str], said: str
) -> None:
    bookmarks.save(rosa, widget, "Bad", "is:failure")
    answer = person.post(PAGE, sent)
    assert answer.status_code == 422
    assert said in _text(answer)
    assert 'id="errors"' in _text(answer)
    assert f'name="name" value="{sent.get("name", "")}"' in _text(answer)
    assert SavedFilter.objects.count() == 1


def test_only_who_is_logged_in_has_filters(anyone: Client, widget: Repository) -> None:
    assert anyone.get(f"{PAGE}?query=is:failure")["Location"] == f"/login?next={PAGE}%3Fquery%3Dis%3Afailure".replace(
        "/rosa/widget/actions/filters", "%2Frosa%2Fwidget%2Factions%2Ffilters"
    )
    assert anyone.post(PAGE, {"name": "x", "query": "is:failure"}).status_code == 403
    assert anyone.post(f"{PAGE}/delete", {"name": "x"}).status_code == 403
    assert "Saved filters" not in _text(anyone.get(LIST))
    widget.private = True
    widget.save()
    assert anyone.get(PAGE).status_code == 404


def test_on_the_page_of_a_workflow_a_filter_is_of_it(person: Client) -> None:
    page = _text(person.get(f"{LIST}/workflows/ci.yml", {"query": "is:failure"}))
    assert f'href="{PAGE}?query=is%3Afailure%20workflow%3Aci.yml"' in page
    assert "Save this filter" not in _text(person.get(f"{LIST}/workflows/ci.yml"))


def test_the_side_says_where_one_is(person: Client, anyone: Client) -> None:
    page = _text(person.get(PAGE))
    assert page.count('aria-current="page"') == 2  # the tab, and the page
    assert f'href="{PAGE}" aria-current="page"' in page
    assert '<span class="t">Saved filters</span><span class="caret">' in page
    listed = _text(person.get(LIST))
    assert f'href="{LIST}" aria-current="page"' in listed.split('id="side"')[1]
    assert '<span class="t">All workflows</span><span class="caret">' in listed
    assert "Manage" not in _text(anyone.get(LIST))


def test_filters_cost_one_question(person: Client, rosa: Account, widget: Repository) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as found:
            person.get(LIST)
        return len(found)

    before = count()
    for number in range(5):
        bookmarks.save(rosa, widget, f"Number {number}", "is:failure")
    assert count() == before
