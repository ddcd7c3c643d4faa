"""Workflow files that several tests push."""

ONE = """
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: make
"""
TWO = """
name: Two
run-name: Build of ${{ github.ref_name }} by ${{ github.actor }}
on: [push, workflow_dispatch]
jobs:
  build:
    runs-on: [self-hosted, Linux]
    outputs:
      answer: ${{ steps.a.outputs.answer }}
    steps:
      - id: a
        run: echo answer=42 >> $GITHUB_OUTPUT
  test:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ needs.build.outputs.answer }}
  never:
    if: github.ref_name == 'other'
    runs-on: ubuntu-latest
    steps:
      - run: exit 1
"""
MATRIX = """
on: push
jobs:
  build:
    strategy:
      max-parallel: 2
      matrix:
        n: [1, 2, 3]
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ matrix.n }}
"""
