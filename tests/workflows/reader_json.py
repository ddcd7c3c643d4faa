"""A workflow of ours as the data that the official reader cases expect, and theirs as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workflows import expressions
from workflows.model import Call, Concurrency, Container, Defaults, Environment, Job, Step, Strategy, Trigger, Workflow

_OPEN, _CLOSE = "${{", "}}"


def plain(token: Any) -> Any:
    """A template token as plain data; an expression as ``${{ text }}``."""
    if isinstance(token, list):
        return [plain(item) for item in token]
    if not isinstance(token, dict):
        return token
    kind = token.get("type")
    if kind == 1:
        return [plain(item) for item in token["seq"]]
    if kind == 2:
        return {plain(entry["Key"]): plain(entry["Value"]) for entry in token["map"]}
    if kind == 3:
        return f"{_OPEN} {token['expr']} {_CLOSE}"
    if kind == 4:
        return "${{ insert }}"
    if isinstance(kind, int):
        return next((token[name] for name in ("lit", "bool", "num") if name in token), None)
    return {key: plain(value) for key, value in token.items()}


def normal(value: Any) -> Any:
    """Data of ours with every text as the one expression that GitHub makes of it."""
    if isinstance(value, str):
        return _one_expression(value) if _OPEN in value else value
    if isinstance(value, Mapping):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [normal(item) for item in value]
    return value


def _one_expression(text: str) -> str:
    found = expressions.expressions_in(text)
    if not found:
        return text
    if (
        len(found) == 1
        and text.startswith(_OPEN)
        and text.find(_CLOSE, found[0][1] + len(found[0][0])) == len(text) - 2
    ):
        return f"{_OPEN} {found[0][0]} {_CLOSE}"
    template, end = "", 0
    for number, (expression, start) in enumerate(found):
        before = text[end : text.rindex(_OPEN, 0, start)]
        template += _escaped(before) + f"{{{number}}}"
        end = text.index(_CLOSE, start + len(expression)) + 2
    template += _escaped(text[end:])
    return f"{_OPEN} format('{template}', {', '.join(expression for expression, _ in found)}) {_CLOSE}"


def _escaped(text: str) -> str:
    return text.replace("'", "''").replace("{", "{{").replace("}", "}}")


def workflow(given: Workflow) -> dict[str, Any]:
    """All of a workflow that the cases can show."""
    return _said(
        {
            "env": given.env,
            "defaults": _defaults(given.defaults),
            "concurrency": _concurrency(given.concurrency),
            "permissions": given.permissions,
            "jobs": [job(one, given) for one in given.jobs],
        }
    )


def job(given: Job, around: Workflow) -> dict[str, Any]:
    """A job as the cases show one."""
    said = _said(
        {
            "type": "reusableWorkflowJob" if given.call else "job",
            "id": given.id,
            "name": given.name or given.id,
            "needs": given.needs,
            "if": f"{_OPEN} {given.if_} {_CLOSE}",
            "strategy": _strategy(given.strategy),
            "runs-on": _runs_on(given),
            "continue-on-error": given.continue_on_error,
            "timeout-minutes": given.timeout_minutes,
            "cancel-timeout-minutes": given.cancel_timeout_minutes,
            "concurrency": _concurrency(given.concurrency),
            "permissions": around.permissions if given.permissions is None else given.permissions,
            "env": given.env,
            "environment": _environment(given.environment),
            "defaults": _defaults(given.defaults),
            "outputs": given.outputs,
            "container": _container(given.container),
            "services": _services(given.services),
            "snapshot": _snapshot(given),
            "steps": [step(one) for one in given.steps],
        }
    )
    return said | (_call(given, given.call, around) if given.call else {})


def _call(given: Job, call: Call, around: Workflow) -> dict[str, Any]:
    values = {name: "" if value is None else value for name, value in call.with_.items()}
    return _said(
        {
            "ref": call.uses,
            "input-values": values,
            "secret-values": call.secrets,
            "inherit-secrets": call.inherits_secrets,
            **(_called(given, call.workflow, around) if call.workflow else {}),
        }
    )


def _called(given: Job, called: Workflow, around: Workflow) -> dict[str, Any]:
    """What the cases show of a called workflow beside its caller."""
    interface = called.interface
    assert interface is not None
    said = (called.permissions, given.permissions, around.permissions)
    permissions = next((one for one in said if one is not None), None)
    return {
        "input-definitions": {
            one.name: _said({"type": one.type, "required": one.required, "description": one.description})
            | ({} if one.default is None else {"default": one.default})
            for one in interface.inputs
        },
        "secret-definitions": {
            one.name: _said({"required": one.required, "description": one.description}) or None
            for one in interface.secrets
        },
        "outputs": {one.name: _said({"value": one.value, "description": one.description}) for one in interface.outputs},
        "env": called.env,
        "defaults": _defaults(called.defaults),
        "permissions": permissions,
        "jobs": [job(one, replace(called, permissions=permissions)) for one in called.jobs],
    }


def step(given: Step) -> dict[str, Any]:
    """A step as the cases show one."""
    runs = given.run is not None or given.uses is not None
    return _said(
        {
            "id": given.id,
            "name": given.name,
            "if": f"{_OPEN} {given.if_} {_CLOSE}" if runs else None,
            "continue-on-error": given.continue_on_error,
            "timeout-minutes": given.timeout_minutes,
            "env": given.env,
            "run": given.run,
            "uses": given.uses,
            "with": given.with_,
            "shell": given.shell,
            "working-directory": given.working_directory,
            "background": given.background,
            "wait": given.wait,
            "wait-all": given.wait_all,
            "cancel": given.cancel,
            "parallel": [step(one) for one in given.parallel],
        }
    )


def _said(data: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing."""
    return {key: normal(value) for key, value in data.items() if value not in (None, False, "", (), []) and value != {}}


