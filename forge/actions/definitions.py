"""The workflow file in which a job of a run is defined: the run's own, or one that it calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from forge.actions import sources
from forge.actions.models import Run
from workflows import decide


@dataclass(frozen=True)
class DefinedIn:
    """A workflow file as a run has it. ``repository`` is ``owner/name``, ``ref`` as the file was asked for."""

    repository: str
    path: str
    ref: str
    sha: str

    @property
    def columns(self) -> dict[str, Any]:
        """The same as a job keeps it."""
        file = f"{self.repository.lower()}/{self.path}"
        return {"file": file[:400], "file_ref": self.ref[:512], "file_sha": self.sha}


def file_of(run: Run, key: str) -> DefinedIn:
    """The file of a node by its key. Give it with the run's repository, its owner, and its workflow."""
    workflow = sources.of_run(run) if "/" in key else None
    reference = decide.definition(workflow, key).workflow.path if workflow is not None else ""
    return file_at(run, reference)


def file_at(run: Run, reference: str) -> DefinedIn:
    """The same by what the run calls it; whatever it calls nothing is its own file."""
    called = next((one for one in run.called if one["reference"] == reference), None)
    if called is None:
        return DefinedIn(run.repository.full_name, run.workflow.path, run.ref, run.head_sha)
    place, _, version = called["path"].rpartition("@")
    owner, name, path = place.split("/", 2)
    ref = run.ref if reference.startswith("./") else called["ref"] or version
    return DefinedIn(f"{owner}/{name}", path, ref, called["sha"])
