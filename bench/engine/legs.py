"""`python -m bench.engine.legs N …`: the statements of each step of a run with so many legs, as JSON."""

from __future__ import annotations

import json
import sys

from bench.engine import database

if __name__ == "__main__":
    with database.empty():
        from tests.forge.actions import legs

        print(json.dumps([dict(legs.counts(int(given))) for given in sys.argv[1:]]))
