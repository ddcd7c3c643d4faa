"""YAML to nodes: the core schema, places, and bounds on hostile files."""

from __future__ import annotations

import math
import tracemalloc

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workflows.model import Position
from workflows.source import Limits, Mapping, Node, Scalar, Sequence, load, plain


def _one(text: str | bytes, limits: Limits | None = None) -> str:
    """The one problem of a text, without its file."""
    node, problems = load(text, "w.yml", limits or Limits())
    assert node is None
    assert len(problems) == 1
    return str(problems[0]).removeprefix("w.yml:").strip()


def _data(node: Node | None) -> object:
    if isinstance(node, Mapping):
        return {key.text: _data(value) for key, value in node.entries}
    if isinstance(node, Sequence):
        return [_data(item) for item in node.items]
    assert node is not None
    return node.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("y", "y"),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("~", None),
        ("", None),
        ("null", None),
        ("nULL", "nULL"),
        ("010", 10),
        ("-007", -7),
        ("0o10", 8),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("12:30:00", "12:30:00"),
        ("1_000", "1_000"),
        ("2024-01-02", "2024-01-02"),
        ("1.50", 1.5),
        (".5", 0.5),
        ("1.", 1),
        ("1e3", 1000),
        ("1e400", math.inf),
        ("-.inf", -math.inf),
        ("+.INF", math.inf),
        (".", "."),
        ("+", "+"),
        ("-", "-"),
        ("1.2.3", "1.2.3"),
        ("0x", "0x"),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_plain_texts_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    assert plain(text) == value
    assert type(plain(text)) is type(value)


def test_not_a_number() -> None:
    assert math.isnan(plain(".nan"))  # type: ignore[arg-type]


def test_tags_and_quotes_decide_the_type() -> None:
    node, problems = load('[!!str 1, "1", !!int 1, !!float 1, !!bool true, !!null ~, ! 1, !!seq []]', "w.yml")
    assert _data(node) == ["1", "1", 1, 1, True, None, "1", []]
    assert problems == ()


def test_every_node_knows_its_place() -> None:
    node, _ = load("on: push\njobs:\n  a:\n    - x\n    - |\n      y\n", "w.yml")
    assert isinstance(node, Mapping)
    jobs = node.get("jobs")
    assert isinstance(jobs, Mapping)
    assert jobs.position == Position(3, 3)
    items = jobs.get("a")
    assert isinstance(items, Sequence)
    assert [item.position for item in items.items] == [Position(4, 7), Position(5, 7)]
    assert items.items[1] == Scalar("y\n", "y\n", 5, 7)
    assert node.get("none") is None


def test_a_byte_order_mark_is_no_content() -> None:
    assert load("\ufeffa: 1".encode(), "w.yml") == load("a: 1", "w.yml") == load("\ufeffa: 1", "w.yml")


def test_aliases_are_the_node_again() -> None:
    node, problems = load("a: &x [1]\nb: *x\n", "w.yml")
    assert _data(node) == {"a": [1], "b": [1]}
    assert problems == ()


_STYLE = "1:4: The scalar style '{}' on line 1 and column 4 is not valid with the tag 'tag:yaml.org,2002:int'"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: \x00", "1:4: The character U+0000 is not allowed in YAML"),
        ("a: \ud800", "1:4: The character U+D800 is not allowed in YAML"),
        (b"a: b\r\n  \xff", "2:3: Invalid UTF-8 at byte 8: invalid start byte"),
        (b"\xff\xfea\x00", "1:1: Invalid UTF-8 at byte 0: invalid start byte"),
        ("a: *b", "1:4: Unknown anchor 'b'"),
        ("a: &a [*a]", "1:8: The alias 'a' stands inside what it repeats"),
        ("a: 1\n---\nb: 2", "2:1: A workflow file holds one document; a second one begins here"),
        ("a: !x b", "1:4: Unexpected tag '!x'"),
        ("a: !!set {}", "1:4: Unexpected tag 'tag:yaml.org,2002:set'"),
        ("a: !!python/name:os.system x", "1:4: Unexpected tag 'tag:yaml.org,2002:python/name:os.system'"),
        ('a: !!int "1"', _STYLE.format("DoubleQuoted")),
        ("a: !!int '1'", _STYLE.format("SingleQuoted")),
        ("a: !!int |\n  1\n", _STYLE.format("Literal")),
        ("a: !!int >\n  1\n", _STYLE.format("Folded")),
        ("a: [1", "2:1: Invalid YAML: while parsing a flow sequence, did not find expected ',' or ']'"),
        ("a: b: c", "1:5: Invalid YAML: mapping values are not allowed in this context"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(text: str | bytes, said: str) -> None:
    assert _one(text) == said


def test_bounds() -> None:
    assert _one("x" * 11, Limits(bytes=10)) == "The maximum file size of 10 characters has been exceeded"
    assert _one("[[[]]]", Limits(depth=2)) == "1:3: Maximum object depth exceeded"
    assert _one("[&a [[]], [*a]]", Limits(depth=3)) == "1:12: Maximum object depth exceeded"
    assert _one("[" + "x" * 128 + "]", Limits(nodes=4)) == "1:2: Maximum YAML nodes exceeded"
    assert _one("[&a 1, *a, *a]", Limits(aliases=1)) == "1:12: Too many aliases: at most 1 are allowed"
    assert _one("[1, 2, 3]", Limits(nodes=4)) == "1:8: Maximum YAML nodes exceeded"


_HOSTILE = {
    "flow": "[" * 499_000,
    "maps": "{a: " * 100_000,
    "keys": "? " * 200_000,
    "lists": "- " * 200_000,
    "quote": 'a: "' + "x" * 400_000,
    "bomb": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)),
    "tags": "!" * 400_000,
    "percent": "%" * 400_000,
    "colons": ":" * 499_000,
    "duplicates": "{" + "a: b," * 90_000 + "}",
    "items": "- a\n" * 120_000,
}


@pytest.mark.timeout(90)
@pytest.mark.parametrize("name", _HOSTILE)
def test_hostile_files_end_in_a_problem_soon_and_small(name: str) -> None:
    tracemalloc.start()
    node, problems = load(_HOSTILE[name], "w.yml")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert node is None
    assert problems
    assert peak < 150_000_000


@pytest.mark.parametrize("text", ["a: " + "9" * 400_000, "a: 0x" + "f" * 400_000, "a: " + "1" * 200_000 + "e9"])
def test_long_numbers_are_numbers(text: str) -> None:
    node, _ = load(text, "w.yml")
    assert _data(node) == {"a": math.inf}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**52), 2**52) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def _lowered(value: object) -> bool:
    """True when no mapping in the data has two keys that only differ in case."""
    if isinstance(value, dict):
        return len({key.casefold() for key in value}) == len(value) and all(map(_lowered, value.values()))
    return all(map(_lowered, value)) if isinstance(value, list) else True


class _Quoting(yaml.SafeDumper):
    """Writes every text in quotes: bare, YAML 1.1 takes some for texts that 1.2 takes for numbers, such as 0E0."""


_Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


@settings(max_examples=300, deadline=None)
@example(["0E0"])
@given(_VALUES)
def test_what_yaml_writes_is_read_back(value: object) -> None:
    if not _lowered(value):
        return
    node, problems = load(yaml.dump(value, Dumper=_Quoting), "w.yml")
    assert problems == ()
    assert _data(node) == value


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_answered(data: bytes | str) -> None:
    node, problems = load(data, "w.yml")
    assert node is not None or problems
