"""Problem matchers as a step has them: read from the job's files, and their findings made annotations.

Everything is looked up through ``guest_files``: a path that leads out of the job's folder, or over a link, is not
there. So a finding keeps its file only when that is a plain file below a checkout of the job's own repository.
"""

from __future__ import annotations

import posixpath
from urllib.parse import urlsplit

from runner.annotations import LEVELS, Annotation, number
from runner.backends.base import Layout
from runner.errors import GuestFileRefused, StepFailed
from runner.guest_files import GuestFolder
from runner.matchers import CONFIG_LIMIT, BadMatcher, Finding, LineMatchers, Matcher, Registry, read, without_colour

_GIT_CONFIG_LIMIT = 1 << 20  # bytes


class StepMatchers:
    """The matchers of a job, in one of its steps. False while there is none."""

    def __init__(self, registry: Registry, files: JobFiles) -> None:
        self._registry = registry
        self._files = files
        self._lines = LineMatchers(registry)

    def __bool__(self) -> bool:
        return bool(self._lines)

    def add(self, path: str) -> list[str]:
        """Use the matchers of this file from now on; their owners. StepFailed when they are not right."""
        made = self._read(path)
        self._registry.add(made)
        return [one.owner for one in made]

    def remove(self, owner: str, path: str) -> list[str]:
        """Forget those of an owner, or of a file; the owners that were meant."""
        owners = [owner] if owner else [one.owner for one in self._read(path)]
        self._registry.remove(owners)
        return owners

    def _read(self, path: str) -> list[Matcher]:
        try:
            return read(self._files.text(path))
        except BadMatcher as problem:
            raise StepFailed(f"{path}: {problem}") from problem

    def may_find(self, block: bytes) -> bool:
        """False when nobody need look at each of these lines."""
        return self._lines.may_find(without_colour(block.decode(errors="replace")))

    def find(self, line: str) -> tuple[Annotation, str] | None:
        """The annotation that this line completes, and the line as it is shown then."""
        plain = without_colour(line)
        finding = self._lines.find(plain)
        return None if finding is None else (self._annotation(finding), plain)

    def notes(self) -> list[str]:
        """Warnings that came up since the last call."""
        notes, self._lines.notes = self._lines.notes, []
        return notes

    def _annotation(self, finding: Finding) -> Annotation:
        return Annotation(
            level=LEVELS[finding.get("severity", "").lower() or "error"],
            message=finding["message"],
            path=self._files.in_repository(finding.get("file", ""), finding.get("fromPath", "")),
            start_line=number(finding.get("line")),
            start_column=number(finding.get("column")),
        )


class JobFiles:
    """The files of a job by the paths that its steps know them by."""

    def __init__(self, guest: GuestFolder, layout: Layout, server_url: str, repository: str) -> None:
        self._guest = guest
        self._layout = layout
        host = urlsplit(server_url).hostname or ""
        name = repository.lower()
        urls = (f"{server_url}/{name}", f"git@{host}:{name}")
        self._remotes = {f"url = {url}{end}".lower() for url in urls for end in ("", ".git")}
        self._repositories: dict[str, str | None] = {}  # folder to the checkout that it is in

    def text(self, path: str) -> str:
        """A file's text; a path that does not begin at the root begins at the workspace. StepFailed."""
        inside = self._inside(posixpath.join(self._layout.workspace, path))
        try:
            data = self._guest.read(inside, CONFIG_LIMIT) if inside else None
        except GuestFileRefused as problem:
            raise StepFailed(str(problem)) from problem
        if data is None:
            raise StepFailed(f"Could not find file '{posixpath.join(self._layout.workspace, path)}'.")
        return data.decode("utf-8-sig", errors="replace")

    def in_repository(self, file: str, from_path: str = "") -> str:
        """A file as the repository knows it; empty when it is not there, or not in a checkout of the repository."""
        if not file.strip():
            return ""
        whole = posixpath.join(self._layout.workspace, posixpath.dirname(from_path.strip()), file)
        inside = self._inside(whole)
        if inside is None or not self._guest.is_file(inside):
            return ""
        top = self._repository_of(posixpath.dirname(inside))
        return "" if top is None else inside[len(top) :].lstrip("/")

    def _inside(self, path: str) -> str | None:
        """The same path from the job's folder on; None for what lies outside of it."""
        layout, plain = self._layout, posixpath.normpath(path)
        mapped = (
            (layout.work, ""),
            (layout.home, "_temp/_github_home/"),
            (layout.workflow, "_temp/_github_workflow/"),
            (layout.tools, "_tool/"),
        )
        return next((to + plain[len(at) + 1 :] for at, to in mapped if plain.startswith(f"{at}/")), None)

    def _repository_of(self, folder: str) -> str | None:
        if folder not in self._repositories:
            self._repositories[folder] = self._looked_up(folder)
        return self._repositories[folder]

    def _looked_up(self, folder: str) -> str | None:
        if not folder:
            return None
        config = f"{folder}/.git/config"
        if not self._guest.is_file(config):  # also where .git is a file, as in a submodule
            return self._repository_of(posixpath.dirname(folder))
        try:
            text = (self._guest.read(config, _GIT_CONFIG_LIMIT) or b"").decode(errors="replace")
        except GuestFileRefused:
            return None
        lines = {line.strip().lower() for line in text.split("\n")}
        return folder if lines & self._remotes else None
