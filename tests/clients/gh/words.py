"""Workflow files for the tests of gh, and what gh says of them."""

from __future__ import annotations

CI = """\
name: CI
on:
  push:
  workflow_dispatch:
    inputs:
      who: {type: string, required: true, description: Whom to greet}
      level: {type: choice, options: [low, high], default: low}
jobs:
  build:
    name: Build it
    runs-on: ubuntu-latest
    steps:
      - name: Say hello
        run: echo "hello ${{ inputs.who || 'world' }} ${{ inputs.level }}"
  test:
    needs: build
    runs-on: ubuntu-latest
    strategy:
      fail-fast: false
      matrix: {part: [one, two]}
    steps:
      - name: Try
        run: |
          echo "trying ${{ matrix.part }}"
          if [ "${{ matrix.part }}" = two ] && [ "$GITHUB_RUN_ATTEMPT" = 1 ]; then
            echo "::error file=a.py,line=3::broken"
            exit 1
          fi
"""
#: Goes on until the file is there, which the test makes.
GATE = """\
name: Gate
on: workflow_dispatch
jobs:
  wait:
    runs-on: ubuntu-latest
    steps:
      - name: Wait
        run: until [ -e "%s" ]; do sleep 0.05; done
"""
FILES = {"README.md": "# Hello\n", ".github/workflows/ci.yml": CI}

VIEW = """
X main CI · {run}
Triggered via push <ago>

JOBS
✓ Build it in <took> (ID {build})
✓ test (one) in <took> (ID {one})
X test (two) in <took> (ID {two})
  ✓ Set up job
  X Try
  ✓ Complete job

ANNOTATIONS
X broken
test (two): a.py#3

X Process completed with exit code 1.
test (two): .github/workflows/ci.yml#<id>


To see what failed, try: gh run view {run} --log-failed
View this run on GitHub: {url}
"""
JOB = """
X main CI · {run}
Triggered via push <ago>

✓ Build it in <took> (ID {build})
  ✓ Set up job
  ✓ Say hello
  ✓ Complete job

To see the full job log, try: gh run view --log --job={build}
View this run on GitHub: {url}
"""
#: Asks for one thing only.
ASK = """\
name: Ask
on:
  workflow_dispatch:
    inputs:
      who: {type: string, required: true}
jobs:
  answer:
    runs-on: ubuntu-latest
    steps: [{run: 'echo "hello ${{ inputs.who }}"'}]
"""
#: Says whether a secret and a variable are what they should be, without saying them.
SEES = """\
name: Sees
on: workflow_dispatch
jobs:
  look:
    runs-on: ubuntu-latest
    steps:
      - run: '[ "$SECRET" = "s3cret, all of it" ] && echo "the secret is right"'
        env: {SECRET: '${{ secrets.TOKEN }}'}
      - run: echo "the colour is ${{ vars.COLOUR }}"
"""
