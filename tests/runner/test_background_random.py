"""Random jobs of steps beside others, some cancelled on the way: whatever comes, every line stands where it belongs."""

from __future__ import annotations

import random

import pytest

from runner.backends.fake import FakeBackend
from runner.fake_server import KeptJob
from tests.runner.conftest import Fleet, job_of
from tests.runner.steps_beside import beside, cancel, check_spans, log_of, parallel, run, wait, wait_all
from workflows.model import Step

SEEDS = 25


class Maker:
    """A random job. ``lines`` are those that a step writes when nobody stops it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: dict[str, list[str]] = {}
        self._ids: list[str] = []

    def steps(self) -> list[Step]:
        made = [self._step() for _ in range(self.random.randint(3, 25))]
        return [*made, *([cancel(self.random.choice(self._ids), name="last")] if self._ids else [])]

    def _step(self) -> Step:
        kind = self.random.choice(["front", "beside", "beside", "beside", "wait", "wait-all", "cancel", "parallel"])
        if kind == "parallel":
            return parallel(*(self._runs(is_beside=False) for _ in range(self.random.randint(1, 12))))
        if kind == "wait-all" or (kind in ("wait", "cancel") and not self._ids):
            return wait_all(continue_on_error=self.random.random() < 0.5)
        if kind == "wait":
            return wait(*self.random.choices(self._ids, k=2), continue_on_error=self.random.random() < 0.5)
        if kind == "cancel":
            return cancel(self.random.choice(self._ids))
        return self._runs(is_beside=kind == "beside")

    def _runs(self, *, is_beside: bool) -> Step:
        name = f"s{len(self.lines)}"
        count = self.random.choice([0, 1, 5, 400])
        first, second = f"{name} begins", f"{name} ends"
        code = self.random.choice([0, 0, 0, 3])
        script = [f"echo {first}", f"seq {count}", f"sleep {self.random.choice([0, 0, 0.01, 0.05])}", f"echo {second}"]
        self.lines[name] = [first, *map(str, range(1, count + 1)), second]
        if code:
            script.append(f"exit {code}")
            self.lines[name].append(f"##[error]Process completed with exit code {code}.")
        fields = {
            "if_": self.random.choice(["success()", "always()", "failure()"]),
            "continue_on_error": self.random.random() < 0.7,
        }
        if is_beside:
            self._ids.append(name)
            return beside("\n".join(script), name, **fields)
        return run("\n".join(script), name, **fields)


_MORE = [pytest.param(seed, marks=pytest.mark.soak) for seed in range(SEEDS, 20 * SEEDS)]


@pytest.mark.parametrize("seed", [*range(SEEDS), *_MORE])
def test_every_line_stands_where_it_belongs(seed: int, fleet: Fleet) -> None:
    maker = Maker(seed)
    kept = fleet.server.give(job_of(*maker.steps(), debug=seed % 5 == 0))
    fleet.start(FakeBackend())
    if seed % 3 == 0:
        begun = maker.random.randint(1, 12)
        fleet.server.wait_for(lambda: kept.end is not None or _begun(kept) >= begun)
        fleet.server.cancel(1, force=seed % 2 == 0)
    assert fleet.server.wait_for(lambda: kept.end is not None, 60), "the job does not end"
    _check(kept, maker)


def _begun(kept: KeptJob) -> int:
    return sum(step.workflow and step.status != "queued" for step in kept.steps.values())


def _check(kept: KeptJob, maker: Maker) -> None:
    assert kept.end is not None
    assert kept.end.log_length == len(kept.log)
    assert {step.status for step in kept.steps.values()} == {"completed"}
    check_spans(kept)
    for step in kept.steps.values():
        if step.name not in maker.lines:
            continue
        lines = [line for line in log_of(kept, step.name) if not line.startswith("##[debug]")]
        whole = maker.lines[step.name]
        if step.started_at is None:
            assert lines == []
        elif step.outcome == "cancelled":
            if not kept.force or lines:  # a forced end may come before its process was there
                assert lines.pop() == "##[error]The operation was canceled."
            assert lines == whole[: len(lines)]
        else:
            assert lines == whole
