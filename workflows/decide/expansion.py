"""A job to its legs: everything that is evaluated before a runner is looked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from workflows import expressions, matrix
from workflows.decide import groups, strategies
from workflows.decide.needs import View
from workflows.decide.snapshot import Expand, Group, Leg, Snapshot
from workflows.errors import ExpressionError, InvalidMatrix, WrongValue
from workflows.model import Job

#: GitHub's default for a job, in minutes.
DEFAULT_TIMEOUT = 360.0
DEFAULT_CANCEL_TIMEOUT = 5.0
_LONGEST_MINUTES = 366.0 * 24 * 60  # so that any sum of times stays a time
_LONGEST_NAME = 255

Value = TypeVar("Value")


class CannotEvaluate(Exception):
    """A key of a job has no usable value; ``key`` is its name, the message the sentence for its author."""

    def __init__(self, job: str, key: str, why: str) -> None:
        super().__init__(f"Error when evaluating '{key}' for job '{job}'. {why}")
        self.key = key


@dataclass(frozen=True)
class Legs:
    """What a job's strategy makes: each leg's ``matrix``, its name, and what its other keys see beside the rest."""

    each: tuple[tuple[Mapping[str, object], str, Mapping[str, object]], ...]
    fail_fast: bool
    max_parallel: int | None


def legs(job: Job, contexts: Mapping[str, object]) -> Legs:
    """The legs of a job. ``contexts`` has github, inputs, vars and needs. Raises CannotEvaluate."""
    said = _key(job, "strategy", lambda: strategies.whole(job.strategy, contexts))
    fail_fast = _key(job, "strategy.fail-fast", lambda: strategies.flag(said.fail_fast, contexts))
    most = _key(job, "strategy.max-parallel", lambda: strategies.count(said.max_parallel, contexts))
    combinations = _key(job, "strategy.matrix", lambda: strategies.combinations(said.matrix, contexts))
    total = len(combinations)
    found = []
    for index, combination in enumerate(combinations):
        of_leg = leg_contexts(combination.values, index, total, fail_fast, most)
        name = _key(job, "name", partial(_name, job, combination, {**contexts, **of_leg}))
        found.append((combination.values, name, of_leg))
    return Legs(tuple(found), fail_fast, most)


def expand(key: str, job: Job, contexts: Mapping[str, object], caller: str = "") -> Expand:
    """The jobs of a node; ``caller`` is the name of the leg that calls its workflow. Raises CannotEvaluate."""
    made = legs(job, contexts)
    found = []
    for index, (combination, name, of_leg) in enumerate(made.each):
        whole = f"{caller} / {name}" if caller else name
        found.append(_leg(job, index, whole, combination, {**contexts, **of_leg}))
    return Expand(key, tuple(found), made.fail_fast, made.max_parallel)


def contexts_for_job(snapshot: Snapshot, key: str, leg: Leg) -> dict[str, object]:
    """The contexts ``needs``, ``matrix`` and ``strategy`` of one leg of an expanded node; in a called workflow also
    its ``inputs``."""
    view = View(snapshot)
    node = view.nodes[key]
    total = max(len(node.jobs), 1)
    of_leg = leg_contexts(leg.matrix, leg.index, total, node.fail_fast, node.max_parallel)
    seen = view.contexts(node)
    return {"needs": seen["needs"], **({"inputs": seen["inputs"]} if node.parent else {}), **of_leg}


def plain_name(job: Job) -> str:
    """The name of a job that gets no legs: as written, since no matrix can fill it in."""
    return (job.name or job.id)[:_LONGEST_NAME]


def leg_contexts(
    values: Mapping[str, object], index: int, total: int, fail_fast: bool, most: int | None
) -> dict[str, object]:
    """``matrix`` and ``strategy`` of one leg."""
    strategy = {"fail-fast": fail_fast, "job-index": index, "job-total": total, "max-parallel": most or total}
    return {"matrix": dict(values) or None, "strategy": strategy}


def _leg(job: Job, index: int, name: str, combination: Mapping[str, object], contexts: Mapping[str, object]) -> Leg:
    labels, runner_group = _key(job, "runs-on", lambda: _runner(job, contexts))
    return Leg(
        index=index,
        name=name,
        labels=labels,
        matrix=combination,
        timeout_minutes=_key(job, "timeout-minutes", lambda: _minutes(job.timeout_minutes, DEFAULT_TIMEOUT, contexts)),
        cancel_timeout_minutes=_key(
            job,
            "cancel-timeout-minutes",
            lambda: _minutes(job.cancel_timeout_minutes, DEFAULT_CANCEL_TIMEOUT, contexts),
        ),
        continue_on_error=_key(job, "continue-on-error", lambda: strategies.flag(job.continue_on_error, contexts)),
        groups=groups_of(job, contexts),
        environment=_key(job, "environment", lambda: _environment(job, contexts)),
        runner_group=runner_group,
    )


def groups_of(job: Job, contexts: Mapping[str, object]) -> tuple[Group, ...]:
    """The concurrency groups that a leg of a job has to pass before it runs. Raises CannotEvaluate."""
    return _key(job, "concurrency", lambda: groups.evaluate(contexts, job.concurrency))


def _key(job: Job, key: str, evaluate: Callable[[], Value]) -> Value:
    """Evaluate one key, naming it in whatever goes wrong."""
    try:
        return evaluate()
    except ExpressionError as error:
        raise CannotEvaluate(job.id, key, error.message) from error
    except (InvalidMatrix, WrongValue) as error:
        raise CannotEvaluate(job.id, key, str(error)) from error


def _name(job: Job, combination: matrix.Combination, contexts: Mapping[str, object]) -> str:
    """A name with expressions is what they make of it; any other shows the leg's values behind it."""
    if job.name is not None and "${{" in job.name:
        rendered = " ".join(expressions.render(job.name, contexts).split())
        if rendered:
            return rendered if len(rendered) <= _LONGEST_NAME else rendered[: _LONGEST_NAME - 3] + "..."
        return matrix.display_name(job.id, combination.segments)
    return matrix.display_name(job.name or job.id, combination.segments)


