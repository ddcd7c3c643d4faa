"""What a person keeps at hand: names that are none, that are taken or too many, and whose things they are."""

from __future__ import annotations

import pytest

from forge.accounts.models import Account
from forge.actions import bookmarks
from forge.actions.models import PinnedWorkflow, SavedFilter
from forge.errors import Invalid
from forge.repos.models import Repository
from tests import factories


@pytest.fixture
def rosa(db: None) -> Account:
    """A person."""
    return factories.account("rosa")


@pytest.fixture
def widget(rosa: Account) -> Repository:
    """A repository of hers."""
    return factories.repository(rosa, "widget")


def _names(account: Account, repository: Repository) -> list[str]:
    return [one.name for one in bookmarks.filters(account, repository)]


def test_filters_stand_in_order_and_are_ones_own(rosa: Account, widget: Repository) -> None:
    bea, gadget = factories.account("bea"), factories.repository(rosa, "gadget")
    for name in ("  my   failures ", "Äpfel", "Bad nights"):
        bookmarks.save(rosa, widget, name, " is:failure ")
    bookmarks.save(bea, widget, "My failures", "is:failure actor:bea")
    bookmarks.save(rosa, gadget, "My failures", "is:success")
    assert _names(rosa, widget) == ["Bad nights", "my failures", "Äpfel"]
    assert bookmarks.filters(rosa, widget)[0].query == "is:failure"
    assert _names(bea, widget) == _names(rosa, gadget) == ["My failures"]
    assert bookmarks.filters(None, widget) == []
    bookmarks.forget(bea, widget, "bad nights")
    bookmarks.forget(rosa, widget, "BAD NIGHTS")
    bookmarks.forget(rosa, widget, "never was")
    assert _names(rosa, widget) == ["my failures", "Äpfel"]


@pytest.mark.parametrize(
    ("name", "query", "field", "said"),
    [
        (" ", "is:failure", "name", "Give the filter a name"),
        ("x" * 51, "is:failure", "name", "51 letters; 50"),
        ("x", "y" * 1001, "query", "1001 letters; 1000"),
        ("STRASSE", "is:failure", "name", "already"),
    ],
)
def test_what_cannot_be_kept_says_why(
    rosa: Account, widget: Repository, name: str, query: str, field: str, said: str
) -> None:
    bookmarks.save(rosa, widget, "Straße", "is:success")
    with pytest.raises(Invalid) as caught:
        bookmarks.save(rosa, widget, name, query)
    [found] = caught.value.errors
    assert (found.field, said in found.message) == (field, True)
    assert SavedFilter.objects.count() == 1


def test_the_longest_name_fits_in_any_case(rosa: Account, widget: Repository) -> None:
    assert bookmarks.save(rosa, widget, "\N{LATIN SMALL LIGATURE FFI}" * 50, "is:failure").name_key == "ffi" * 50


def test_filters_have_an_end(rosa: Account, widget: Repository) -> None:
    for number in range(bookmarks.MOST):
        bookmarks.save(rosa, widget, f"Number {number}", "is:failure")
    with pytest.raises(Invalid):
        bookmarks.save(rosa, widget, "One more", "is:failure")
    bookmarks.forget(rosa, widget, "Number 3")
    bookmarks.save(rosa, widget, "One more", "is:failure")


def test_a_workflow_is_pinned_once(rosa: Account, widget: Repository) -> None:
    workflow = factories.workflow(widget)
    bookmarks.pin(rosa, workflow)
    bookmarks.pin(rosa, workflow)
    bookmarks.unpin(factories.account("bea"), workflow)
    assert PinnedWorkflow.objects.get().workflow == workflow
    bookmarks.unpin(rosa, workflow)
    bookmarks.unpin(rosa, workflow)
    assert not PinnedWorkflow.objects.exists()


def test_they_go_with_what_they_are_of(rosa: Account, widget: Repository) -> None:
    bookmarks.pin(rosa, factories.workflow(widget))
    bookmarks.save(rosa, widget, "Bad", "is:failure")
    widget.delete()
    assert not PinnedWorkflow.objects.exists()
    assert not SavedFilter.objects.exists()
