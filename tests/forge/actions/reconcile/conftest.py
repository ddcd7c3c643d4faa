"""What these tests break is rolled back with them, ids and all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from django.conf import settings


@pytest.fixture(autouse=True)
def _no_folders_left() -> Iterator[None]:
    """The next repository of a rolled-back id must not find the folder of the last."""
    yield
    shutil.rmtree(settings.REPOSITORIES, ignore_errors=True)
