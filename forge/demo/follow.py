"""A run in the terminal: its log as it is written, and below it how far each job is."""

from __future__ import annotations

import queue
import re
import threading
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from forge.demo.client import Client

_MARK = re.compile(r"^##\[(\w+)\](.*)$")
_STYLES = {"error": "bold red", "warning": "yellow", "notice": "blue"}
_SIGNS = {"success": ("✓", "green"), "failure": ("✗", "red"), "skipped": ("–", "dim"), "cancelled": ("■", "yellow")}


@dataclass(frozen=True)
class Line:
    """A line of a job's log; the job by its name."""

    job: str
    text: str


@dataclass(frozen=True)
class Changed:
    """Something of the run has moved; `ended` when nothing more will."""

    ended: bool = False


@dataclass(frozen=True)
class Broken:
    """A stream could not be read; the error is for whoever follows."""

    error: Exception


@dataclass
class Follower:
    """Follows one run to its end on one console."""

    client: Client
    run_id: int
    console: Console
    _news: queue.Queue[Line | Changed | Broken] = field(default_factory=queue.Queue)
    _readers: dict[int, threading.Thread] = field(default_factory=dict)
    _rows: dict[int, TaskID] = field(default_factory=dict)
    _shown: str = ""

    def follow(self) -> dict[str, Any]:
        """Show everything until the run has ended and its logs are told; the run as it then is."""
        progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("steps"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[now]}"),
            console=self.console,
        )
        self._read(0, self._read_run)
        with Live(Group(progress), console=self.console, refresh_per_second=8):
            self._show_jobs(progress)
            while not self._take(progress):
                pass
        return self.client.run(self.run_id)

    def _take(self, progress: Progress) -> bool:
        """One piece of news; True when it was the last."""
        news = self._news.get()
        if isinstance(news, Broken):
            raise news.error
        if isinstance(news, Line):
            self._print(news)
            return False
        self._show_jobs(progress)
        if news.ended:
            for reader in self._readers.values():
                reader.join()
            while not self._news.empty():
                if isinstance(left := self._news.get(), Line):
                    self._print(left)
        return news.ended

    def _read(self, key: int, work: Any, *arguments: Any) -> None:
        """Let a thread read one stream."""
        self._readers[key] = threading.Thread(target=self._guard, args=(work, *arguments), daemon=True)
        self._readers[key].start()

    def _guard(self, work: Any, *arguments: Any) -> None:
        try:
            work(*arguments)
        except Exception as error:  # any error at all must reach the thread that waits for news
            self._news.put(Broken(error))

    def _read_run(self) -> None:
        for _ in self.client.run_events(self.run_id):
            self._news.put(Changed())
        self._news.put(Changed(ended=True))

    def _read_job(self, job_id: int, name: str) -> None:
        for event in self.client.job_events(self.run_id, job_id):
            for _, text in event.data.get("lines", ()) if event.name == "lines" else ():
                self._news.put(Line(name, text))

    def _show_jobs(self, progress: Progress) -> None:
        for job in self.client.jobs(self.run_id):
            job_id = int(job["id"])
            if job_id not in self._rows:
                self._rows[job_id] = progress.add_task(job["name"], start=False, total=None, now="")
            if job["status"] != "queued" and job["conclusion"] != "skipped" and job_id not in self._readers:
                progress.start_task(self._rows[job_id])
                self._read(job_id, self._read_job, job_id, job["name"])
            self._show(progress, job)

    def _show(self, progress: Progress, job: dict[str, Any]) -> None:
        steps = job.get("steps", [])
        done = sum(step["status"] == "completed" for step in steps)
        now = next((step["name"] for step in steps if step["status"] == "in_progress"), "")
        sign, colour = _SIGNS.get(job["conclusion"] or "", ("·", "white"))
        ended = job["status"] == "completed"
        progress.update(
            self._rows[int(job["id"])],
            description=f"[{colour}]{sign} {job['name']}[/]",
            completed=done,
            total=len(steps) if ended or steps else None,
            now=job["conclusion"] if ended else now or job["status"],
        )
        if ended:
            progress.stop_task(self._rows[int(job["id"])])

    def _print(self, line: Line) -> None:
        """A log line, with the job's name where it changes, and folds drawn as headings."""
        if line.job != self._shown:
            self._shown = line.job
            self.console.rule(f"[bold]{line.job}", align="left", style="dim")
        mark = _MARK.match(line.text)
        if mark is None:
            self.console.print(Text("  ") + Text.from_ansi(line.text), soft_wrap=True)
        elif mark[1] == "group":
            self.console.print(Text(f"▸ {mark[2]}", style="bold cyan"), soft_wrap=True)
        elif mark[1] != "endgroup":
            self.console.print(Text(f"  {mark[2]}", style=_STYLES.get(mark[1], "dim")), soft_wrap=True)
