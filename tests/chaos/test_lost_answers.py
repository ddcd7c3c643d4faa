"""Answers that never arrive: the server did the work, the runner does not know."""

from __future__ import annotations

import pytest

from tests.chaos.conftest import workflow
from tests.services.proxy import LossyProxy
from tests.services.stack import Stack

pytestmark = pytest.mark.chaos


class Once:
    """True for the first piece that holds the text."""

    def __init__(self, text: bytes) -> None:
        self.text, self.done = text, False

    def __call__(self, piece: bytes) -> bool:
        if self.done or self.text not in piece:
            return False
        self.done = True
        return True


@pytest.mark.parametrize(
    "lost",
    [b'"lease_token"', b'"next"'],
    ids=["of a claim", "of a log append"],
)
def test_the_answer_is_asked_for_again(tmp_path: object, stack: Stack, lost: bytes) -> None:
    with LossyProxy(stack.port, Once(lost)) as proxy:
        through = {"FORGE_RUNNER_URL": f"http://127.0.0.1:{proxy.port}"}
        stack.runner(backend="host", env=through)
        project = stack.repository(workflow('echo begin\necho once >> "$RUNNER_TEMP/../count" || true\necho end'))
        run = project.run(project.push())
        state = project.completed(run["id"], timeout=60)
        job = project.jobs(run["id"])["work"]
        lines = [line.partition(" ")[2] for line in project.log(job["id"]).splitlines()]
    assert proxy.dropped == 1
    assert state["conclusion"] == "success"
    assert lines.count("begin") == lines.count("end") == 1
