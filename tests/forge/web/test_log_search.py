"""Search over a whole log, and the log in other shapes."""

from __future__ import annotations

from typing import Any

import pytest
import regex
from django.test import Client

from forge.actions import logs
from forge.actions.models import Job, JobLog
from forge.repos.models import Repository
from forge.web import ansi, log_search, loglines
from tests import factories

LONG = "begin " + "x" * 60_000 + " end"


@pytest.fixture
def job(widget: Repository) -> Job:
    """A job that says the same word in many ways."""
    run = factories.run(factories.workflow(widget), conclusion="failure")
    made = factories.job(run.latest_attempt, "test", conclusion="failure")
    lines = [
        "##[group]Needle of a group",
        "10% needle\r100%\r",
        "\x1b[31mNee\x1b[0mdle in two colours",
        "needles",
        "\x1b]8;;https://example.org/needle\x1b\\a link\x1b]8;;\x1b\\",
        "12:00:02 is no stamp",
        "##[warning]a needle",
        LONG,
        "##[error]the end",
        "a line that says ##[error] inside",
    ]
    factories.log(
        made, ("Set up", ["a needle", "2026-01"]), ("Run", lines), ("Many", (f"{n} hay" for n in range(1, 12_001)))
    )
    return made


def _address(job: Job, rest: str = "") -> str:
    return f"/rosa/widget/actions/runs/{job.run_id}/job/{job.pk}{rest}"


def _search(client: Client, job: Job, **asked: Any) -> list[tuple[int, int]]:
    body = client.get(_address(job, "/log/search"), asked).json()
    found = [(step, line) for step, lines in body["lines"] for line in lines]
    assert body["total"] == len(found)
    return found


@pytest.mark.parametrize("sealed", [False, True])
def test_every_line_that_fits(person: Client, job: Job, sealed: bool) -> None:
    if sealed:
        assert logs.seal(job.pk)
    assert _search(person, job, q="needle") == [(1, 1), (2, 1), (2, 3), (2, 4), (2, 7)]
    assert _search(person, job, q="needle", case=1) == [(1, 1), (2, 4), (2, 7)]
    assert _search(person, job, q="needle", word=1) == [(1, 1), (2, 1), (2, 3), (2, 7)]
    assert _search(person, job, q="^nee.les?$", re=1) == [(2, 4)]
    assert _search(person, job, q="needle", step=1) == [(1, 1)]
    assert _search(person, job, q="end$", re=1) == [(2, 8), (2, 9)]
    assert _search(person, job, q="2026-01") == [(1, 2)]  # the stamps before the lines are none of it
    assert _search(person, job, q="31m") == []
    assert _search(person, job, q="example.org") == []
    assert _search(person, job, q="100%") == [(2, 2)]
    assert _search(person, job, q="11999 hay") == [(3, 11_999)]


def test_all_are_counted_and_the_first_are_named(person: Client, job: Job) -> None:
    body = person.get(_address(job, "/log/search"), {"q": "hay"}).json()
    assert body["total"] == 12_000
    assert body["lines"] == [[3, list(range(1, log_search.MOST + 1))]]


@pytest.mark.parametrize("kept", [False, True])
def test_the_same_as_line_by_line(person: Client, widget: Repository, kept: bool) -> None:
    """However a part of the log is looked through, each line of it counts as it is drawn, alone."""
    made = factories.job(factories.run(factories.workflow(widget)).latest_attempt, "all", conclusion="success")
    factories.log(made, *((f"Step {number}", lines) for number, lines in enumerate(PARTS)))
    if kept:
        assert logs.seal(made.pk)
    for asked in QUERIES:
        wanted = [
            (step, line)
            for step, lines in enumerate(PARTS, 1)
            for line, text in enumerate(lines, 1)
            if _fits(ansi.shown(loglines.classify(text)[1]), asked)
        ]
        assert _search(person, made, **asked) == wanted, asked


#: By the kind of part: plain, with colours and marks, with what is drawn in another way, and with what is no ASCII.
PARTS = (
    [f"line {number} of many, ends in {number % 7}" for number in range(300)],
    [
        "##[group]Step \x1b[32mone\x1b[0m",
        "\x1b[31m##[error]a\x1b[1mb\x1b[0mc",
        "##[endgroup]",
        "plain 2026-01-15T12",
        "z x",
        "says ##[error] inside",
        "##[Error]is no mark",
        "##[warning]##[error]twice",
        "aaaa",
    ],
    [
        "10%\r50%\rabc\r",
        "\x1b]0;title\x07abc",
        "\x1b[2Kabc",
        "tab\tabc",
        "a\u202ebc",
        "ends in CR\r",
        "\x1b\x1b[31m[1mabc",
    ],
    ["É ÉTÉ été", "\u212aelvin \u0130 ß ſ", "✓ \x1b[32mabc\x1b[0m 日本", "a\x85bc", "\u2028abc", "", " "],
)
QUERIES: tuple[dict[str, Any], ...] = (
    *(
        {"q": text}
        for text in ("abc", "ABC", "line 29", "2026-01-15T12", "z ", "z x", "k", "été", "ß", "i", "[U+202E]", "0")
    ),
    *({"q": text} for text in ("##[", "##[error]", "error", "warning", ":", "t1", "aa", "7\nline", "\n", "12z")),
    *({"q": text, "case": 1} for text in ("ABC", "abc", "É", "Z ")),
    *({"q": text, "word": 1} for text in ("abc", "line", "9", "été", "of many")),
    *(
        {"q": text, "re": 1}
        for text in ("^abc$", "^$", "in [^3]$", r"\bline \d{2}\b", "(a|b)c", "c[^x]*l", r"\s$", "^.{3}$")
    ),
    *(
        {"q": text, "re": 1}
        for text in ("(?<=a)b", r"(.)\1\1", "(?i:ABC)", "a(?!b)", r"\Aabc\Z", "^(?:ab)?c?$", "a*+b", "x{0,2}")
    ),
    {"q": "L.NE 1.*5$", "re": 1, "case": 1},
    {"q": "été|abc", "re": 1, "word": 1},
)


