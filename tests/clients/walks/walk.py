"""What every client walks through: a workflow that says hello, waits or fails as it is told, with a secret and a
variable."""

from __future__ import annotations

ORGANIZATION = "acme"
SECRET = "s3cret, grün"
WORKFLOW = """
name: Walk
on:
  push:
  workflow_dispatch:
    inputs:
      who: {type: string, required: true}
      how: {type: choice, options: [pass, fail, wait], default: pass}
jobs:
  hello:
    runs-on: ubuntu-latest
    steps:
      - name: Say hello
        run: echo "hello $WHO in $COLOUR, a secret of ${#SECRET} characters"
        env:
          WHO: ${{ inputs.who || 'world' }}
          COLOUR: ${{ vars.COLOUR }}
          SECRET: ${{ secrets.TOKEN }}
      - name: Do as told
        run: |
          case "$HOW" in
            fail) exit 1;;
            wait) echo waiting; sleep 300;;
          esac
        env:
          HOW: ${{ inputs.how }}
  beside:
    runs-on: ubuntu-latest
    steps: [{run: echo beside}]
"""
