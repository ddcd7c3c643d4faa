"""Workflows and actions as JSON: what ``parse`` answers with. Texts with ``${{ … }}`` stand as written.

What a file does not say is left out, but for ``name`` of workflows, actions and jobs (which fall back as
GitHub's do), ``needs``, and ``if`` of jobs and steps, which stands without ``${{ }}`` and with the status
function that GitHub adds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workflows.action_model import Action, CompositeRuns, DockerRuns, JavaScriptRuns
from workflows.model import Call, Filter, Interface, Job, Step, Strategy, Trigger, Workflow

Json = dict[str, object]


def workflow(given: Workflow) -> Json:
    """A whole workflow."""
    return {
        "name": given.name,
        **_said(
            {
                "run-name": given.run_name,
                "permissions": given.permissions,
                "env": given.env,
            }
        ),
        "on": {trigger.event: _trigger(trigger) for trigger in given.on},
        "jobs": [_job(job) for job in given.jobs],
    }


def action(given: Action) -> Json:
    """A whole action."""
    inputs = {
        one.name: _said(
            {
                "description": one.description,
                "required": one.required,
                "default": one.default,
                "deprecationMessage": one.deprecation,
            }
        )
        for one in given.inputs
    }
    outputs = {one.name: _said({"description": one.description, "value": one.value}) for one in given.outputs}
    return {
        "name": given.name,
        **_said({"description": given.description, "author": given.author, "inputs": inputs, "outputs": outputs}),
        "runs": _runs(given.runs),
    }


def _said(data: Json) -> Json:
    """Without what says nothing."""
    return {key: value for key, value in data.items() if value is not None and value is not False and value not in _NO}


_NO: tuple[object, ...] = ("", (), [], {})


def _trigger(given: Trigger) -> Json:
    said: Json = {"types": given.types, "workflows": given.workflows}
    for name in ("branches", "tags", "paths", "names", "versions"):
        found: Filter | None = getattr(given, name)
        if found is not None:
            said[f"{name}-ignore" if found.ignore else name] = found.patterns
    said["inputs"] = {
        one.name: _said(
            {
                "type": one.type,
                "description": one.description,
                "required": one.required,
                "default": one.default,
                "options": one.options,
            }
        )
        for one in given.inputs
    }
    said["schedule"] = [_said({"cron": one.cron, "timezone": one.timezone}) for one in given.schedules]
    return _said(said) | (_interface(given.interface) if given.interface else {})


def _interface(given: Interface) -> Json:
    inputs = {
        one.name: {
            **_said({"type": one.type, "description": one.description, "required": one.required}),
            **({} if one.default is None else {"default": one.default}),
        }
        for one in given.inputs
    }
    secrets = {one.name: _said({"description": one.description, "required": one.required}) for one in given.secrets}
    outputs = {one.name: _said({"description": one.description, "value": one.value}) for one in given.outputs}
    return _said({"inputs": inputs, "secrets": secrets, "outputs": outputs})


def _job(given: Job) -> Json:
    said: Json = {
        "id": given.id,
        "name": given.name or given.id,
        "needs": list(given.needs),
        "if": given.if_,
        **_said({"strategy": _strategy(given.strategy), "permissions": given.permissions}),
    }
    if given.call:
        return said | _call(given.call)
    environment = given.environment
    return {
        **said,
        "runs-on": _runs_on(given),
        **_said(
            {
                "env": given.env,
                "outputs": given.outputs,
                "timeout-minutes": _number(given.timeout_minutes),
                "continue-on-error": given.continue_on_error,
                "environment": _said({"name": environment.name, "url": environment.url}) if environment else None,
                "container": given.container.image if given.container else None,
            }
        ),
        "steps": _steps(given.steps),
    }


def _call(given: Call) -> Json:
    secrets: object = "inherit" if given.inherits_secrets else given.secrets
    return {"uses": given.uses, **_said({"with": given.with_, "secrets": secrets})}


def _runs_on(given: Job) -> object:
    labels = given.runs_on
    said = labels if isinstance(labels, str) else labels[0] if len(labels) == 1 else list(labels)
    return said if given.runner_group is None else {"group": given.runner_group, **_said({"labels": said})}


def _strategy(given: Strategy | str | None) -> object:
    if given is None or isinstance(given, str):
        return given
    most = _number(given.max_parallel)
    said = _said({"matrix": given.matrix, "max-parallel": most})
    return said if given.fail_fast is True else {**said, "fail-fast": given.fail_fast}


def _number(given: float | str | None) -> object:
    return int(given) if isinstance(given, float) and given.is_integer() else given


def _steps(given: Iterable[Step]) -> list[Json]:
    return [_step(step) for step in given]


def _step(given: Step) -> Json:
    """A step: one that waits or cancels has no condition."""
    runs = given.run is not None or given.uses is not None
    return {
        "id": given.id,
        **({} if given.name is None else {"name": given.name}),
        **({"if": given.if_} if runs else {}),
        **({} if given.run is None else {"run": given.run}),
        **_said(
            {
                "uses": given.uses,
                "with": given.with_,
                "env": given.env,
                "shell": given.shell,
                "working-directory": given.working_directory,
                "continue-on-error": given.continue_on_error,
                "timeout-minutes": _number(given.timeout_minutes),
                "background": given.background,
                "wait": given.wait,
                "wait-all": given.wait_all,
                "cancel": given.cancel,
                "parallel": _steps(given.parallel),
            }
        ),
    }


def _runs(given: JavaScriptRuns | DockerRuns | CompositeRuns) -> Json:
    if isinstance(given, CompositeRuns):
        return {"using": "composite", "steps": _steps(given.steps)}
    if isinstance(given, JavaScriptRuns):
        said: Mapping[str, str | None] = {
            "using": given.using,
            "main": given.main,
            "pre": given.pre,
            "pre-if": given.pre_if if given.pre else None,
            "post": given.post,
            "post-if": given.post_if if given.post else None,
        }
        return _said(dict(said))
    return _said(
        {
            "using": "docker",
            "image": given.image,
            "entrypoint": given.entrypoint,
            "args": given.args,
            "env": given.env,
            "pre-entrypoint": given.pre_entrypoint,
            "pre-if": given.pre_if if given.pre_entrypoint else None,
            "post-entrypoint": given.post_entrypoint,
            "post-if": given.post_if if given.post_entrypoint else None,
        }
    )
