"""Workflow files as text, parsed once for all that read them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from forge import storable
from forge.actions import gaps
from forge.actions.models import Run, WorkflowSource
from workflows import parser, permissions, source
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
class CalledFile:
    """A file that a workflow calls: the reference that names it in the caller, what it holds, and where it was read
    (``path`` as ``owner/name/file@version``, the commit, and the full name of the version where that is a ref)."""

    reference: str
    data: bytes
    path: str
    sha: str
    ref: str = ""

    def kept(self) -> dict[str, str]:
        """What a run keeps of it; the text stands in a row of its own."""
        said = {"reference": self.reference, "path": self.path, "sha": self.sha, "ref": self.ref}
        return {**said, "source": _source(self.data).sha256}


@dataclass(frozen=True)
class File:
    """A workflow file at a commit: its path, its bytes as far as they are read, and the files that it calls.

    ``default`` is the word of the repository's setting, read or write: what GITHUB_TOKEN may do where the file does not
    say it, and so what the files that it calls may ask for. Empty: that is not looked at.
    """

    path: str
    data: bytes
    called: tuple[CalledFile, ...] = ()
    default: str = ""

    @property
    def sha256(self) -> str:
        """The hash of the bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    def parsed(self) -> Parsed:
        """What the file says, its calls resolved."""
        return _parsed(self.path, self.data, tuple((one.reference, one.data) for one in self.called), self.default)

    def source(self) -> WorkflowSource:
        """The row that keeps the text."""
        return _source(self.data)


def of_run(run: Run) -> Workflow | None:
    """The workflow that a run runs, with all that it calls; None when it is not valid. Give it with its workflow."""
    return parsed_of_run(run).workflow


def parsed_of_run(run: Run) -> Parsed:
    """The same with what keeps it from being valid."""
    called = tuple((str(one["reference"]), str(one["source"])) for one in run.called)
    return _kept(run.workflow.path, run.source_id, called)


def file_of_run(run: Run) -> File:
    """The file of a run as it was, with those that it calls."""
    texts = _texts([run.source_id, *(str(one["source"]) for one in run.called)])
    called = tuple(
        CalledFile(str(one["reference"]), texts[str(one["source"])], str(one["path"]), str(one["sha"]), str(one["ref"]))
        for one in run.called
    )
    return File(run.workflow.path, texts[run.source_id], called)


def alone(path: str, data: bytes) -> Parsed:
    """A file by itself: its calls are left as they are."""
    return _parsed(path, data, None)


def _source(data: bytes) -> WorkflowSource:
    """The row of a text, found by the hash of what the row holds."""
    text = storable.text(data.decode("utf-8", "replace"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return WorkflowSource.objects.get_or_create(sha256=digest, defaults={"text": text})[0]


def _texts(hashes: list[str]) -> Mapping[str, bytes]:
    rows = WorkflowSource.objects.filter(sha256__in=set(hashes)).values_list("sha256", "text")
    return {digest: text.encode() for digest, text in rows}


@lru_cache(maxsize=1024)
def _kept(path: str, digest: str, called: tuple[tuple[str, str], ...]) -> Parsed:
    """A text is named by its hash and never changes, so what was read of it once holds."""
    texts = _texts([digest, *(one for _, one in called)])
    return _parsed(path, texts[digest], tuple((reference, texts[one]) for reference, one in called))


@lru_cache(maxsize=256)
def _parsed(path: str, data: bytes, called: tuple[tuple[str, bytes], ...] | None, default: str = "") -> Parsed:
    files = None if called is None else parser.Called(dict(called), allowed=permissions.DEFAULTS.get(default))
    workflow, problems = parser.read(data, path, called=files)
    if workflow is not None:
        problems = gaps.gaps(workflow) if called is not None else ()
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
