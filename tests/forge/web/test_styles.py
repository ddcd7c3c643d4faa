"""Style sheets as one file."""

from __future__ import annotations

from django.test import Client

from forge.web import security, styles


def test_sheets_come_as_one_file_in_order(anyone: Client, db: None) -> None:
    answer = anyone.get(styles.address("ui.css", "ansi.css"))
    assert answer["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in answer["Cache-Control"]
    ui, ansi = ((security.STATIC / name).read_bytes() for name in ("ui.css", "ansi.css"))
    assert answer.content == ui + b"\n" + ansi


def test_nothing_else_is_served_there(anyone: Client, db: None) -> None:
    for names in ("page.js", "ui.css+page.js", "..%2F..%2Fsettings.py", "nope.css", "ui.css+"):
        assert anyone.get(f"/-/styles/{names}").status_code == 404, names
