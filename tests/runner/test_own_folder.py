"""One data folder, one agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import ConfigError
from runner.own_folder import owned


def test_the_word_stays_and_the_folder_has_one_owner(tmp_path: Path) -> None:
    with owned(tmp_path) as first, pytest.raises(ConfigError, match="another agent"), owned(tmp_path):
        pass
    with owned(tmp_path) as second:
        assert second == first
