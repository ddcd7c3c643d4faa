"""Workflows to read: one as people write them, and the same grown to thousands of lines."""

from __future__ import annotations

SMALL = """\
name: Tests
on:
  push:
    branches: [main, 'release/**']
    paths-ignore: ['docs/**', '**.md']
  pull_request:
    types: [opened, synchronize]
  workflow_dispatch:
    inputs:
      level:
        description: How much to test
        type: choice
        options: [quick, all]
        default: quick
permissions:
  contents: read
concurrency:
  group: ${{ github.workflow }}-${{ github.ref }}
  cancel-in-progress: true
env:
  CI: 'true'
jobs:
  test:
    name: Test ${{ matrix.python }} on ${{ matrix.os }}
    runs-on: ${{ matrix.os }}
    timeout-minutes: 20
    strategy:
      fail-fast: false
      matrix:
        os: [ubuntu-latest, ubuntu-24.04]
        python: ['3.11', '3.12']
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: ${{ matrix.python }}
      - name: Install
        run: pip install -r requirements.txt
      - name: Test
        if: github.event_name != 'workflow_dispatch' || inputs.level == 'all'
        env:
          TOKEN: ${{ secrets.TEST_TOKEN }}
        run: pytest --junitxml=report-${{ matrix.python }}.xml
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: report-${{ matrix.os }}-${{ matrix.python }}
          path: report-*.xml
"""
_JOB = """\
  job{number}:
    name: Job {number} of ${{{{ github.repository }}}}
    needs: {needs}
    if: success() && contains(github.ref, 'refs/heads/v{number}') != true
    runs-on: ubuntu-latest
    env:
      NUMBER: '{number}'
      REF: ${{{{ github.event.pull_request.head.ref || github.ref_name }}}}
    outputs:
      answer: ${{{{ steps.ask.outputs.answer }}}}
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: {number}
      - id: ask
        run: |
          echo "answer=$(./ask {number})" >> "$GITHUB_OUTPUT"
      - name: Say it
        if: ${{{{ steps.ask.outputs.answer == '{number}' }}}}
        run: echo ${{{{ format('{{0}} of {{1}}', steps.ask.outputs.answer, needs.test.result) }}}}
"""


def large(lines: int) -> str:
    """The small one with as many further jobs as it needs to have so many lines."""
    text, number = SMALL, 0
    while text.count("\n") < lines:
        number += 1
        text += _JOB.format(number=number, needs="test" if number < 3 else f"[test, job{number - 2}]")
    return text


def hostile(size: int) -> dict[str, str]:
    """Files of so many bytes, each asking for much of one kind of work, by that kind."""
    head = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n"
    return {
        "deep": head + "[" * (size - len(head)),
        "wide": _filled("jobs: {", "k{}: 1, ", size),
        "aliases": _filled("a: &a [x]\n", "k{0}: &k{0} [*a, *a, *a, *a, *a, *a, *a, *a]\n", size),
        "bomb": _filled(
            "a0: &a0 [x]\n", "a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", size
        ),
        "steps": _filled(head, "      - run: x\n", size) + "      - nonsense: 1\n",
        "expressions": _filled(
            head, "      - run: ${{{{ !!!github.a.b.c{} || format('{{0}}{{0}}', nothing[1]) }}}}\n", size
        ),
        "one expression": head + "      - run: ${{ " + "1 == " * (size // 5 - 20) + "1 }}\n",
        "one text": head + "      - run: ${{ '" + "''" * (size // 2 - 40) + "\n",
        "inserts": head + "      - run: " + "${{ x }}" * (size // 8 - 20) + "\n",
        "needs": _filled(
            "on: push\njobs:\n", "  a{0}: {{runs-on: x, needs: [a{1}, a{2}], steps: [{{run: x}}]}}\n", size
        ),
        "duplicates": _filled("on: push\njobs:\n", "  a: 1\n", size),
    }


def _filled(head: str, line: str, size: int) -> str:
    """A head and numbered lines up to a size; a line may also name those before it."""
    lines, length, number = [head], len(head), 0
    while length + len(line) + 20 < size:
        number += 1
        lines.append(line.format(number, max(number - 1, 0), max(number - 2, 0)))
        length += len(lines[-1])
    return "".join(lines)


def case(text: str, number: int) -> dict[str, str]:
    """The file for both sides, with expressions that no file with another number has."""
    text = text.replace("github.", f"github.x{number + 1000}.").replace("matrix.", f"matrix['y{number + 1000}'].")
    return {"path": ".github/workflows/bench.yml", "text": text}
