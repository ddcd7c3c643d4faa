"""Every official table of the runner is run somewhere."""

from __future__ import annotations

import pytest

from tests.absent import absent
from tests.runner.conformance import LEFT_OUT, ROOT, TABLES, folder


def test_no_table_is_forgotten() -> None:
    if not folder().is_dir():
        absent(f"no conformance cases in {folder()}; set CONFORMANCE_DIR")
    assert {path.stem for path in folder().glob("*.json")} == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_run_where_it_says(table: str) -> None:
    assert f"{table}" in (ROOT / TABLES[table]).read_text()


def test_what_is_left_out_belongs_to_a_table() -> None:
    assert {table for table, _ in LEFT_OUT} <= set(TABLES)
