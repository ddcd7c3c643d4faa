"""Pages travel packed to browsers that unpack, and as they are to others."""

from __future__ import annotations

import gzip
import json

import pytest
from django.test import AsyncClient, Client

from forge.repos.models import Repository
from tests import factories

BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}


@pytest.mark.parametrize("path", ["/login", "/-/static/ui.css", "/-/static/live.js", "/-/static/icons.svg"])
def test_pages_and_their_parts(anyone: Client, db: None, path: str) -> None:
    packed, plain = anyone.get(path, headers=BROWSER), anyone.get(path)
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    assert "Accept-Encoding" in plain["Vary"]
    assert "Content-Encoding" not in plain
    assert int(packed["Content-Length"]) == len(packed.content) < len(plain.content) / 1.5
    if path != "/login":  # whose form has another token each time
        assert gzip.decompress(packed.content) == plain.content


async def test_by_an_asynchronous_server(widget: Repository) -> None:
    answer = await AsyncClient().get("/-/static/ui.css", headers=BROWSER)
    plain = await AsyncClient().get("/-/static/ui.css")
    assert gzip.decompress(answer.content) == plain.content


def test_the_lines_of_a_log(anyone: Client, widget: Repository) -> None:
    run = factories.run(factories.workflow(widget))
    job = factories.job(run.latest_attempt)
    factories.log(job, ("Say", [f"line {number}" for number in range(300)]))
    answer = anyone.get(f"/rosa/widget/actions/runs/{run.pk}/job/{job.pk}/log/lines?step=1&page=0", headers=BROWSER)
    assert answer["Content-Encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(answer.content))["lines"]) == 300


@pytest.mark.parametrize("taken", ["", "br", "gzip;q=0", "deflate, gzip;q=0.0"])
def test_who_does_not_unpack(anyone: Client, db: None, taken: str) -> None:
    assert "Content-Encoding" not in anyone.get("/-/static/ui.css", headers={"Accept-Encoding": taken})


def test_what_machines_ask_for_and_what_is_short_stay_as_they_are(anyone: Client, widget: Repository) -> None:
    assert "Content-Encoding" not in anyone.get("/api/v3/repos/rosa/widget", headers=BROWSER)
    assert "Content-Encoding" not in anyone.get("/-/static/favicon.svg", headers=BROWSER)


def test_a_known_file_is_not_sent_again(anyone: Client, db: None) -> None:
    first = anyone.get("/-/static/ui.css", headers=BROWSER)
    assert first["ETag"].startswith('W/"')
    again = anyone.get("/-/static/ui.css", headers={**BROWSER, "If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_no_two_answers_are_equally_long(anyone: Client, db: None) -> None:
    lengths = {len(anyone.get("/-/static/ui.css", headers=BROWSER).content) for _ in range(20)}
    assert len(lengths) > 1
