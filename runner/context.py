"""What expressions and processes of a job see now."""

from __future__ import annotations

import copy
import posixpath
from collections.abc import Callable, Mapping
from typing import Any

from runner.backends.base import Layout
from runner.matchers import Registry
from workflows import expressions
from workflows.expressions import CaseSensitive, Say
from workflows.messages import Assignment
from workflows.model import Table
from workflows.states import Conclusion

#: Fields of the github context that become GITHUB_ variables.
EXPORTED = tuple(
    """
    action action_path action_ref action_repository actor actor_id api_url base_ref event_name event_path graphql_url
    head_ref job ref ref_name ref_protected ref_type repository repository_id repository_owner repository_owner_id
    retention_days run_attempt run_id run_number server_url sha triggering_actor workflow workflow_ref workflow_sha
    workspace
    """.split()  # noqa: SIM905 - a list of words, read as one
)

_JOB_WIDE = ("github", "needs", "strategy", "matrix", "vars", "inputs")


class JobContext:
    """The state of one job as far as expressions and environments depend on it."""

    def __init__(
        self, assignment: Assignment, layout: Layout, runner: Mapping[str, str], *, debug: bool = False
    ) -> None:
        self.assignment = assignment
        self.layout = layout
        self.status = Conclusion.SUCCESS
        self.steps: dict[str, Any] = {}
        self.containers: dict[str, object] = {}  # what ``job`` has beside its status
        self.job_env: dict[str, str] = {}
        self.file_env: dict[str, str] = {}
        self.paths: list[str] = []  # the first is the newest
        self._kept: list[tuple[dict[str, str], list[str]]] = []  # variables and paths, as steps left them
        self.matchers = Registry()
        self.debug = debug
        self.hash_files: Callable[..., str] = lambda *patterns: ""
        self._runner = {"temp": layout.temp, "tool_cache": layout.tools, "workspace": _parent(layout), **runner}
        if debug:
            self._runner["debug"] = "1"
        self._github = self._make_github()

    def _make_github(self) -> dict[str, Any]:
        given = self.assignment.contexts.get("github")
        urls, repository = self.assignment.urls, self.assignment.repository
        return {
            "repository": repository.full_name,
            "repository_owner": repository.full_name.partition("/")[0],
            "repository_id": str(repository.id),
            "sha": self.assignment.sha,
            "ref": self.assignment.ref,
            "run_id": str(self.assignment.run),
            "run_number": str(self.assignment.run_number),
            "run_attempt": str(self.assignment.attempt),
            "job": self.assignment.definition.id,
            **(given if isinstance(given, Mapping) else {}),
            "server_url": urls.server,
            "api_url": urls.api,
            "graphql_url": urls.graphql,
            "workspace": self.layout.workspace,
            "event_path": f"{self.layout.workflow}/event.json",
            "token": self.assignment.github_token,
        }

    def settle(self, layout: Layout, *, names_container: bool) -> None:
        """The job has its place; ``job.container`` is for jobs that name a container themselves."""
        self.layout = layout
        if names_container:
            self.containers["container"] = {"id": layout.job_container_id, "network": layout.network}

    def begin_step(self, step_id: str) -> None:
        """``github.action`` names the step that runs."""
        self._github["action"] = step_id

    def name_files(self, variables: Mapping[str, str]) -> None:
        """The paths of the step's environment files, as ``github.env``, ``github.output`` and the like."""
        self._github |= {name.removeprefix("GITHUB_").lower(): path for name, path in variables.items()}

    @property
    def event(self) -> object:
        """The payload that becomes event.json."""
        return self._github.get("event") or {}

    def evaluate_job_env(self, say: Say | None = None) -> None:
        """Work out the environment of workflow and job; ExpressionError."""
        for variables in (self.assignment.workflow_env, self.assignment.definition.env):
            self.job_env |= self.table(variables, say=say)

    def contexts(self, step_env: Mapping[str, str] | None = None) -> dict[str, object]:
        """Everything that an expression of a step may name."""
        given = self.assignment.contexts
        return {
            **self._job_wide(),
            "secrets": self._secrets(),
            "steps": self.steps,
            "env": CaseSensitive({**self.job_env, **self.file_env, **(step_env or {})}),
            "runner": self._runner,
            "job": {**(given.get("job") or {}), "status": self.status.value, **self.containers},
        }

    def functions(self) -> dict[str, Callable[..., object]]:
        """The functions that only a running job knows."""
        return {
            "success": lambda *_: self.status is Conclusion.SUCCESS,
            "failure": lambda *_: self.status is Conclusion.FAILURE,
            "cancelled": lambda *_: self.status is Conclusion.CANCELLED,
            "always": lambda *_: True,
            "hashFiles": self.hash_files,
        }

    def render(self, text: str, step_env: Mapping[str, str] | None = None, say: Say | None = None) -> str:
        """A text with its inserts replaced; ExpressionError. ``say`` is told how, for debug logging."""
        if say is not None:
            return expressions.to_text(self.value(text, step_env, say))
        return expressions.render(text, self.contexts(step_env), self.functions())

    def value(self, text: str, step_env: Mapping[str, str] | None = None, say: Say | None = None) -> object:
        """The value of a text that may be one insert; ExpressionError."""
        contexts, functions = self.contexts(step_env), self.functions()
        expression = None if say is None else expressions.as_expression(text)
        if say is None or expression is None:
            return expressions.evaluate_value(text, contexts, functions)
        return expressions.evaluate_traced(expression, contexts, functions, say, budget=expressions.template_budget())

    def table(self, given: Table, step_env: Mapping[str, str] | None = None, say: Say | None = None) -> dict[str, str]:
        """A mapping of texts, whatever of it is an expression; ExpressionError."""
        return expressions.lay_out(given, lambda text: self.value(text, step_env, say))

    def holds(self, condition: str, step_env: Mapping[str, str] | None = None, say: Say | None = None) -> bool:
        """Whether a step's ``if`` is true now; ExpressionError."""
        bare, contexts, functions = expressions.condition(condition), self.contexts(step_env), self.functions()
        if say is None:
            return expressions.truthy(expressions.evaluate(bare, contexts, functions))
        return expressions.truthy(expressions.evaluate_traced(bare, contexts, functions, say))

    def environment(self, step_env: Mapping[str, str], base: Mapping[str, str], tracking_id: str) -> dict[str, str]:
        """The whole environment of a process, later sources winning; ``base`` is the administrator's."""
        merged = {"HOME": self.layout.home, "CI": "true", **self.layout.environment, **base}
        merged |= self.layout.container_env
        merged |= {**self.job_env, **self.file_env, **step_env}
        if self.paths or not self.layout.is_container:
            merged["PATH"] = ":".join((*self.paths, merged.get("PATH") or self.layout.path))
        merged |= self._exported() | {"GITHUB_ACTIONS": "true", "RUNNER_TRACKING_ID": tracking_id}
        return {name: value.replace("\0", "") for name, value in merged.items() if name and "=" not in name}

    def _exported(self) -> dict[str, str]:
        github = {
            f"GITHUB_{name.upper()}": expressions.to_text(self._github[name])
            for name in EXPORTED
            if self._github.get(name) is not None
        }
        return github | {f"RUNNER_{name.upper()}": value for name, value in self._runner.items()}

    def shown_env(self, step_env: Mapping[str, str]) -> dict[str, str]:
        """The variables that a step's log names at its head."""
        return {**self.job_env, **self.file_env, **step_env}

    def finish_step(self, step_id: str, outputs: Mapping[str, str], outcome: str, conclusion: str) -> None:
        """What later steps see of this one; generated ids stay out of sight."""
        if not step_id.startswith("__"):
            self.steps[step_id] = {"outputs": dict(outputs), "outcome": outcome, "conclusion": conclusion}

    def keep(self, env: dict[str, str], paths: list[str]) -> None:
        """What a step leaves to those after it: variables and entries of PATH."""
        self._kept.append((env, paths))
        self.file_env |= env
        self.prepend_path(paths)

    def fork(self) -> JobContext:
        """All this as it is now, for a step that runs beside others: neither sees what the other leaves."""
        made = copy.copy(self)
        made._github, made.steps, made.file_env = dict(self._github), dict(self.steps), dict(self.file_env)
        made.paths, made._kept = list(self.paths), []
        return made

    def join(self, other: JobContext) -> None:
        """Take over what the step of this fork has left."""
        for env, paths in other._kept:
            self.keep(env, paths)

    def prepend_path(self, entries: list[str]) -> None:
        """Each entry goes before all others; one that is there already moves."""
        for entry in entries:
            self.paths = [entry, *(known for known in self.paths if known != entry)]

    def _job_wide(self) -> dict[str, object]:
        given = self.assignment.contexts
        return {name: given.get(name) or {} for name in _JOB_WIDE} | {"github": self._github}

    def _secrets(self) -> dict[str, str]:
        return {**self.assignment.secrets, "GITHUB_TOKEN": self.assignment.github_token}


def _parent(layout: Layout) -> str:
    return posixpath.dirname(layout.workspace)
