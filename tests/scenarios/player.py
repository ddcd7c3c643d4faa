"""One scenario from its first push to the comparison at its end."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tests.scenarios import acts, expectation
from tests.scenarios.case import Case
from tests.scenarios.clone import Clone
from tests.scenarios.expectation import Looks
from tests.scenarios.feed import Feed, TooLate
from tests.scenarios.outcome import Outcome, transitions
from tests.services.stack import LOGIN, eventually

if TYPE_CHECKING:
    from tests.scenarios.agents import Hand
    from tests.scenarios.stage import Stage

#: Seconds that a scenario may take, beside all the others.
MOST_SECONDS = 280.0


class Player:
    """Plays a case on a stage; acts work through its methods."""

    def __init__(self, stage: Stage, case: Case) -> None:
        self.stage = stage
        self.case = case
        self.owner = case.owner or LOGIN
        self.name = case.name.replace("/", "-")
        self.hands: dict[str, Hand] = {}
        self.repository_id = 0
        self.pushed = False
        self._until = time.monotonic() + MOST_SECONDS
        self._outcome = Outcome()
        self._folder = Path(tempfile.mkdtemp(dir=stage.folder, prefix="clone-"))
        self.clone = self._clone(self.owner, self.name)

    def play(self) -> Outcome:
        """Everything; the outcome tells what differed."""
        begun = time.monotonic()
        try:
            self._set_up()
            for verb, value in self.case.acts:
                acts.ACTS[verb](self, value)
            self._finish()
        except TooLate as error:
            self._outcome.differences.append(f"{error}; there are: {self._shown()}")
        finally:
            for hand in self.hands.values():
                hand.stop()
        self._outcome.seconds = time.monotonic() - begun
        return self._outcome

    # --- the server ------------------------------------------------------------------------------------

    def api(self, method: str, path: str, json: Any = None, *, expect: int | None = None) -> httpx.Response:
        """One call; ``path`` below the repository, or from the root when it begins with /api/."""
        url = path if path.startswith("/api/") else f"/api/v3/repos/{self.owner}/{self.name}{path}"
        answer = self.stage.client.request(method, url, json=json, follow_redirects=True)
        if expect is not None:
            assert answer.status_code == expect, f"{method} {url}: {answer.status_code} {answer.text}"
        return answer

    def runs(self) -> list[dict[str, Any]]:
        """All runs, the first first."""
        found = self.api("GET", "/actions/runs?per_page=100", expect=200).json()["workflow_runs"]
        return sorted(found, key=lambda run: int(run["run_index"]))

    def run(self, number: int | None = None) -> dict[str, Any]:
        """The run of this number, counted from 1 in order of creation, when it is there; the newest without."""
        if number is None:
            return self._at_least(1)[-1]
        return self._at_least(number)[number - 1]

    def jobs(self, run: Mapping[str, Any], attempt: int | None = None) -> list[dict[str, Any]]:
        """The jobs of an attempt, the latest without a number."""
        which = "" if attempt is None else f"/attempts/{attempt}"
        answer = self.api("GET", f"/actions/runs/{run['id']}{which}/jobs?per_page=100", expect=200)
        return list(answer.json()["jobs"])

    def job(self, run: Mapping[str, Any], name: str) -> dict[str, Any]:
        """The job of this name in the latest attempt."""
        found = [job for job in self.jobs(run) if job["name"] == name]
        assert len(found) == 1, f"{len(found)} jobs are called {name!r}"
        return found[0]

    def until(self, run: Mapping[str, Any], holds: Callable[[], bool], kinds: tuple[str, ...], what: str) -> None:
        """Returns when something holds that only changes of these kinds (attempt, job, step) can bring about."""
        with self._feed(f"/actions/runs/{run['id']}/events") as feed:
            while not holds():
                name, data = feed.next()
                while name == "state" and data["kind"] not in kinds:
                    name, data = feed.next()
                if name == "end" and not holds():
                    raise TooLate(f"the run ended before {what}")

    # --- setting up and finishing ------------------------------------------------------------------------

    def _set_up(self) -> None:
        self.repository_id = self._create(self.owner, self.name, private=self.case.private)
        for name, one in self.case.repositories.items():
            owner = str(one.get("owner", self.owner))
            self._create(owner, name, private=bool(one.get("private", False)))
            other = self._clone(owner, name)
            other.commit("main", one.get("files", {}), "Change")
            for tag in one.get("tags", ()):
                other.point(f"refs/tags/{tag}", other.at("refs/heads/main"))
            other.push(["refs/heads/main", *(f"refs/tags/{tag}" for tag in one.get("tags", ()))])
        for name, said in self.case.runners.items():
            if not said.get("later"):
                acts.start(self, name)

    def _create(self, owner: str, name: str, *, private: bool) -> int:
        path = "/api/v3/user/repos" if owner == LOGIN else f"/api/v3/orgs/{owner}/repos"
        made = self.api("POST", path, {"name": name, "private": private}, expect=201)
        return int(made.json()["id"])

    def _clone(self, owner: str, name: str) -> Clone:
        url = f"{self.stage.stack.url}/{owner}/{name}.git"
        return Clone(self._folder / f"{owner}-{name}.git", url, self.stage.stack.token)

    def _finish(self) -> None:
        """Wait until all is over, then compare."""
        try:
            self.settle(len(self.case.expect))
        except TooLate as error:
            self._outcome.differences.append(f"{error}; there are: {self._shown()}")
        expected, runs = self.case.expect, self.runs()
        if len(runs) != len(expected):
            self._outcome.differences.append(f"{len(runs)} runs, expected {len(expected)}: {self._shown()}")
        for number, (wanted, run) in enumerate(zip(expected, runs, strict=False), start=1):
            self.compare(wanted, run, f"run {number}: " if len(expected) > 1 else "")
        for run in runs:
            self._outcome.transitions |= transitions(self.stage.rows.changes(run["id"]))

    def settle(self, count: int) -> None:
        """Returns when no event waits, at least ``count`` runs are there, and all of them are over."""
        for run in self._at_least(count):
            self.ended(run)
        self.read()
        for run in self.runs():
            self.ended(run)

    def read(self) -> None:
        """Returns when all that was pushed has been read: nothing waits to be turned into runs."""
        left = max(1.0, self._until - time.monotonic())
        rows, repository = self.stage.rows, self.repository_id
        eventually(lambda: rows.undone(repository) == 0, timeout=left, what="no event waits and no line is due")

    def ended(self, run: Mapping[str, Any]) -> None:
        """Returns when the run's latest attempt is over."""
        with self._feed(f"/actions/runs/{run['id']}/events") as feed:
            while feed.next()[0] != "end":
                pass

    def compare(self, wanted: Mapping[str, Any], run: Mapping[str, Any], where: str = "") -> None:
        """Write down how a run differs from what was expected of it and of its attempts."""
        looks = Looks(self._log, lambda job: self.stage.rows.outputs(job["id"]), self._annotations)
        now = self.api("GET", f"/actions/runs/{run['id']}", expect=200).json()
        jobs = self.jobs(run) if "jobs" in wanted else []
        found = [*expectation.of_run(wanted, now, jobs, looks)]
        for number, attempt in wanted.get("attempts", {}).items():
            then = self.api("GET", f"/actions/runs/{run['id']}/attempts/{number}", expect=200).json()
            jobs = self.jobs(run, number) if "jobs" in attempt else []
            found += [f"attempt {number}: {one}" for one in expectation.of_run(attempt, then, jobs, looks)]
        self._outcome.differences += [f"{where}{one}" for one in found]

    def _at_least(self, count: int) -> list[dict[str, Any]]:
        """The runs, when there are so many."""
        if not count:
            return self.runs()
        with self._feed("/actions/events") as feed:
            word, quiet = "", False
            while len(found := self.runs()) < count:
                over = all(run["status"] == "completed" for run in found)
                if word == "ping" and quiet and over:
                    raise TooLate(f"no further run comes after the first {len(found)}")
                quiet = over and self.stage.rows.undone(self.repository_id) == 0
                word = feed.next()[0]
        return found

    def _feed(self, path: str) -> Feed:
        return Feed(self.stage.browser, f"/{self.owner}/{self.name}{path}", self._until)

    def _log(self, job: Mapping[str, Any]) -> str:
        answer = self.api("GET", f"/actions/jobs/{job['id']}/logs")
        return answer.text if answer.status_code == 200 else ""

    def _annotations(self, job: Mapping[str, Any]) -> list[dict[str, Any]]:
        return list(self.api("GET", f"/check-runs/{job['id']}/annotations?per_page=100", expect=200).json())

    def _shown(self) -> str:
        """All runs with their jobs in a few words, for a message."""
        told = []
        for run in self.runs():
            jobs = [f"{job['name']}={job['conclusion'] or job['status']}" for job in self.jobs(run)]
            where = f"{run['path'].rsplit('/', 1)[-1]} {run['event']} {run['head_branch']}"
            told.append(f"[{where}: {run['conclusion'] or run['status']} {run['reason']}; {', '.join(jobs)}]")
        return " ".join(told) or "no runs"
