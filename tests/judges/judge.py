"""GitHub's own packages as a judge: a Node process that answers one question at a time."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

FOLDER = Path(__file__).resolve().parent


class NoJudge(Exception):
    """Node or the packages are not on this machine; the message says what is missing and how it is got."""


class Judge:
    """The process, started by entering and ended by leaving. What it understands, ``judge.mjs`` says at its head."""

    def __init__(self) -> None:
        node = shutil.which("node")
        if node is None:
            raise NoJudge("Node.js is not on this machine")
        if not (FOLDER / "node_modules" / ".package-lock.json").is_file():
            raise NoJudge(f"GitHub's packages are not there: npm ci --ignore-scripts --prefix {FOLDER}")
        self._process = subprocess.Popen(
            [node, "--import", "./loader.mjs", "judge.mjs"],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="surrogatepass",
        )

    def __enter__(self) -> Judge:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def ask(self, ask: str, /, **question: Any) -> dict[str, Any]:
        """The answer to one question."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"ask": ask, **question}) + "\n")  # ASCII: no line ends but its own
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the judge ended with status {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "crash" in answer:
            raise RuntimeError(f"the judge failed at {question}: {answer['crash']}")
        return answer
