"""Problem matchers, held against the official cases; and what becomes of their findings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.backends.base import Layout
from runner.commands import StepCommands
from runner.ecmascript import BadPattern, Pattern
from runner.guest_files import GuestFolder
from runner.matchers import BadMatcher, LineMatchers, Registry, read
from runner.step_matchers import JobFiles, StepMatchers
from tests.runner.conformance import cases

LAYOUT = Layout("/__w", "/__w/r/r", "/github/home", "/github/workflow", True, "/bin", ("sh", "sh {0}"))


def config(owner: str = "mine", *patterns: dict[str, Any], **more: Any) -> str:
    return json.dumps({"problemMatcher": [{"owner": owner, "pattern": list(patterns), **more}]})


def matchers_of(text: str, seconds: float = 1.0) -> LineMatchers:
    registry = Registry()
    registry.add(read(text))
    return LineMatchers(registry, seconds)


def test_official_configurations() -> None:
    for case in cases("problem_matchers")["config_validation"]:
        try:
            read(json.dumps(case["config"]))
            valid = True
        except BadMatcher:
            valid = False
        assert valid == case["valid"], case["name"]


def test_official_sequences() -> None:
    for case in cases("problem_matchers")["cases"]:
        text = json.dumps(case["config"])
        if case["name"] == "Matcher_SetsOwner":
            assert [one.owner for one in read(text)] == ["myMatcher"]
        (matcher,) = read(text)
        lines = LineMatchers(registry := Registry())
        registry.add([matcher])
        (state,) = lines._current()  # what it finds, before anybody asks whether it is worth showing
        for number, step in enumerate(case["steps"]):
            may = lines.may_find(step["line"] + "\n")
            assert may or step.get("match") is None
            found = state.match(step["line"]) if may else None
            if "match" in step:
                seen = None if found is None else {name: value for name, value in found.items() if value}
                assert seen == step["match"], (case["name"], number)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "no JSON"),
        ('{"problemMatcher": 3}', "must be a list"),
        (config("a", {"regexp": "(", "message": 0}), "Invalid pattern"),
        (config("a", {"regexp": "(.*)", "message": "x"}), "number of a group"),
        (config("a", {"regexp": "(.*)", "message": 1}, severity="fatal"), "unexpected default severity"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str, problem: str) -> None:
    with pytest.raises(BadMatcher, match=problem):
        read(text)


@pytest.mark.parametrize(
    ("pattern", "line", "groups"),
    [
        (
            r"^(.+):(\d+):(\d+):\s+(?:fatal\s+)?(error):\s+(.*)$",
            "a.c:3:4: error: bad",
            ("a.c", "3", "4", "error", "bad"),
        ),
        (r"^\s*File\s\"?(.*?)\"?,\sline\s(\d+)", '  File "a.py", line 3, in x', ("a.py", "3")),
        (r"^{err} (x{2})(?:y)?(z)?$", "{err} xx", ("xx", "")),
        (r"(?<word>a)\k<word>(?<!b)", "aa", ("a",)),
        (r"[^]b|a[]", "\nb", ()),
        (r"^[\s\S]*?\[([[\]]+)\u0041\x42\cI\/\-$", "q[[]AB\t/-", ("[]",)),
        (r"é(\w*)(\d*)", "éü٣", ("", "")),
        (r"\u{1F600}", "\U0001f600", ()),
    ],
)
def test_expressions_are_those_of_ecmascript(pattern: str, line: str, groups: tuple[str, ...]) -> None:
    found = Pattern(pattern).search(line, 1.0)
    assert found is not None
    assert found[1:] == groups


@pytest.mark.parametrize(
    "text",
    [
        "a(",
        "a" * 1001,
        "(((a{100}){100}){100})",
        "(?:(?:(?:a?){100}){100}){100}x",
        "(" * 20 + "a" + "+)" * 20,
        r"\d{1,999999999999}",
        "(" * 490 + "a" + ")" * 490,
    ],
)
def test_a_pattern_that_cannot_be_read_or_would_keep_the_agent_busy(text: str) -> None:
    with pytest.raises(BadPattern, match="Invalid pattern"):
        Pattern(text)


@pytest.mark.parametrize("pattern", ["(?<!x)^a$", "^a(?![^])$", r"\Aa\Z"])
def test_a_block_says_nothing_where_a_pattern_looks_beyond_its_line(pattern: str) -> None:
    assert Pattern(pattern).may_match_in("x\na\nx\n", 1.0)


def test_a_block_without_a_finding_is_told_apart() -> None:
    lines = matchers_of(config("a", {"regexp": "^one$", "file": 0}, {"regexp": "^two (.*)$", "message": 1}))
    assert not lines.may_find("two\nthree\none\n")  # what has begun at its end is known
    assert lines.may_find("two x\n")
    assert lines.find("two x") is not None


_LETTER = st.sampled_from("abcd")


@settings(deadline=None)
@given(
    st.lists(st.lists(_LETTER, min_size=1, max_size=2, unique=True), min_size=2, max_size=4),
    st.booleans(),
    st.lists(st.lists(_LETTER, max_size=6), max_size=6),
)
def test_blocks_come_to_the_same_as_their_lines(sets: list[list[str]], loop: bool, blocks: list[list[str]]) -> None:
    patterns: list[dict[str, Any]] = [{"regexp": f"^({'|'.join(letters)})$"} for letters in sets]
    patterns[0]["file"] = 1
    patterns[-1] |= {"message": 1, "loop": loop}
    by_block, by_line = matchers_of(config("a", *patterns)), matchers_of(config("a", *patterns))
    for block in blocks:
        may = by_block.may_find("".join(f"{line}\n" for line in block))
        assert [by_block.find(line) if may else None for line in block] == [by_line.find(line) for line in block]


def test_the_newest_matcher_comes_first_and_an_owner_has_one() -> None:
    registry = Registry()
    for owner, severity in (("a", "error"), ("b", "warning"), ("A", "notice")):
        registry.add(read(config(owner, {"regexp": "^(.*)$", "message": 1}, severity=severity)))
    assert [one.owner for one in registry.matchers] == ["A", "b"]
    found = LineMatchers(registry).find("x")
    assert found is not None
    assert found["severity"] == "notice"
    registry.remove(["a", "none"])
    assert [one.owner for one in registry.matchers] == ["b"]


def test_a_finding_ends_what_other_matchers_had_begun() -> None:
    registry = Registry()
    registry.add(read(config("long", {"regexp": "^begin$", "file": 0}, {"regexp": "^(end)$", "message": 1})))
    registry.add(read(config("short", {"regexp": "^(begin|hit)$", "message": 1})))
    lines = LineMatchers(registry)
    assert lines.find("begin") is not None
    assert lines.find("end") is None


@pytest.mark.parametrize("line", ["fatal: x", "error:  "])
def test_a_finding_without_a_message_or_with_a_strange_severity_is_none(line: str) -> None:
    lines = matchers_of(config("a", {"regexp": r"^(\w+):(.*)$", "severity": 1, "message": 2}))
    assert lines.find(line) is None


def test_a_matcher_that_takes_too_long_is_given_up() -> None:
    lines = matchers_of(config("slow", {"regexp": "^((a|aa)+)$", "message": 1}), seconds=0.01)
    assert lines.find("a" * 60 + "b") is None
    assert lines.notes == ["Removing issue matcher 'slow'. Matcher failed 3 times. Error: it took too long."]
    assert lines.find("aa") is None


@dataclass
class Bench:
    """A job's folder, and a step in it."""

    work: Path
    step: StepCommands
    registry: Registry

    def write(self, path: str, text: str) -> None:
        whole = self.work / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with GuestFolder(tmp_path) as guest:
        files = JobFiles(guest, LAYOUT, "http://forge.example:8000", "Octo/project")
        registry = Registry()
        step = StepCommands(list.append, {}, debug=True, matchers=StepMatchers(registry, files))  # type: ignore[arg-type]
        made = Bench(tmp_path, step, registry)
        made.write("r/r/m.json", config("tsc", _TSC))
        yield made


