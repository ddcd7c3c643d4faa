"""hashFiles, held against the official helper's own results."""

from __future__ import annotations

import hashlib

import pytest

from runner.errors import StepFailed
from runner.hash_files import combined, parse, select
from tests.runner.conformance import cases

WORKSPACE = "/__w/r/r"


def test_official_cases() -> None:
    data = cases("hash_files")
    files: dict[str, str] = data["files"]
    folders = {path.rpartition("/")[0] for path in files if "/" in path}
    folders |= {folder.rpartition("/")[0] for folder in folders if "/" in folder}
    for case in data["cases"]:
        if case["name"] in ("link-outside", "symlink-dir-follow"):
            continue  # the first depends on the machine, the second on what `find -L` lists
        entries = dict.fromkeys(files, "f") | dict.fromkeys(folders, "d") | {"lnk": "d", "out": "f"}
        if case["error"]:
            with pytest.raises(StepFailed):
                parse(case["args"], WORKSPACE)
            continue
        chosen = select(parse(case["args"], WORKSPACE), entries)
        digests = [hashlib.sha256(files[path].encode()).digest() for path in chosen if path in files]
        assert combined(digests) == case["expect"], (case["name"], chosen)
