"""One stage a session; all scenarios that were chosen begin at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.case import cases
from tests.scenarios.stage import Stage


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The server, on which every chosen scenario is under way."""
    chosen = {item.callspec.params.get("scenario") for item in request.session.items if hasattr(item, "callspec")}
    with Stage(tmp_path_factory.mktemp("stage")) as made:
        made.play(case for name, case in cases().items() if name in chosen and not case.absent)
        yield made
