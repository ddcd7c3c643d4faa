"""Workflow files as text, parsed once for all that read them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from forge import storable
from forge.actions import gaps
from forge.actions.models import Run, WorkflowSource
from workflows import parser, source
from workflows.errors import Problem
from workflows.model import Workflow
from workflows.parser.events import triggers
from workflows.parser.findings import Findings


@dataclass(frozen=True)
class Parsed:
    """A file's model, or what keeps it from having one; ``partial`` is its name and triggers as far as
    they can be read all the same (no triggers: not known)."""

    workflow: Workflow | None
    problems: tuple[Problem, ...] = ()
    partial: Workflow | None = None

    @property
    def name(self) -> str:
        """The workflow's name, or its path."""
        known = self.workflow or self.partial
        return known.name[:255] if known else ""


@dataclass(frozen=True)
class File:
    """A workflow file at a commit: its path and its bytes as far as they are read."""

    path: str
    data: bytes

    @property
    def sha256(self) -> str:
        """The hash of the bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    def parsed(self) -> Parsed:
        """What the file says."""
        return _parsed(self.path, self.data)

    def source(self) -> WorkflowSource:
        """The row that keeps the text."""
        text = storable.text(self.data.decode("utf-8", "replace"))
        return WorkflowSource.objects.get_or_create(sha256=self.sha256, defaults={"text": text})[0]


def of_run(run: Run) -> Workflow | None:
    """The workflow that a run runs; None when its file is not valid. Give it with source and workflow."""
    return _parsed(run.workflow.path, run.source.text.encode()).workflow


@lru_cache(maxsize=256)
def _parsed(path: str, data: bytes) -> Parsed:
    workflow, problems = parser.read(data, path)
    if workflow is not None:
        problems = gaps.gaps(workflow)
        if not problems:
            return Parsed(workflow)
    errors = tuple(problem for problem in problems if problem.severity == "error")
    return Parsed(None, errors, _partial(path, data))


def _partial(path: str, data: bytes) -> Workflow:
    root, _ = source.load(data, path)
    on = root.get("on") if isinstance(root, source.Mapping) else None
    found = tuple(trigger for trigger in triggers(on, Findings(path)) if trigger.event in gaps.EVENTS)
    # A file that cannot be used goes by its path, as on GitHub.
    return Workflow(path=path, name=path, on=found)
