"""Pages that say what went wrong, and what to do now."""

from __future__ import annotations

import re

import pytest
from django.test import Client, RequestFactory

from forge.repos.models import Repository
from forge.web import errors


@pytest.mark.parametrize(("method", "again"), [("GET", True), ("POST", False)])
def test_a_fault_of_ours_can_be_asked_again(method: str, again: bool) -> None:
    request = RequestFactory().generic(method, "/octo/widget?query=<x>")
    answer = errors.failed(request)
    text = answer.content.decode()
    assert answer.status_code == 500
    assert re.search(r"the number [0-9a-f]{12}\.", text)
    assert request.META["forge.failure"] in text
    # What was sent may have been done: it is not sent again by a link.
    assert ("Try again" in text, 'href="/octo/widget?query=%3Cx%3E"' in text) == (again, again)


def test_who_is_not_logged_in_is_shown_the_way(anyone: Client, person: Client, widget: Repository) -> None:
    Repository.objects.filter(pk=widget.pk).update(private=True)
    hidden = anyone.get("/rosa/widget?x=1").content.decode()
    assert 'href="/login?next=/rosa/widget%3Fx%3D1"' in hidden
    assert "Log in if you have an account that may." in hidden
    nothing = person.get("/rosa/nothing").content.decode()
    assert "you may not see it." in nothing
    assert "og in" not in nothing
