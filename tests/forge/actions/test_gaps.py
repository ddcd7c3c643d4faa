"""What the language knows and the engine does not do yet is refused before anything runs."""

from __future__ import annotations

import pytest

from forge.actions import gaps, sources
from workflows import parser

_PATH = ".github/workflows/w.yml"


def _found(text: str) -> list[str]:
    return [f"{found.line}:{found.column}: {found.message}" for found in gaps.gaps(parser.parse(text, _PATH))]


def _job(job: str) -> str:
    return f"on: push\njobs:\n  a:\n    {job}\n"


def test_what_runs_has_no_gaps() -> None:
    text = """\
on: {push: {branches: [main]}, workflow_dispatch: }
permissions: write-all
env: "${{ vars }}"
jobs:
  a:
    runs-on: [x, y]
    permissions: {contents: write, id-token: write}
    cancel-timeout-minutes: ${{ vars.minutes }}
    strategy: {matrix: "${{ fromJSON(vars.m) }}"}
    env: {A: "${{ github.ref }}", "${{ insert }}": "${{ vars }}"}
    steps: [{uses: actions/checkout@v4, with: "${{ matrix }}"}, {run: x, env: {B: c, "${{ vars.x }}": d}}]
  b: {runs-on: x, strategy: "${{ fromJSON(vars.x) }}", concurrency: y}
  c: {runs-on: x, strategy: {matrix: {"${{ insert }}": "${{ vars.x }}", b: [{"${{ vars.y }}": 1}]}}}
  d: {uses: ./.github/workflows/d.yml}
  e:
    runs-on: x
    steps: [{id: a, run: x, background: true}, {parallel: [{run: x}]}, {wait: a}, {wait-all: }, {cancel: a}]
concurrency: z
"""
    assert _found(text) == []


def test_every_event_that_starts_a_run_has_no_gap() -> None:
    text = """\
on:
  create:
  delete:
  push:
  repository_dispatch: {types: [a]}
  schedule: [{cron: 0 5 * * *}, {cron: 0 6 * * *, timezone: America/Argentina/Buenos_Aires}]
  workflow_call:
  workflow_dispatch:
  workflow_run: {workflows: [a], types: [completed], branches: [main]}
jobs: {a: {runs-on: x}}
"""
    assert _found(text) == []
    assert {trigger.event for trigger in parser.parse(text, _PATH).on} == gaps.EVENTS


@pytest.mark.parametrize("zone", ["Europe/Berln", "Europe", "europe/berlin/x"])
def test_a_time_zone_that_nobody_knows_is_named(zone: str) -> None:
    text = f"on: {{schedule: [{{cron: 0 5 * * *, timezone: {zone}}}]}}\njobs: {{a: {{runs-on: x}}}}\n"
    assert _found(text) == [f"1:17: There is no time zone '{zone}'"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("on: [push, release]\njobs: {a: {runs-on: x}}\n", ["1:12: 'release' is not supported by Forge yet"]),
        (_job("{runs-on: x, snapshot: y}"), ["4:28: 'snapshot' is not supported by Forge yet"]),
        (
            _job("{runs-on: x, strategy: {'${{ insert }}': '${{ vars.x }}'}}"),
            ["4:29: '${{ insert }}' is not supported by Forge yet"],
        ),
        (
            _job("{runs-on: x, steps: [{parallel: [{uses: actions/cache@v4}, {run: x}]}]}"),
            ["4:38: 'uses: actions/cache@v4' is not supported by Forge yet"],
        ),
        (
            _job("{runs-on: x, steps: [{uses: actions/cache@v4}, {uses: ./x}]}"),
            [
                "4:26: 'uses: actions/cache@v4' is not supported by Forge yet",
                "4:52: 'uses: ./x' is not supported by Forge yet",
            ],
        ),
    ],
)
def test_what_does_not_run_yet_is_named(text: str, said: list[str]) -> None:
    assert _found(text) == said


def test_a_file_with_gaps_has_no_workflow() -> None:
    parsed = sources.File(_PATH, b"on: push\nname: x\njobs: {a: {runs-on: x, snapshot: y}}\n").parsed()
    assert parsed.workflow is None
    assert [found.message for found in parsed.problems] == ["'snapshot' is not supported by Forge yet"]
    assert parsed.partial is not None
    assert [trigger.event for trigger in parsed.partial.on] == ["push"]


def test_a_file_for_other_events_only_has_no_triggers() -> None:
    parsed = sources.File(_PATH, b"on: pull_request\njobs: {a: {runs-on: x}}\n").parsed()
    assert parsed.workflow is None
    assert parsed.partial is not None
    assert parsed.partial.on == ()


def test_those_of_a_called_file_name_it() -> None:
    called = {"./.github/workflows/d.yml": "on: [workflow_call, release]\njobs: {b: {runs-on: x, snapshot: y}}\n"}
    text = "on: push\njobs: {a: {uses: ./.github/workflows/d.yml}, b: {uses: ./.github/workflows/d.yml}}\n"
    workflow, problems = parser.read(text, _PATH, called=parser.Called(called))
    assert workflow is not None, problems
    assert [str(found) for found in gaps.gaps(workflow)] == [
        "./.github/workflows/d.yml:2:34: 'snapshot' is not supported by Forge yet"
    ]
