"""The judge, one a process of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.absent import absent
from tests.judges.judge import Judge, NoJudge


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """GitHub's own packages; skips where they are not installed, fails under FORGE_REQUIRE_ALL=1."""
    try:
        started = Judge()
    except NoJudge as reason:
        absent(str(reason))
    with started:
        yield started