_TSC = {"regexp": r"^(.*):(\d+):(\d+) (\w+) (\w+): (.*)$"} | dict(
    zip(("file", "line", "column", "severity", "code", "message"), range(1, 7), strict=True)
)


def test_matchers_come_and_go_by_commands(bench: Bench) -> None:
    step = bench.step
    assert step.matchers is None
    assert step.process("##[add-matcher]m.json") == ["##[add-matcher]m.json", "##[debug]Added matchers: 'tsc'."]
    assert step.matchers is not None
    step.process("::remove-matcher owner=TSC::")
    assert step.matchers is None
    step.process("::add-matcher::/__w/r/r/m.json")
    step.process("::remove-matcher::m.json")
    assert step.matchers is None
    assert not step.failed


@pytest.mark.parametrize(
    ("line", "said", "fails"),
    [
        ("::add-matcher::", "File path must be specified.", False),
        ("::add-matcher::none.json", "Could not find file '/__w/r/r/none.json'.", True),
        ("::add-matcher::/etc/hostname", "Could not find file '/etc/hostname'.", True),
        ("::add-matcher::../../../out.json", "Could not find file '/__w/r/r/../../../out.json'.", True),
        ("::add-matcher::link.json", "symbolic link", True),
        ("::add-matcher::bad.json", "bad.json: Owner must not be empty", True),
        ("::remove-matcher::", "Either an owner name or a file path must be", False),
        ("::remove-matcher owner=a::b", "Both values cannot be set", False),
    ],
)
def test_commands_that_make_no_sense(bench: Bench, line: str, said: str, fails: bool) -> None:
    bench.write("r/r/bad.json", config(""))
    (bench.work / "r/r/link.json").symlink_to("m.json")
    bench.step.process(line)
    assert bench.step.failed == fails
    assert said in bench.step.annotations[-1].message


