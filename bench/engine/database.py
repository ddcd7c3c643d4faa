"""An empty database for measurements that need no server: SQLite in a temporary folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def empty() -> Iterator[Path]:
    """Django set up on it. Once in a process: settings are read only once."""
    with tempfile.TemporaryDirectory(prefix="forge-bench-") as folder:
        os.environ["FORGE_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "forge.settings"
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        call_command("migrate", verbosity=0)
        try:
            yield Path(folder)
        finally:
            connections.close_all()