def _environment(job: Job, contexts: Mapping[str, object]) -> str:
    return expressions.render(job.environment.name, contexts).strip() if job.environment else ""


def _runner(job: Job, contexts: Mapping[str, object]) -> tuple[tuple[str, ...], str]:
    """The labels and the group that ``runs-on`` asks for; at least one of them."""
    texts = (job.runs_on,) if isinstance(job.runs_on, str) else job.runs_on
    wanted: object = [expressions.evaluate_value(item, contexts) for item in texts]
    group: object = expressions.evaluate_value(job.runner_group, contexts) if job.runner_group is not None else ""
    if isinstance(wanted, list) and len(wanted) == 1 and isinstance(wanted[0], Mapping) and job.runner_group is None:
        wanted, group = _of_mapping(wanted[0])
    labels, name = _labels(wanted), _group_name(group)
    if not labels and not name:
        raise WrongValue("There is no label that a runner could have")
    return labels, name


def _labels(wanted: object) -> tuple[str, ...]:
    listed = wanted if isinstance(wanted, list | tuple) else [wanted]
    flat = [label for item in listed for label in (item if isinstance(item, list | tuple) else [item])]
    labels: dict[str, str] = {}
    for label in flat:
        if isinstance(label, Mapping | list | tuple) or not expressions.to_text(label).strip():
            raise WrongValue(f"Unexpected value '{expressions.to_text(label)}'")
        text = expressions.to_text(label).strip()
        labels.setdefault(text.lower(), text)
    return tuple(labels.values())


def _group_name(given: object) -> str:
    if isinstance(given, Mapping | list | tuple) or len(expressions.to_text(given)) > _LONGEST_NAME:
        raise WrongValue(f"Unexpected value '{expressions.to_text(given)[:_LONGEST_NAME]}'")
    return expressions.to_text(given).strip()


def _of_mapping(given: Mapping[str, object]) -> tuple[object, object]:
    unknown = [key for key in given if key not in ("group", "labels")]
    if unknown:
        raise WrongValue(f"Unexpected value '{unknown[0]}'")
    return given.get("labels", []), given.get("group", "")


def _minutes(given: float | str | None, default: float, contexts: Mapping[str, object]) -> float:
    return default if given is None else min(strategies.number(given, contexts), _LONGEST_MINUTES)
