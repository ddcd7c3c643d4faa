"""Order, levels and cycles of needs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workflows import graph

_NAMES = "abcdef"
_GRAPHS = st.fixed_dictionaries({name: st.lists(st.sampled_from(_NAMES + "z"), max_size=3) for name in _NAMES})


def test_levels_and_order() -> None:
    needs = {"deploy": ["test", "lint"], "build": [], "test": ["build"], "lint": []}
    assert graph.levels(needs) == (("build", "lint"), ("test",), ("deploy",))
    assert graph.order(needs) == ("build", "lint", "test", "deploy")
    assert graph.ancestors(needs, "deploy") == ("test", "lint", "build")


def test_a_cycle_is_named_in_order_of_need() -> None:
    needs = {"a": [], "b": ["d"], "c": ["b"], "d": ["c", "a"], "e": ["b"]}
    assert graph.cycles(needs) == (("b", "d", "c"),)
    assert graph.stuck(needs) == (("b", "d"), ("c", "b"), ("d", "c"), ("e", "b"))


def test_two_cycles_and_one_of_one() -> None:
    assert graph.cycles({"a": ["b"], "b": ["a"], "c": ["c"], "d": ["c", "a"]}) == (("a", "b"), ("c",))


def test_unknown_needs() -> None:
    assert graph.unknown({"a": ["x"], "b": ["a", "y"]}) == (("a", "x"), ("b", "y"))


@given(_GRAPHS)
def test_every_job_starts_after_its_needs_or_is_accounted_for(needs: dict[str, list[str]]) -> None:
    order = graph.order(needs)
    for place, job in enumerate(order):
        assert set(needs[job]) <= set(order[:place])
    for job in set(needs) - set(order):
        reasons = {name for name, _ in (*graph.unknown(needs), *graph.stuck(needs))}
        assert job in reasons


@given(_GRAPHS)
def test_each_cycle_is_one(needs: dict[str, list[str]]) -> None:
    for cycle in graph.cycles(needs):
        for job, need in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
            assert need in needs[job]
    known = {job: [need for need in wanted if need in needs] for job, wanted in needs.items()}
    assert bool(graph.cycles(known)) == (len(graph.order(known)) < len(known))