@pytest.mark.parametrize(
    ("file", "from_path", "path"),
    [
        ("src/a.ts", "", "src/a.ts"),
        ("./src/../src/a.ts", "", "src/a.ts"),
        ("/__w/r/r/src/a.ts", "", "src/a.ts"),
        ("a.ts", "src/project.json", "src/a.ts"),
        ("a.ts", "/__w/r/r/src/project.json", "src/a.ts"),
        ("src/none.ts", "", ""),
        ("other/a.ts", "", ""),  # another repository's checkout
        ("vendored/b.ts", "", "vendored/b.ts"),  # .git is a file there
        ("linked/a.ts", "", ""),
        ("/etc/hostname", "", ""),
        (" ", "", ""),
    ],
)
@pytest.mark.parametrize("url", ["http://forge.example:8000/octo/project.git", "git@forge.example:Octo/Project"])
def test_a_file_is_named_as_its_repository_names_it(
    bench: Bench, file: str, from_path: str, path: str, url: str
) -> None:
    bench.write("r/r/.git/config", f'[remote "origin"]\n\turl = {url}\n')
    bench.write("r/r/other/.git/config", '[remote "origin"]\n\turl = http://forge.example:8000/octo/else\n')
    for name in ("src/a.ts", "other/a.ts", "vendored/b.ts", "vendored/.git"):
        bench.write(f"r/r/{name}", "x")
    (bench.work / "r/r/linked").symlink_to("src")
    with GuestFolder(bench.work) as guest:
        files = JobFiles(guest, LAYOUT, "http://forge.example:8000", "Octo/project")
        assert files.in_repository(file, from_path) == path


def test_a_matched_line_becomes_its_annotation(bench: Bench) -> None:
    bench.write("r/r/.git/config", "url = http://forge.example:8000/octo/project\n")
    bench.write("r/r/a.ts", "x")
    bench.step.process("::add-matcher::m.json")
    assert bench.step.match("nothing to see") is None
    assert bench.step.match("\x1b[31ma.ts\x1b[0m:3:7 error TS1: wrong") == ["##[error]a.ts:3:7 error TS1: wrong"]
    assert bench.step.match("gone.ts:x:7 warning TS2: maybe") is None
    assert bench.step.match("gone.ts:4:7 warning TS2: maybe") == ["##[warning]gone.ts:4:7 warning TS2: maybe"]
    first, second = bench.step.annotations
    assert (first.level, first.message, first.path, first.start_line, first.start_column) == (
        "failure",
        "wrong",
        "a.ts",
        3,
        7,
    )
    assert (second.level, second.path, second.start_line) == ("warning", "", 4)