def _fits(text: str, asked: dict[str, Any]) -> bool:
    wanted = asked["q"]
    if not (asked.get("re") or asked.get("word")):
        return wanted in text if asked.get("case") else wanted.lower() in text.lower()
    inner = wanted if asked.get("re") else regex.escape(wanted)
    whole = rf"(?<!\w)(?:{inner})(?!\w)" if asked.get("word") else inner
    return regex.search(whole, text, 0 if asked.get("case") else regex.IGNORECASE) is not None


def test_a_search_asks_few_questions(person: Client, job: Job, django_assert_max_num_queries: Any) -> None:
    assert logs.seal(job.pk)
    assert JobLog.objects.get(job=job).sealed_lines > 12_000
    with django_assert_max_num_queries(12):
        assert person.get(_address(job, "/log/search"), {"q": "hay"}).json()["total"] == 12_000


def test_hits_beyond_those_that_are_named(person: Client, job: Job) -> None:
    def asked(**more: Any) -> tuple[int, list[list[Any]], int]:
        body = person.get(_address(job, "/log/search"), {"q": "hay", **more}).json()
        return body["after"], body["lines"], body["total"]

    last = asked(after=10_000)
    assert last == (10_000, [[3, list(range(10_001, 12_001))]], 12_000)
    assert asked(near="3-11000") == last
    assert asked(near="3-10001") == last
    assert asked(near="3-10000")[0] == 0
    assert asked(near="1-1")[0] == 0
    assert asked(near="4-1")[0] == 0  # behind the last comes the first
    assert asked(after=12_000)[0] == 0
    assert asked(near="x")[0] == 0


@pytest.mark.parametrize("sealed", [False, True])
def test_errors_and_warnings(person: Client, job: Job, sealed: bool) -> None:
    if sealed:
        assert logs.seal(job.pk)
    answer = person.get(_address(job, "/log/search"), {"kind": "error"})
    assert answer.json() == {"total": 2, "after": 0, "lines": [], "hits": [[2, 7, "warning"], [2, 9, "error"]]}
    assert ("immutable" in answer["Cache-Control"]) == sealed


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"q": "("}, "no regular expression"),
        ({"q": "(x+x+)+y"}, "takes too long"),
        ({"q": "(?>x+x+)+(?=y)|(x+x+)+(?=y)"}, "takes too long"),
        ({"q": ""}, "Give 1 to"),
        ({"q": "x" * 501}, "Give 1 to"),
    ],
)
def test_what_cannot_be_looked_for(person: Client, job: Job, asked: dict[str, str], says: str) -> None:
    answer = person.get(_address(job, "/log/search"), {**asked, "re": "1"})
    assert answer.status_code == 422
    assert says in answer.json()["message"]


def test_without_scripts_hits_are_links(person: Client, job: Job) -> None:
    page = person.get(_address(job), {"q": "12000 HAY"}).content.decode()
    assert "1 line with “12000 HAY”" in page
    assert "step=3&amp;page=12&amp;q=12000%20HAY#s3-L12000" in page
    assert "no regular expression" in person.get(_address(job), {"q": "<b>(", "re": "1"}).content.decode()
    assert "No line of this log has it" in person.get(_address(job), {"q": "<b>("}).content.decode()


def test_a_long_line_comes_cut_and_whole_when_asked_for(person: Client, job: Job) -> None:
    line = person.get(_address(job, "/log/lines"), {"step": 2, "page": 0}).json()["lines"][7]
    assert (line[1], line[2]) == (LONG[: loglines.LONGEST], len(LONG))
    assert person.get(_address(job, "/log/lines"), {"step": 2, "line": 8}).json()["line"][1] == LONG
    assert person.get(_address(job, "/log/lines"), {"step": 2, "line": 11}).status_code == 404
    assert loglines.cut("y" * (loglines.LONGEST - 3) + "\x1b[31mred") == "y" * (loglines.LONGEST - 3)


def test_the_text_of_a_step(person: Client, job: Job) -> None:
    answer = person.get(_address(job, "/log"), {"step": 2, "ansi": "0", "times": "0", "download": "1"})
    text = b"".join(answer.streaming_content).decode()
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert 'step-2.txt"' in answer["Content-Disposition"]
    assert text.startswith("##[group]Needle of a group\n")
    assert "\nNeedle in two colours\nneedles\na link\n" in text
    assert "2026" not in text
    assert LONG in text
    whole = b"".join(person.get(_address(job, "/log")).streaming_content)
    assert whole.count(b"2026-01-15T12:00") == 12_012


def test_a_deleted_log_is_not_searched(person: Client, job: Job) -> None:
    JobLog.objects.filter(job=job).update(deleted_at=job.completed_at)
    assert person.get(_address(job, "/log/search"), {"q": "needle"}).status_code == 410
    assert person.get(_address(job), {"q": "needle"}).status_code == 200


def test_others_find_nothing(stranger: Client, job: Job) -> None:
    Repository.objects.update(private=True)
    assert stranger.get(_address(job, "/log/search"), {"q": "needle"}).status_code == 404
