"""What a test needs and this machine does not have."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def absent(what: str) -> NoReturn:
    """Skip the test, saying what is absent; under FORGE_REQUIRE_ALL=1, where nothing may be skipped, fail it."""
    if os.environ.get("FORGE_REQUIRE_ALL") == "1":
        pytest.fail(what)
    pytest.skip(what)
