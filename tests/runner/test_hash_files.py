"""hashFiles, held against the official helper's own results."""

from __future__ import annotations

import hashlib

import pytest

from runner.errors import StepFailed
from runner.hash_files import combined, parse, select
from tests.runner.conformance import LEFT_OUT, cases

WORKSPACE = "/__w/r/r"


def test_official_cases() -> None:
    data = cases("hash_files")
    files: dict[str, str] = data["files"]
    folders = {path.rpartition("/")[0] for path in files if "/" in path}
    folders |= {folder.rpartition("/")[0] for folder in folders if "/" in folder}
    for case in data["cases"]:
        if ("hash_files", case["name"]) in LEFT_OUT:
            continue
        linked = {f"lnk/{path[2:]}": path for path in files if path.startswith("a/")}  # as `find -L` lists them
        seen = linked if case["follow_symbolic_links"] else {}
        entries = dict.fromkeys([*files, *seen], "f") | dict.fromkeys(folders, "d") | {"lnk": "d", "out": "f"}
        if case["error"]:
            with pytest.raises(StepFailed):
                parse(case["args"], WORKSPACE)
            continue
        chosen = select(parse(case["args"], WORKSPACE), entries)
        contents = files | {path: files[there] for path, there in seen.items()}
        digests = [hashlib.sha256(contents[path].encode()).digest() for path in chosen if path in contents]
        assert combined(digests) == case["expect"], (case["name"], chosen)


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [(["!a", "*"], ["a", "b"]), (["*", "!!a"], ["a", "b"]), (["*", "! a"], ["b"]), (["!*", "a"], ["a"])],
)
def test_marks_of_negation(patterns: list[str], chosen: list[str]) -> None:
    assert select(parse(patterns, WORKSPACE), {"a": "f", "b": "f"}) == chosen
