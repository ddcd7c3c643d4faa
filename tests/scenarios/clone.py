"""A repository beside the server's, and pushes from it by git's smart HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pygit2

_PERSON = pygit2.Signature("Alice", "alice@example.org", 1767225600, 0)


class _Callbacks(pygit2.RemoteCallbacks):
    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token
        self.refused: list[str] = []

    def credentials(self, url: str, username: str | None, allowed: object) -> pygit2.UserPass:
        return pygit2.UserPass("alice", self._token)

    def push_update_reference(self, refname: str, message: str | None) -> None:
        if message:
            self.refused.append(f"{refname}: {message}")


class Clone:
    """Branches as mappings from path to text; every commit holds all files of its branch."""

    def __init__(self, folder: Path, url: str, token: str) -> None:
        self._store = pygit2.init_repository(str(folder), bare=True)
        self._remote = self._store.remotes.create_anonymous(url)
        self._token = token
        self._files: dict[str, dict[str, str]] = {}  # commit -> its files
        self._refs: dict[str, str] = {}

    def commit(
        self, branch: str, files: Mapping[str, str | None], message: str, *, start: str = "main", orphan: bool = False
    ) -> str:
        """A commit on a branch, which begins at ``start`` when it is new; None for a file removes it."""
        ref = f"refs/heads/{branch}"
        parent = None if orphan else self._refs.get(ref) or self._refs.get(f"refs/heads/{start}")
        tree = {**(self._files[parent] if parent else {}), **files}
        kept = {path: text for path, text in tree.items() if text is not None}
        index = pygit2.Index()
        for path, text in kept.items():
            blob = self._store.create_blob(text.encode())
            index.add(pygit2.IndexEntry(path, blob, pygit2.enums.FileMode.BLOB))
        parents = [parent] if parent else []
        made = str(self._store.create_commit(None, _PERSON, _PERSON, message, index.write_tree(self._store), parents))
        self._files[made] = kept
        self.point(ref, made)
        return made

    def point(self, ref: str, sha: str) -> None:
        """Let a ref of the clone stand at a commit."""
        self._store.references.create(ref, sha, force=True)
        self._refs[ref] = sha

    def at(self, ref: str) -> str:
        """The commit of a ref."""
        return self._refs[ref]

    def push(self, refs: Iterable[str] = (), *, gone: Iterable[str] = ()) -> None:
        """Push refs, by force, and delete others, all in one push."""
        callbacks = _Callbacks(self._token)
        wanted = [f"+{ref}:{ref}" for ref in refs] + [f":{ref}" for ref in gone]
        self._remote.push(wanted, callbacks=callbacks)
        assert not callbacks.refused, callbacks.refused
        for ref in gone:
            self._refs.pop(ref, None)
