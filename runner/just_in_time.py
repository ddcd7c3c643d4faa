"""A runner whose whole configuration the server made: it takes one job, and is gone.

The text holds the runner's credential. Nothing of it is left in the folder when the agent ends.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runner import config as configuration
from runner import credential as credentials
from runner.config import Config
from runner.errors import ConfigError

#: Stands beside a credential that came so; one without it belongs to a runner that was registered here.
_MARK = "just-in-time"
_FOLDER = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,100}")
#: What else the agent has in its folder.
_TAKEN = ("unsent", "externals", "credential", "credential.new", "config.toml", _MARK)


@dataclass(frozen=True)
class JitConfig:
    """What the server said."""

    url: str
    name: str
    labels: tuple[str, ...]
    credential: str
    work_folder: str

    def settle(self, folder: Path, **given: Any) -> Config:
        """The configuration of this runner in a folder, whose ``config.toml`` and the command line say how jobs run
        here. ConfigError when the folder is another runner's."""
        if (folder / "credential").exists() and not (folder / _MARK).exists():
            raise ConfigError(f"{folder} is the folder of a runner that is registered; name another by --dir")
        said = {**given, "url": given.get("url") or self.url, "name": self.name, "labels": self.labels, "capacity": 1}
        config = replace(configuration.load(folder, **said), ephemeral=True, work_folder=self.work_folder)
        config.folder.mkdir(parents=True, exist_ok=True)
        (config.folder / _MARK).touch()
        credentials.write(config.credential_file, self.credential)
        return config


def decode(text: str) -> JitConfig:
    """The text as the server wrote it; ConfigError for anything else."""
    try:
        said = json.loads(base64.b64decode(text.strip(), validate=True))
        found = JitConfig(
            str(said["url"]),
            str(said["name"]),
            tuple(str(label) for label in said["labels"]),
            str(said["credential"]),
            str(said.get("work_folder") or "_work"),
        )
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError("--jitconfig: this is no configuration of a just-in-time runner") from None
    is_folder = _FOLDER.fullmatch(found.work_folder) and found.work_folder not in _TAKEN
    if not is_folder or not found.credential.startswith(credentials.PREFIX):
        raise ConfigError("--jitconfig: this is no configuration of a just-in-time runner")
    return found


def forget(config: Config) -> None:
    """The runner is no more: its credential goes."""
    for file in (config.credential_file, config.credential_file.with_name("credential.new"), config.folder / _MARK):
        file.unlink(missing_ok=True)
