"""Query language, graph, times, Markdown, log marks: what needs no database."""

from __future__ import annotations

import pytest

from forge.web import appearance, graph, loglines, markdown
from forge.web.query import parse


@pytest.mark.parametrize(
    ("text", "values", "words"),
    [
        ("", {}, ()),
        ("is:failure branch:main", {"is": "failure", "branch": "main"}, ()),
        ("IS:failed", {"is": "failure"}, ()),
        ("is:in-progress", {"is": "in_progress"}, ()),
        ("is:any actor:rosa", {"actor": "rosa"}, ()),
        ('workflow:"Nightly fuzz" fix upload', {"workflow": "Nightly fuzz"}, ("fix", "upload")),
        ('"two words"', {}, ("two words",)),
        ("created:>2026-11-01", {"created": ">2026-11-01"}, ()),
        ("branch:", {}, ()),
    ],
)
def test_query(text: str, values: dict[str, str], words: tuple[str, ...]) -> None:
    query = parse(text)
    assert (dict(query.values), query.words, query.problems) == (values, words, ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("foo:bar", "“foo:”"),
        ("is:broken", "“is:broken”"),
        ("sha:xyz", "“sha:”"),
        ("created:tomorrow", "“created:”"),
    ],
)
def test_query_names_what_it_does_not_know(text: str, said: str) -> None:
    (problem,) = parse(text).problems
    assert said in problem


def test_query_is_edited_as_text() -> None:
    query = parse('is:failure branch:"a b" upload')
    assert query.with_value("is", "success") == 'branch:"a b" is:success upload'
    assert query.with_value("branch", "") == "is:failure upload"
    assert dict(query.terms()) == {
        "is:failure": 'branch:"a b" upload',
        'branch:"a b"': "is:failure upload",
        "upload": 'is:failure branch:"a b"',
    }


def _items(**needs: str) -> list[graph.Item]:
    return [graph.Item(key, tuple(found.split()), key) for key, found in needs.items()]


def test_graph_leaves_out_what_a_longer_way_says() -> None:
    drawn = graph.draw(_items(a="", b="a", c="a b"))
    assert len(drawn.edges) == 2
    column = graph.WIDTH + graph.COLUMN_GAP
    assert [node.x for node in drawn.nodes] == [graph.MARGIN + place * column for place in range(3)]


def test_graph_survives_cycles_and_unknown_needs() -> None:
    assert len(graph.draw(_items(a="b", b="a", c="gone")).nodes) == 3
    assert graph.draw([]).nodes == ()


def test_graph_nodes_never_overlap() -> None:
    items = [graph.Item(str(n), (str(n // 3),) if n > 2 else (), "x", "detail" if n % 2 else "") for n in range(40)]
    boxes = [(node.x, node.y, node.height) for node in graph.draw(items).nodes]
    for x, y, height in boxes:
        assert not [1 for a, b, _ in boxes if a == x and y < b < y + height]


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("<script>alert(1)</script>", "<script"),
        ("<img src=x onerror=alert(1)>", "<img"),
        ("![x](https://example.org/x.png)", "<img"),
        ("[x](javascript:alert(1))", "href="),
        ("[x](//evil.example)", "href="),
        ("[x](data:text/html,1)", "href="),
        ("|a|b|\n|:-|-:|\n|1|2|", "style="),
        ("a \u202e b", "\u202e"),
        ("# h", "<h1"),
    ],
)
def test_markdown_is_tame(text: str, never: str) -> None:
    assert never not in markdown.html(text)
    assert never not in markdown.line(text)


def test_markdown_draws() -> None:
    found = markdown.html("## Tests\n\n| a |\n|---|\n| 1 |\n\n[site](https://example.org)")
    assert "<h4>Tests</h4>" in found
    assert "<td>1</td>" in found
    assert '<a href="https://example.org" rel="nofollow noopener">site</a>' in found
    assert markdown.line("one `call` <b>") == "one <code>call</code> &lt;b&gt;"


@pytest.mark.parametrize(
    ("line", "kind", "text"),
    [
        ("##[group]Fetch", "group", "Fetch"),
        ("\x1b[31m##[error]Oh", "error", "\x1b[31mOh"),
        ("say ##[error]no", "", "say ##[error]no"),
        ("##[unknown]x", "", "##[unknown]x"),
    ],
)
def test_marks(line: str, kind: str, text: str) -> None:
    found = loglines.classify(line)
    assert (found[0], found[1]) == (kind, text)


def test_a_lost_runner_has_a_look_of_its_own() -> None:
    assert appearance.look("completed", "failure", {"code": "runner_lost"}).word == "Runner lost"
    assert appearance.look("completed", "failure", {}).word == "Failed"


def test_the_worst_leg_is_shown() -> None:
    legs = [appearance.look("completed", "success"), appearance.look("in_progress", None)]
    assert appearance.worst(legs).key == "in_progress"
    assert appearance.worst([*legs, appearance.look("completed", "failure")]).key == "failure"
