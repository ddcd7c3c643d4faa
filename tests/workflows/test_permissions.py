"""What files say, callers allow and a default gives, brought to one set of levels."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from workflows import parser, permissions

_READ, _WRITE = permissions.DEFAULTS["read"], permissions.DEFAULTS["write"]


@pytest.mark.parametrize(
    ("chain", "held"),
    [
        ([None], {"contents": "read", "packages": "read"}),
        ([None, None], {"contents": "read", "packages": "read"}),
        ([{}], {}),
        ([{"issues": "write", "checks": "none"}], {"issues": "write"}),
        ([{"contents": "write"}, None], {"contents": "write"}),
        ([{"contents": "write"}, {}], {}),
        ([{"contents": "read"}, {"contents": "write"}], {"contents": "read"}),
        ([{"contents": "write", "issues": "read"}, {"contents": "read", "actions": "read"}], {"contents": "read"}),
        ([{"contents": "write"}, {"contents": "read"}, {"contents": "write"}], {"contents": "read"}),
        ([{"contents": "write"}, None, {"contents": "write"}], {"contents": "write"}),
        ([None, {"contents": "write", "packages": "none"}], {"contents": "read"}),
        ([{"contents": "none"}, {"contents": "read"}], {}),
    ],
)
def test_a_chain_only_lowers(chain: list[Mapping[str, str] | None], held: Mapping[str, str]) -> None:
    assert permissions.effective(chain, _READ) == {**held, "metadata": "read"}


def test_the_jobs_words_replace_the_workflows() -> None:
    assert permissions.said({"issues": "write"}, {"contents": "read"}) == {"issues": "write"}
    assert permissions.said({}, {"contents": "read"}) == {}
    assert permissions.said(None, {"contents": "read"}) == {"contents": "read"}
    assert permissions.said(None, None) is None


def test_the_permissive_default_writes_everything_but_identity() -> None:
    held = permissions.effective([None], _WRITE)
    assert held == _WRITE
    assert "id-token" not in held
    assert {held[name] for name in ("actions", "checks", "contents", "issues", "packages", "statuses")} == {"write"}
    assert (held["models"], held["metadata"]) == ("read", "read")


@pytest.mark.parametrize(("words", "level"), [("read-all", "read"), ("write-all", "write")])
def test_the_short_words_lay_out_to_levels_that_are_held(words: str, level: str) -> None:
    text = f"on: push\npermissions: {words}\njobs: {{a: {{runs-on: x, steps: [{{run: x}}]}}}}\n"
    said = parser.parse(text, ".github/workflows/a.yml").permissions
    held = permissions.effective([said], _READ)
    assert all(permissions.allows(held, name, level) for name in ("actions", "contents", "issues", "deployments"))
    assert permissions.allows(held, "contents", "write") == (level == "write")


@pytest.mark.parametrize(
    ("held", "level", "may"),
    [("none", "read", False), ("read", "read", True), ("read", "write", False), ("write", "read", True)],
)
def test_a_higher_level_holds_the_lower(held: str, level: str, may: bool) -> None:
    assert permissions.allows({"contents": held}, "contents", level) is may
    assert permissions.allows({}, "contents", level) is False
