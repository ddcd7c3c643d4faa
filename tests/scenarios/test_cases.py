"""The scenario files themselves: as README.md beside them says, and enough of them."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.scenarios.acts import ACTS
from tests.scenarios.case import CASES, Unreadable, cases, read

#: So many workflow files at least are run, with what has to come of each.
WORKFLOW_FILES = 150

USUAL = "shows: Something.\nworkflow: |\n  on: push\n"


def test_there_are_enough() -> None:
    files = {text for case in cases().values() for text in case.files.values()}
    assert len(cases()) >= WORKFLOW_FILES
    assert len(files) >= WORKFLOW_FILES


def test_every_file_is_a_scenario_in_a_folder_of_its_area() -> None:
    found = [path for path in CASES.rglob("*") if path.is_file()]
    assert len(found) == len(cases())


def test_every_act_is_known() -> None:
    unknown = {f"{name}: {verb}" for name, case in cases().items() for verb, _ in case.acts if verb not in ACTS}
    assert unknown == set()


def test_other_repositories_have_names_of_their_own() -> None:
    names = Counter(name for case in cases().values() for name in case.repositories)
    names.update(name.replace("/", "-") for name in cases())
    assert [name for name, count in names.items() if count > 1] == []


def test_every_act_is_described() -> None:
    described = (CASES.parent / "README.md").read_text()
    assert [verb for verb in ACTS if f"`{verb}`" not in described] == []


def test_few_need_the_fake_backend() -> None:
    """All others are played with real containers, too; a new one that cannot be stands here with its reason."""
    assert {name: case.needs_fake for name, case in cases().items() if case.needs_fake} == {
        "cancel/timeout-of-the-cancel": "a comment tells the fake shell to ignore signals",
        "containers/container": "the images that it names would come from a registry",
        "containers/services": "the images that it names would come from a registry",
        "runners/broken-machine": "its agent's machine is broken in a way that is given",
        "runners/cancelled-before-a-step": "its agent never has a place ready",
        "runners/lost-again-and-again": "its agent never has a place ready",
        "runners/lost-before-a-step": "its agent never has a place ready",
        "runners/lost-while-cancelled": "its agent never has a place ready",
        "runners/removed-before-a-step": "its agent never has a place ready",
        "timeouts/stubborn-step": "a comment tells the fake shell to ignore signals",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("workflow: x", "`shows` and `expect` are needed"),
        (USUAL + "expect: {}\nexpected: {}", "expected is not known"),
        (USUAL + "expect: {conclusions: success}", "conclusions is not known"),
        (USUAL + "expect: {jobs: {a: {conclusion: success, logs: []}}}", "logs is not known"),
        (USUAL + "expect: {attempts: {1: {jobs: {a: {end: x}}}}}", "end is not known"),
        (USUAL + "expect: {}\nrunners: {one: {label: [x]}}", "label is not known"),
        (USUAL + "expect: {}\nacts: [{push: {}, cancel: 1}]", "an act has one verb"),
        (USUAL + "expect: {}\nacts: [{see: {state: x}}]", "state is not known"),
        ("- a list", "a mapping was expected"),
    ],
)
def test_a_file_that_is_not_as_described_is_refused(text: str, words: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read("x", text)
    assert words in str(refused.value)


def test_files_are_pushed_first_if_no_act_pushes() -> None:
    assert read("x", USUAL + "expect: {}").acts == (("push", {}),)
    assert read("x", USUAL + "expect: {}\nacts: [dispatch]").acts == (("push", {}), ("dispatch", None))
    assert read("x", USUAL + "expect: {}\nacts: [read, push]").acts == (("read", None), ("push", None))
