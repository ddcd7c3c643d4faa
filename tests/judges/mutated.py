"""Workflows broken by one or two changes of their lines, as hypothesis chooses them."""

from __future__ import annotations

from hypothesis import strategies as st

from bench.language.files import SMALL

FULL = """\
name: Full
run-name: Run ${{ github.run_number }}
on:
  push:
    branches: [main, 'v*']
    paths: ['src/**']
  pull_request:
    branches-ignore: [old]
  workflow_dispatch:
    inputs:
      level:
        type: choice
        options: [low, high]
      force:
        type: boolean
        default: false
  workflow_call:
    inputs:
      name:
        type: string
        required: true
    secrets:
      token:
        required: false
env:
  A: 1
  B: ${{ github.ref }}
defaults:
  run:
    shell: bash
    working-directory: src
concurrency: one
jobs:
  build:
    name: Build
    runs-on: [self-hosted, linux]
    timeout-minutes: 10
    continue-on-error: ${{ matrix.v == 2 }}
    environment:
      name: test
      url: ${{ steps.one.outputs.url }}
    outputs:
      url: ${{ steps.one.outputs.url }}
    strategy:
      max-parallel: 2
      matrix:
        v: [1, 2]
        include:
          - v: 1
            extra: x
    container:
      image: node:20
      env:
        C: d
      ports:
        - 80
    services:
      db:
        image: postgres
        options: --health-cmd pg_isready
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - id: one
        name: One
        if: success() || failure()
        run: echo ${{ matrix.v }}
        env:
          D: ${{ secrets.TOKEN }}
        shell: sh
        continue-on-error: true
        timeout-minutes: 5
  deploy:
    needs: [build]
    if: github.ref == 'refs/heads/main' && needs.build.result == 'success'
    permissions:
      contents: read
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo ${{ needs.build.outputs.url }}
  called:
    needs: build
    uses: ./.github/workflows/other.yml
    with:
      name: x
    secrets: inherit
"""
_LINES = (
    *(
        "on: push",
        "jobs:",
        "env:",
        "steps:",
        "runs-on: x",
        "- run: x",
        "- uses: a/b@v1",
        "needs: build",
        "needs: [nosuch]",
    ),
    *(
        "if: always()",
        "if: nosuch",
        "if: ${{ github.ref }}",
        "run: ${{ matrix.x }}",
        "run: ${{ env.A",
        "run: ${{ a b }}",
    ),
    *(
        "with:",
        "strategy:",
        "matrix:",
        "fail-fast: true",
        "fail-fast: 3",
        "timeout-minutes: x",
        "name:",
        "name: [a]",
        "id: 1a",
    ),
    *(
        "permissions: read-all",
        "permissions: none",
        "contents: admin",
        "nonsense: 1",
        "secrets: inherit",
        "- x",
        "- ",
        "x",
        "~",
    ),
    *(
        "cancel-in-progress: maybe",
        "type: number",
        "required: 1",
        "default: ${{ github.ref }}",
        "shell: ${{ github.ref }}",
    ),
    *(
        "environment: ${{ secrets.A }}",
        "image: ${{ vars.A }}",
        "outputs:",
        "build:",
        "one:",
        "- id: one",
        "continue-on-error: 1",
    ),
)


@st.composite
def _change(draw: st.DrawFn, lines: list[str]) -> list[str]:
    at = draw(st.integers(0, len(lines) - 1))
    line, before, after = lines[at], lines[:at], lines[at + 1 :]
    indent = len(line) - len(line.lstrip())
    match draw(st.sampled_from(("drop", "double", "deeper", "shallower", "insert", "instead", "value", "swap"))):
        case "drop":
            return before + after
        case "double":
            return [*before, line, line, *after]
        case "deeper":
            return [*before, f"  {line}", *after]
        case "shallower":
            return [*before, line[2:] if indent else line, *after]
        case "insert":
            return [*before, " " * indent + draw(st.sampled_from(_LINES)), line, *after]
        case "instead":
            return [*before, " " * indent + draw(st.sampled_from(_LINES)), *after]
        case "value":
            key, colon, _ = line.partition(":")
            other = draw(st.sampled_from(lines)).partition(":")[2]
            return [*before, f"{key}{colon}{other}", *after]
        case _:
            return [*before, *after[:1], line, *after[1:]]


@st.composite
def _mutated(draw: st.DrawFn) -> str:
    lines = draw(st.sampled_from((SMALL, FULL, FULL))).splitlines()
    for _ in range(draw(st.integers(1, 2))):
        lines = draw(_change(lines)) or ["on: push"]
    return "\n".join(lines) + "\n"


mutated = _mutated()
