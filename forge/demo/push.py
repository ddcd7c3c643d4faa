"""The project that ships with Forge, committed and pushed by git as a person would."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parent / "project"
BRANCH = "main"


class PushFailed(Exception):
    """git was refused; the message is what it said."""


def push(url: str, login: str, token: str) -> str:
    """Push the project to the repository at `url` as its next commit; the commit's id.

    The token travels in git's environment, so that no list of processes shows it.
    """
    with tempfile.TemporaryDirectory(prefix="forge-demo-clone-") as folder:
        clone = Path(folder, "clone")
        git = _Git(clone, _environment(url, login, token))
        git.run("clone", "--quiet", url, str(clone), inside=False)
        git.run("checkout", "--quiet", "-B", BRANCH)
        shutil.copytree(PROJECT, clone, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        git.run("add", "--all")
        git.run("commit", "--quiet", "--allow-empty", "--message", "Read and write lengths of time")
        git.run("push", "--quiet", "origin", BRANCH)
        return git.run("rev-parse", "HEAD").strip()


class _Git:
    def __init__(self, clone: Path, environment: dict[str, str]) -> None:
        self._clone, self._environment = clone, environment

    def run(self, *arguments: str, inside: bool = True) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self._clone if inside else None,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise PushFailed(f"git {arguments[0]}: {done.stderr.strip()}")
        return done.stdout


def _environment(url: str, login: str, token: str) -> dict[str, str]:
    """git's environment: who commits, how to sign in, and none of this person's own settings."""
    server = urlsplit(url)
    credential = f"!f() {{ echo username={login}; echo password=$FORGE_DEMO_TOKEN; }}; f"
    settings = {
        "credential.helper": credential,
        f"credential.{server.scheme}://{server.netloc}.username": login,
        "user.name": "Forge demo",
        "user.email": f"{login}@users.noreply.{server.hostname}",
        "init.defaultBranch": BRANCH,
    }
    numbered = {f"GIT_CONFIG_KEY_{number}": key for number, key in enumerate(settings)}
    numbered |= {f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(settings.values())}
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
    own |= {"FORGE_DEMO_TOKEN": token, "GIT_CONFIG_COUNT": str(len(settings)), "NO_PROXY": "127.0.0.1,localhost"}
    return {**os.environ, **own, **numbered}
