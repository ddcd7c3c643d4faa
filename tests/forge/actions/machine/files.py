"""The workflow files that a random world pushes."""

from __future__ import annotations

FOLDER = ".github/workflows"

#: Matrices, max-parallel, fail-fast, needs, always() and continue-on-error.
MATRIX = """
on: push
jobs:
  a:
    runs-on: x
    strategy:
      max-parallel: 2
      matrix: {n: [1, 2, 3]}
    steps: [{run: "true"}]
  b:
    runs-on: x
    continue-on-error: true
    strategy:
      fail-fast: false
      matrix: {n: [1, 2]}
    steps: [{run: "true"}]
  c:
    needs: [a, b]
    runs-on: x
    steps: [{run: "true"}]
  d:
    needs: a
    if: always()
    runs-on: [x, y]
    steps: [{run: "true"}]
  e:
    needs: [c, d]
    if: failure() || cancelled()
    runs-on: x
    steps: [{run: "true"}]
"""
#: A group of the whole run, called workflows in a matrix, and groups of calls and of called jobs.
CALLS = """
on: push
concurrency:
  group: calls-${{ github.ref }}
  cancel-in-progress: ${{ github.ref != 'refs/heads/main' }}
jobs:
  build:
    runs-on: x
    steps: [{run: "true"}]
  deploy:
    needs: build
    strategy:
      max-parallel: 1
      matrix: {place: [s, t]}
    concurrency: deploy-${{ matrix.place }}
    uses: ./.github/workflows/called.yml
    with: {place: "${{ matrix.place }}"}
  last:
    needs: deploy
    if: success() || failure()
    runs-on: x
    steps: [{run: "true"}]
"""
CALLED = """
on:
  workflow_call:
    inputs:
      place: {type: string, required: true}
jobs:
  one:
    runs-on: x
    steps: [{run: "true"}]
  two:
    needs: one
    concurrency: shared
    runs-on: x
    steps: [{run: "true"}]
  three:
    needs: one
    if: always()
    runs-on: x
    steps: [{run: "true"}]
"""
#: Groups of jobs: one that cancels, one that queues; and it can be dispatched.
GROUPS = """
on: [push, workflow_dispatch]
jobs:
  a:
    concurrency: {group: SHARED, cancel-in-progress: true}
    runs-on: x
    steps: [{run: "true"}]
  b:
    strategy:
      matrix: {n: [1, 2]}
    concurrency: {group: "line-${{ matrix.n }}", queue: max}
    runs-on: x
    steps: [{run: "true"}]
  c:
    needs: [a, b]
    runs-on: [x, y]
    steps: [{run: "true"}]
"""
#: Its matrix is known only when it runs, and cannot be told; its file is no workflow.
LATE = """
on: push
jobs:
  a:
    runs-on: x
    strategy: {matrix: "${{ fromJSON(github.event.head_commit.message) }}"}
    steps: [{run: "true"}]
  b:
    needs: a
    if: always()
    runs-on: x
    steps: [{run: "true"}]
"""
BROKEN = "on: push\njobs: {a: {}}\n"

_CALLED = {f"{FOLDER}/called.yml": CALLED}
#: What one push may hold.
PUSHES: tuple[dict[str, str], ...] = (
    {f"{FOLDER}/matrix.yml": MATRIX},
    {f"{FOLDER}/calls.yml": CALLS, **_CALLED},
    {f"{FOLDER}/groups.yml": GROUPS},
    {f"{FOLDER}/matrix.yml": MATRIX, f"{FOLDER}/groups.yml": GROUPS},
    {f"{FOLDER}/calls.yml": CALLS, f"{FOLDER}/groups.yml": GROUPS, **_CALLED},
    {f"{FOLDER}/late.yml": LATE},
    {f"{FOLDER}/broken.yml": BROKEN, f"{FOLDER}/groups.yml": GROUPS},
)
