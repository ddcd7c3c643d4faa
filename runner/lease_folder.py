"""The folder of one lease: what the job sees below ``work``, and the agent's own files beside it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from runner.backends.base import Lease
from runner.guest_files import GuestFolder

_INSIDE = ("_temp/_github_home", "_temp/_github_workflow", "_temp/_runner_file_commands", "_tool", "_actions")


class LeaseFolder:
    """``<data>/leases/<job>-<epoch>``. Belongs to one lease and is never used again."""

    def __init__(self, root: Path, lease: Lease, repository: str) -> None:
        self.path = root / str(lease)
        self.path.mkdir(mode=0o711)  # a step's user may pass through, and see nothing
        self.work = self.path / "work"
        self.log = self.path / "log"
        make_work(self.work)
        self.guest = GuestFolder(self.work)
        self.guest.make_folders(f"{repository}/{repository}")

    def write_event(self, event: object) -> None:
        """Lay down event.json; before anything of the job runs."""
        self.guest.create("_temp/_github_workflow/event.json", json.dumps(event, indent=2).encode(), 0o644)

    def reopen(self) -> None:
        """The place of the job may have brought a work folder of its own; before anything of the job runs."""
        self.guest.close()
        self.guest = GuestFolder(self.work)

    def close(self) -> None:
        """Let go of it; whoever owns the backend removes it."""
        self.guest.close()


def make_work(path: Path) -> None:
    """Make a work folder, with what is in it whatever the job."""
    path.mkdir()
    os.chmod(path, 0o777)  # whoever the image's user is
    with GuestFolder(path) as guest:
        for name in _INSIDE:
            guest.make_folders(name)


def leases_in(root: Path) -> dict[Lease, Path]:
    """The folders that are there."""
    found = {}
    for path in root.iterdir() if root.is_dir() else ():
        lease = Lease.parse(path.name)
        if lease is not None:
            found[lease] = path
    return found
