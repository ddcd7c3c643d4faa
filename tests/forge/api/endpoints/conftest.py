"""What was seen of each endpoint: held against the page, or (with ``--write-endpoints``) written into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.forge.api.endpoints import described, page
from tests.forge.api.endpoints.exchanges import Stage


def pytest_addoption(parser: pytest.Parser) -> None:
    """How scripts/endpoint_tables.py asks for the files."""
    parser.addoption("--write-endpoints", action="store_true", help="write docs/endpoints.md and the examples anew")


class Kept:
    """Rows and examples of the operations seen so far."""

    def __init__(self, *, writes: bool) -> None:
        self.writes = writes
        self.rows: dict[str, str] = {}
        self.examples: dict[str, Any] = {}

    def keep(self, stage: Stage) -> None:
        """Take one in; unless all is written anew, it must be as the files say."""
        name = str(stage.operation)
        row, example = page.row(stage.operation, stage.seen), page.example(stage.seen)
        self.rows[name], self.examples[name] = row, example
        if not self.writes:
            wrong = described.all_differences(stage.operation, stage.seen)
            assert not wrong, "\n".join([name, *wrong])
            told = "python -m scripts.endpoint_tables writes it anew"
            assert f"{row}\n" in page.PAGE.read_text(), f"docs/endpoints.md has not {row!r}: {told}"
            shown = page.known_examples().get(name)
            assert page.shape(shown) == page.shape(example), f"the example of {name} is like nothing answered: {told}"


@pytest.fixture(scope="session")
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    """One for all; it writes at the end, if asked to and what it did not see stays."""
    found = Kept(writes=request.config.getoption("--write-endpoints", default=False))
    yield found
    if found.writes:
        page.write(found.examples, found.rows)
