"""What a workflow file can say beside the everyday, as the model has it."""

from __future__ import annotations

from typing import Any

import pytest

from workflows import parser
from workflows.model import (
    Call,
    CallInput,
    CallOutput,
    CallSecret,
    Concurrency,
    Container,
    Credentials,
    DispatchInput,
    Environment,
    Filter,
    ImageSnapshot,
    Interface,
    Job,
    Position,
    Schedule,
    Step,
    Trigger,
    Workflow,
)

_PATH = ".github/workflows/w.yml"
_JOBS = "\njobs: {a: {runs-on: x}}\n"


def _triggers(on: str) -> tuple[Trigger, ...]:
    return parser.parse(f"on: {on}{_JOBS}", _PATH).on


def _job(job: str, more: str = "") -> Job:
    return parser.parse(f"on: push\njobs:\n  a: {{{job}}}\n{more}", _PATH).job("a")


def _only(workflow: Workflow) -> Job:
    (job,) = workflow.jobs
    return job


def test_events_and_their_filters() -> None:
    assert _triggers("{pull_request: {types: closed, branches-ignore: [a], paths: b}, image_version: {names: n}}") == (
        Trigger(
            "pull_request",
            types=("closed",),
            branches=Filter(("a",), ignore=True),
            paths=Filter(("b",)),
            position=Position(1, 6),
        ),
        Trigger("image_version", names=Filter(("n",)), position=Position(1, 69)),
    )
    (trigger,) = _triggers("{workflow_run: {workflows: [CI, 'B*'], types: [completed]}}")
    assert (trigger.workflows, trigger.types) == (("CI", "B*"), ("completed",))
    (trigger,) = _triggers("{image_version: {versions: ['1.*'], types: ready}}")
    assert (trigger.versions, trigger.types) == (Filter(("1.*",)), ("ready",))


def test_schedules() -> None:
    (trigger,) = _triggers("{schedule: [{cron: '5 4 * * *'}, {cron: '0 0 1 * *', timezone: Europe/Berlin}]}")
    assert trigger.schedules == (
        Schedule("5 4 * * *", None, Position(1, 17)),
        Schedule("0 0 1 * *", "Europe/Berlin", Position(1, 38)),
    )


def test_what_a_person_is_asked_for() -> None:
    (trigger,) = _triggers("{workflow_dispatch: {inputs: {a: {type: environment, deprecationMessage: no}, b: }}}")
    assert trigger.inputs == (DispatchInput("a", type="environment", deprecation="no"), DispatchInput("b"))


def test_what_a_called_workflow_takes_and_gives() -> None:
    (trigger,) = _triggers(
        """
  workflow_call:
    inputs:
      a: {type: string, default: 010, required: true, description: A}
      b: {type: boolean, default: false}
      c: {type: number, default: 1.5, deprecationMessage: old}
      d: {type: number, default: "${{ github.run_id }}"}
      e: {type: string}
    secrets: {f: {required: true, description: F}, g: }
    outputs: {h: {value: "${{ jobs.a.outputs.h }}", description: H}}"""
    )
    assert trigger.interface == Interface(
        inputs=(
            CallInput("a", "string", "A", required=True, default="10"),
            CallInput("b", "boolean", default=False),
            CallInput("c", "number", default=1.5, deprecation="old"),
            CallInput("d", "number", default="${{ github.run_id }}"),
            CallInput("e", "string"),
        ),
        secrets=(CallSecret("f", "F", required=True), CallSecret("g")),
        outputs=(CallOutput("h", "${{ jobs.a.outputs.h }}", "H"),),
    )


@pytest.mark.parametrize("on", ["workflow_call", "[workflow_call]", "{workflow_call: }", "{workflow_call: {}}"])
def test_a_called_workflow_may_take_nothing(on: str) -> None:
    (trigger,) = _triggers(on)
    assert trigger.interface == Interface()


def test_calls() -> None:
    job = _job(
        "uses: o/n/.github/workflows/x.yml@v1, with: {a: 1, b: true, c: '${{ github.ref }}', d: },"
        " secrets: {e: '${{ secrets.e }}'}"
    )
    assert job.call == Call(
        "o/n/.github/workflows/x.yml@v1",
        with_={"a": 1, "b": True, "c": "${{ github.ref }}", "d": None},
        secrets={"e": "${{ secrets.e }}"},
        position=Position(3, 13),
    )
    inheriting = _job("uses: ./.github/workflows/x.yml, secrets: inherit").call
    assert inheriting is not None
    assert inheriting.inherits_secrets
    assert inheriting.secrets == {}
    assert _job("runs-on: x").call is None


@pytest.mark.parametrize(
    ("said", "concurrency"),
    [
        ("g", Concurrency("g", position=Position(3, 33))),
        ("{group: 'g-${{ github.ref }}'}", Concurrency("g-${{ github.ref }}", position=Position(3, 33))),
        ("{group: g, cancel-in-progress: true}", Concurrency("g", True, position=Position(3, 33))),
        ("{group: g, queue: max}", Concurrency("g", queue="max", position=Position(3, 33))),
        (
            "{group: g, cancel-in-progress: '${{ vars.c }}'}",
            Concurrency("g", "${{ vars.c }}", position=Position(3, 33)),
        ),
    ],
)
def test_concurrency(said: str, concurrency: Concurrency) -> None:
    assert _job(f"runs-on: x,  concurrency: {said}").concurrency == concurrency


def test_the_concurrency_of_a_workflow() -> None:
    workflow = parser.parse(f"on: push\nconcurrency: {{group: w}}{_JOBS}", _PATH)
    assert workflow.concurrency == Concurrency("w", position=Position(2, 14))


