"""The forms of the report."""

from __future__ import annotations

import json

from workflows.lint import Finding, report

_ERROR = Finding("a,b.yml", 2, 3, "error", "syntax", "100% wrong\nreally")
_WARNING = Finding("c.yml", 4, 5, "warning", "write-all", "too much")
_PLACELESS = Finding("d.yml", 0, 0, "error", "syntax", "too large")
_ALL = (_ERROR, _WARNING, _PLACELESS)


def test_text() -> None:
    assert report.as_text(_ALL[1:]) == "c.yml:4:5: warning: too much [write-all]\nd.yml: too large\n"


def test_json() -> None:
    answer = json.loads(report.as_json(_ALL))
    assert [each["severity"] for each in answer] == ["error", "warning", "error"]
    assert answer[1] == {
        "file": "c.yml",
        "line": 4,
        "column": 5,
        "severity": "warning",
        "rule": "write-all",
        "message": "too much",
    }
    assert json.loads(report.as_json(())) == []


def test_annotations() -> None:
    assert report.as_annotations(_ALL).splitlines() == [
        "::error file=a%2Cb.yml,line=2,col=3,title=syntax::100%25 wrong%0Areally",
        "::warning file=c.yml,line=4,col=5,title=write-all::too much",
        "::error file=d.yml,title=syntax::too large",
    ]