def _defaults(given: Defaults) -> dict[str, Any]:
    run = _said({"shell": given.shell, "working-directory": given.working_directory})
    return {"run": run} if run else {}


def _concurrency(given: Concurrency | None) -> dict[str, Any]:
    if given is None:
        return {}
    queue = given.queue if given.queue != "single" else None
    return _said({"group": given.group, "cancel-in-progress": given.cancel_in_progress, "queue": queue})


def _environment(given: Environment | None) -> dict[str, Any]:
    if given is None:
        return {}
    kept = _said({"name": given.name, "url": given.url})
    return kept if given.deployment is True else {**kept, "deployment": given.deployment}


def _container(given: Container | None) -> dict[str, Any]:
    if given is None:
        return {}
    login = given.credentials
    return _said(
        {
            "image": given.image,
            "env": given.env,
            "ports": given.ports,
            "volumes": given.volumes,
            "options": given.options,
            "credentials": {"username": login.username, "password": login.password} if login else None,
            "entrypoint": given.entrypoint,
            "command": given.command,
        }
    )


def _services(given: Mapping[str, Container] | str) -> Any:
    return given if isinstance(given, str) else {name: _container(one) for name, one in given.items()}


def _snapshot(given: Job) -> dict[str, Any]:
    image = given.snapshot
    return _said({"image-name": image.image_name, "version": image.version, "if": image.if_}) if image else {}


def _strategy(given: Strategy | str | None) -> Any:
    if given is None or isinstance(given, str):
        return given
    kept = _said({"matrix": given.matrix, "max-parallel": given.max_parallel})
    return kept if given.fail_fast is True else {**kept, "fail-fast": normal(given.fail_fast)}


def _runs_on(given: Job) -> Any:
    if given.runner_group is None:
        return given.runs_on
    return _said({"group": given.runner_group, "labels": given.runs_on})


def event(given: Trigger) -> dict[str, Any]:
    """A trigger as the cases show one in ``events``."""
    data: dict[str, Any] = {"types": given.types, "workflows": given.workflows}
    for name in ("branches", "tags", "paths", "names", "versions"):
        found = getattr(given, name)
        if found:
            data[f"{name}-ignore" if found.ignore else name] = found.patterns
    data["inputs"] = {
        one.name: {"type": one.type, "description": one.description, "default": one.default, "options": one.options}
        for one in given.inputs
    }
    data["inputs"] = {name: _said(one) for name, one in data["inputs"].items()}
    return _said(data)
