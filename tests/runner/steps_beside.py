"""Steps that run beside others, and what a server was told of them."""

from __future__ import annotations

from typing import Any

from runner.fake_server import KeptJob
from workflows.log_lines import PREFIX_LENGTH
from workflows.model import Step

LONG = "sleep 600"  # there to be stopped
CANCELED = "##[error]The operation was canceled."


def run(text: str, step_id: str = "__run", **fields: Any) -> Step:
    return Step(id=step_id, run=text, name=fields.pop("name", step_id), **fields)


def beside(text: str, step_id: str, **fields: Any) -> Step:
    return run(text, step_id, background=True, **fields)


def wait(*ids: str, **fields: Any) -> Step:
    return Step(id="__wait", name=fields.pop("name", "Wait"), wait=ids, **fields)


def wait_all(**fields: Any) -> Step:
    return Step(id="__wait_all", name=fields.pop("name", "Wait for all"), wait_all=True, **fields)


def cancel(step_id: str, **fields: Any) -> Step:
    return Step(id="__cancel", name=fields.pop("name", "Cancel"), cancel=step_id, **fields)


def parallel(*steps: Step) -> Step:
    return Step(id="__parallel", name="Parallel group", parallel=steps)


def conclusions(kept: KeptJob) -> dict[str, str | None]:
    """The workflow's steps in their order; with the outcome where it is another word."""
    steps = [kept.steps[number] for number in sorted(kept.steps)]
    return {
        step.name: step.conclusion if step.outcome == step.conclusion else f"{step.outcome} {step.conclusion}"
        for step in steps
        if step.workflow
    }


def log_of(kept: KeptJob, name: str) -> list[str]:
    """The lines of one step, without head and stamps."""
    step = next(step for step in kept.steps.values() if step.name == name)
    if step.log_start is None:
        return []
    lines = bytes(kept.log[step.log_start : step.log_end]).decode().splitlines()
    texts = [line[PREFIX_LENGTH:] for line in lines]
    return texts[texts.index("##[endgroup]") + 1 :] if "##[endgroup]" in texts else texts


def check_spans(kept: KeptJob) -> None:
    """The spans of steps lie side by side and hold the whole log."""
    spans = sorted((step.log_start, step.log_end or 0) for step in kept.steps.values() if step.log_start is not None)
    at = 0
    for start, end in spans:
        assert start == at
        assert end >= start
        at = end
    assert at == len(kept.log)


def by_name(kept: KeptJob, name: str) -> Any:
    return next(step for step in kept.steps.values() if step.name == name)
