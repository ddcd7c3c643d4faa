"""Steps that run beside others in a real container: they meet, are called off with all they began, and lose no line."""

from __future__ import annotations

import pytest

from runner.step import Graces
from tests.docker.conftest import backend, both_ways
from tests.runner.conftest import Fleet, job_of
from tests.runner.steps_beside import (
    CANCELED,
    beside,
    cancel,
    check_spans,
    conclusions,
    log_of,
    parallel,
    run,
    wait_all,
)

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]

#: The two of a pair can only end when both run.
MEET = "touch {0}; until test -e {1}; do sleep 0.05; done; echo 'met {1}'; echo from={0} >> $GITHUB_OUTPUT"
#: Goes on after INT, though its sleep is ended: what it began ends with it, at TERM.
SERVER = """
trap 'echo asked to end' INT
setsid sleep 701 &
touch ready
while true; do sleep 0.05 || true; done
"""


@both_ways
def test_they_meet_and_are_called_off(fleet: Fleet) -> None:
    look = 'for f in /proc/[0-9]*/cmdline; do tr "\\0" " " <$f; echo; done 2>/dev/null | grep "^sleep 701" || echo gone'
    kept = fleet.run(
        job_of(
            beside(SERVER, "server"),
            parallel(run(MEET.format("a", "b"), "a"), run(MEET.format("b", "a"), "b")),
            run("until test -e ready; do sleep 0.05; done; echo ${{ steps.a.outputs.from }} is ready", "use"),
            cancel("server"),
            run(look, "look"),
            beside("seq 1 100000; exit 3", "loud"),
            run("seq 1 100000", "front"),
            wait_all(),
        ),
        backend(),
        graces=Graces(0.5, 0.5, 3),
    )
    assert conclusions(kept) == {
        "server": "cancelled",
        "a": "success",
        "b": "success",
        "Parallel group": "success",
        "use": "success",
        "Cancel": "success",
        "look": "success",
        "loud": "failure",
        "front": "success",
        "Wait for all": "failure",
    }
    assert log_of(kept, "server") == ["asked to end", CANCELED]
    assert [log_of(kept, name) for name in ("a", "b", "use", "look")] == [
        ["met b"],
        ["met a"],
        ["a is ready"],
        ["gone"],
    ]
    numbers = [*map(str, range(1, 100_001))]
    assert log_of(kept, "front") == numbers
    assert log_of(kept, "loud") == [*numbers, "##[error]Process completed with exit code 3."]
    check_spans(kept)
