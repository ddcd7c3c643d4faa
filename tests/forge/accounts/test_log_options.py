"""How a person has logs shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from forge.accounts import log_options
from forge.accounts.models import LogOptions
from forge.errors import Invalid
from tests import factories

pytestmark = pytest.mark.django_db


def test_each_person_has_their_own() -> None:
    rosa, bea = factories.account("rosa"), factories.account("bea")
    assert log_options.of(rosa) == {}
    log_options.choose(rosa, {"times": "since", "wrap": "on"})
    log_options.choose(bea, {"size": "large"})
    log_options.choose(rosa, {"times": "time", "wrap": "on"})
    assert log_options.of(rosa) == {"times": "time", "wrap": "on"}
    assert log_options.of(bea) == {"size": "large"}


@pytest.mark.parametrize("chosen", [{"times": "always"}, {"colour": "red"}, {"x" * 10_000: "on"}, {"wrap": ""}])
def test_what_cannot_be_chosen_is_refused_and_nothing_kept(chosen: dict[str, str]) -> None:
    rosa = factories.account("rosa")
    with pytest.raises(Invalid):
        log_options.choose(rosa, {"size": "large", **chosen})
    assert log_options.of(rosa) == {}


def test_a_choice_that_is_none_any_more_counts_as_not_made() -> None:
    rosa = factories.account("rosa")
    LogOptions.objects.create(account=rosa, chosen={"size": "huge", "gone": "on", "wrap": "on"})
    assert log_options.of(rosa) == {"wrap": "on"}


def test_the_browser_has_the_same_choices() -> None:
    text = (Path(settings.BASE_DIR) / "forge/web/static/log_options.js").read_text()
    scheme = text[text.index("const SCHEME = {") : text.index("};", text.index("const SCHEME = {"))]
    found = {name: tuple(re.findall(r'"(\w+)"', values)) for name, values in re.findall(r"(\w+): \[([^]]+)\]", scheme)}
    assert found == log_options.CHOICES
