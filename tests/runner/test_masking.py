"""Secrets never get through, however they are written and wherever the stream is cut."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.masking import Secrets, StreamMasker
from tests.runner.conformance import cases


def test_official_cases() -> None:
    for group in cases("masking")["groups"]:
        secrets = Secrets(group["secrets"])
        for case in group["cases"]:
            assert secrets.mask(case["input"].encode()).decode() == case["expect"], (group["secrets"], case)


def streamed(secrets: Secrets, pieces: list[bytes]) -> bytes:
    masker = StreamMasker(secrets)
    return b"".join([*(masker.feed(piece) for piece in pieces), masker.close()])


@settings(deadline=None)
@given(
    st.lists(st.text("ab", min_size=1, max_size=5), min_size=1, max_size=3),
    st.lists(st.binary(min_size=0, max_size=6).map(lambda data: bytes(97 + byte % 3 for byte in data)), max_size=12),
)
def test_any_cut_masks_as_the_whole(values: list[str], pieces: list[bytes]) -> None:
    secrets = Secrets(values)
    assert streamed(secrets, pieces) == secrets.mask(b"".join(pieces))


@pytest.mark.parametrize("cut", range(1, 14))
def test_a_secret_over_two_writes(cut: int) -> None:
    text = b"x hunter2secret y"
    assert streamed(Secrets(["hunter2secret"]), [text[:cut], text[cut:]]) == b"x *** y"


def test_what_may_begin_a_secret_is_held_back() -> None:
    masker = StreamMasker(Secrets(["hunter2"]))
    assert masker.feed(b"say hunt") == b"say "
    assert not masker.is_idle
    assert masker.feed(b"ing") == b"hunting"


def test_holding_is_bounded() -> None:
    masker = StreamMasker(Secrets(["aa"]))
    given = b"".join(masker.feed(b"a" * 1000) for _ in range(100))
    assert given == b"***"
    assert len(masker._held) < 4


def test_git_credential() -> None:
    secrets = Secrets()
    secrets.add_basic_token("ghs_example")
    header = base64.b64encode(b"x-access-token:ghs_example")
    assert secrets.mask(b"AUTHORIZATION: basic " + header) == b"AUTHORIZATION: basic ***"


def test_outputs_with_secrets_are_found() -> None:
    secrets = Secrets(["top secret"])
    assert secrets.holds_secret("a top secret b")
    assert secrets.holds_secret("dG9wIHNlY3JldA==")
    assert not secrets.holds_secret("top")
