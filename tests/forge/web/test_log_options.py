"""The menu of a job's page that says how logs are shown."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from django.test import Client

from forge.accounts import log_options
from forge.accounts.models import Account
from forge.actions.models import Job
from forge.repos.models import Repository
from tests import factories


@pytest.fixture
def job(widget: Repository) -> Job:
    """A job with a log."""
    made = factories.job(factories.run(factories.workflow(widget)).latest_attempt, "test", conclusion="success")
    factories.log(made, ("Say", ["something"]))
    return made


def _chosen(client: Client, job: Job) -> dict[str, str] | None:
    page = client.get(f"/rosa/widget/actions/runs/{job.run_id}/job/{job.pk}").content.decode()
    found = re.search(r'<form[^>]* id="options"[^>]*?(?: data-chosen="([^"]*)")?>', page)
    assert found is not None
    return json.loads(unescape(found[1])) if found[1] is not None else None


def test_what_is_chosen_is_on_the_page_of_each_browser(person: Client, rosa: Account, job: Job) -> None:
    assert _chosen(person, job) == {}
    sent = {"times": "since", "zone": "local", "size": "large", "wrap": "on"}
    assert person.post("/-/log-options", sent).status_code == 303
    whole = {**sent, "follow": "off", "commands": "off"}  # boxes that are not ticked are not sent
    assert log_options.of(rosa) == whole
    other = Client()
    other.force_login(rosa)
    assert _chosen(other, job) == whole


def test_who_is_not_logged_in_keeps_it_to_the_browser(anyone: Client, stranger: Client, job: Job) -> None:
    assert anyone.post("/-/log-options", {"wrap": "on"}).status_code == 403
    assert _chosen(anyone, job) is None
    stranger.post("/-/log-options", {"wrap": "on"})
    assert _chosen(anyone, job) is None


def test_what_is_no_choice_is_refused(person: Client, rosa: Account) -> None:
    for sent in ({"times": '"><script>'}, {"wrap": "perhaps"}, {"size": "x" * 100_000}):
        assert person.post("/-/log-options", sent).status_code == 422
    person.post("/-/log-options", {"colour": "red", "wrap": "on"})  # a field of nothing that there is
    assert "colour" not in log_options.of(rosa)
    assert person.get("/-/log-options").status_code == 405
