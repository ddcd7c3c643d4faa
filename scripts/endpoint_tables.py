#!/usr/bin/env python3
"""Write docs/endpoints.md and the examples of the description anew: `.venv/bin/python -m scripts.endpoint_tables`.

Both come from exchanges: every case of `tests/forge/api/endpoints/` is asked, and what does not hold fails. Arguments
are pytest's: `-k environments` asks for some only, and leaves what is written of the others.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

CASES = Path(__file__).resolve().parent.parent / "tests" / "forge" / "api" / "endpoints" / "test_endpoints.py"

if __name__ == "__main__":
    marks = ["-m", "sqlite", "-k", "test_endpoint"]
    sys.exit(pytest.main(["-q", "-p", "no:xdist", "--write-endpoints", *marks, *sys.argv[1:], str(CASES)]))
