"""The judge, one a process of tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.judges.judge import Judge, NoJudge


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """GitHub's own packages; skips where they are not installed, fails under FORGE_REQUIRE_ALL=1."""
    try:
        started = Judge()
    except NoJudge as reason:
        if os.environ.get("FORGE_REQUIRE_ALL") == "1":
            pytest.fail(str(reason))
        pytest.skip(str(reason))
    with started:
        yield started