def test_where_a_job_runs() -> None:
    job = _job("runs-on: {group: g, labels: [a, b]}")
    assert (job.runner_group, job.runs_on) == ("g", ("a", "b"))
    job = _job("runs-on: {labels: '${{ fromJSON(vars.l) }}'}")
    assert (job.runner_group, job.runs_on) == (None, "${{ fromJSON(vars.l) }}")


def test_containers_and_services() -> None:
    job = _job(
        "runs-on: x, container: {image: i, credentials: {username: u, password: '${{ secrets.p }}'}, env: {A: b},"
        " ports: [80], volumes: ['v:/v'], options: --cpus 1}, services: {s: {image: j, entrypoint: e, command: c},"
        " t: k}"
    )
    assert job.container == Container(
        "i",
        Credentials("u", "${{ secrets.p }}"),
        env={"A": "b"},
        ports=("80",),
        volumes=("v:/v",),
        options="--cpus 1",
        position=Position(3, 30),
    )
    assert not isinstance(job.services, str)
    assert [(name, one.image, one.entrypoint, one.command) for name, one in job.services.items()] == [
        ("s", "j", "e", "c"),
        ("t", "k", None, None),
    ]
    assert _job("runs-on: x, container: ''").container is None
    assert _job("runs-on: x, services: '${{ fromJSON(vars.s) }}'").services == "${{ fromJSON(vars.s) }}"


@pytest.mark.parametrize(
    ("said", "environment"),
    [
        ("live", Environment("live", position=Position(3, 32))),
        ("''", None),
        ("{name: live, url: '${{ steps.a.outputs.u }}'}", Environment("live", "${{ steps.a.outputs.u }}")),
        ("{name: live, deployment: false}", Environment("live", deployment=False)),
    ],
)
def test_environments(said: str, environment: Environment | None) -> None:
    found = _job(f"runs-on: x, environment: {said}").environment
    assert (found and (found.name, found.url, found.deployment)) == (
        environment and (environment.name, environment.url, environment.deployment)
    )


def test_snapshots() -> None:
    assert _job("runs-on: x, snapshot: i").snapshot == ImageSnapshot("i", position=Position(3, 29))
    assert _job("runs-on: x, snapshot: {image-name: i, version: 2.*, if: github.ref}").snapshot == ImageSnapshot(
        "i", "2.*", "success() && (github.ref)", Position(3, 29)
    )


def test_time_limits() -> None:
    job = _job("runs-on: x, timeout-minutes: 5, cancel-timeout-minutes: '${{ fromJSON(vars.t) }}'")
    assert (job.timeout_minutes, job.cancel_timeout_minutes) == (5.0, "${{ fromJSON(vars.t) }}")


def test_steps_in_the_background() -> None:
    job = _job(
        "runs-on: x, steps: [{id: a, run: x, background: true}, {wait: a}, {wait: [a], name: W}, {wait-all: },"
        " {cancel: a, continue-on-error: true}, {parallel: [{run: y}, {uses: ./z, id: q}]}, {uses: $/p}, {run: y}]"
    )
    said: list[dict[str, Any]] = [
        {key: value for key, value in vars(step).items() if value != vars(Step(""))[key] and key != "position"}
        for step in job.steps
    ]
    inner = said[5].pop("parallel")
    assert said == [
        {"id": "a", "run": "x", "background": True},
        {"id": "__wait", "name": "Wait", "wait": ("a",)},
        {"id": "__wait_2", "name": "W", "wait": ("a",)},
        {"id": "__wait-all", "name": "Wait for all", "wait_all": True},
        {"id": "__cancel", "name": "Cancel", "cancel": "a", "continue_on_error": True},
        {"id": "__parallel", "name": "Parallel group"},
        {"id": "__self", "uses": "$/p"},
        {"id": "__run", "run": "y"},
    ]
    assert [(step.id, step.run, step.uses) for step in inner] == [("__run", "y", None), ("q", None, "./z")]


def test_one_expression_for_a_whole_table() -> None:
    job = _job(
        "runs-on: x, env: '${{ fromJSON(vars.e) }}', strategy: '${{ fromJSON(vars.s) }}', steps: [{run: x,"
        " env: '${{ vars }}'}, {uses: ./a, with: '${{ vars }}'}]"
    )
    assert (job.env, job.strategy) == ("${{ fromJSON(vars.e) }}", "${{ fromJSON(vars.s) }}")
    assert [(step.env, step.with_) for step in job.steps] == [("${{ vars }}", {}), ({}, "${{ vars }}")]


def test_inserts_stay_apart() -> None:
    job = _job("runs-on: x, env: {'${{insert}}': '${{ vars }}', A: b, '${{ insert }}': '${{ github }}'}")
    assert job.env == {"${{ insert }}": "${{ vars }}", "A": "b", "${{ insert  }}": "${{ github }}"}


def test_an_expression_among_known_keys_is_remembered() -> None:
    workflow = parser.parse("on: push\njobs: {a: {runs-on: x, strategy: {'${{ insert }}': '${{ vars }}'}}}\n", _PATH)
    assert workflow.expression_keys == (Position(2, 35),)
    assert _only(workflow).strategy is not None


def test_a_name_is_kept_as_it_stands() -> None:
    assert parser.parse(f"on: push\nname: 010{_JOBS}", _PATH).name == "010"
    assert parser.parse(f"on: push\nname: ${{{{ 'a' }}}}{_JOBS}", _PATH).name == "a"


def test_write_all_is_everything_at_its_highest() -> None:
    permissions = parser.parse(f"on: push\npermissions: write-all{_JOBS}", _PATH).permissions
    assert permissions is not None
    assert (permissions["contents"], permissions["models"], permissions["id-token"]) == ("write", "read", "write")
