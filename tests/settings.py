"""Forge's own settings, on a data folder of this test process that is gone at its end.

Which database and which Redis is decided as always: by FORGE_DATABASE_URL and FORGE_REDIS_URL.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

_data = tempfile.mkdtemp(prefix="forge-tests-")
_process = os.getpid()
os.environ["FORGE_DATA"] = _data
os.environ.setdefault("FORGE_SECRET_KEY", "only-for-tests-and-never-longer-than-they-run")
_worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
if _worker and os.environ.get("FORGE_REDIS_URL", "").endswith("/0"):
    # Tests that run side by side must not take each other's messages: a database of its own for each.
    os.environ["FORGE_REDIS_URL"] = os.environ["FORGE_REDIS_URL"].removesuffix("0") + _worker


def _remove() -> None:
    if os.getpid() == _process:  # a forked child must not take the folder from its parent
        shutil.rmtree(_data, ignore_errors=True)


atexit.register(_remove)

from forge.settings import *  # noqa: E402,F403 - the variables above must be set first; all settings are wanted
from forge.settings import DATA, DATABASES  # noqa: E402 - after the variables above

# A slow hash protects people's passwords; tests have none to protect.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if DATABASES["default"]["ENGINE"] == "forge.sqlite":
    # A file, as in real life: the in-memory database locks whole tables and knows no WAL.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA / "test.sqlite3")}
else:
    DATABASES["default"]["ENGINE"] = "tests.postgresql"
