"""The end of a job: its outputs and the address of its environment, worked out when all steps are over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from runner.annotations import Annotation, StepAnnotations
from runner.context import JobContext
from runner.masking import Secrets
from workflows.errors import ExpressionError
from workflows.expressions import Say


@dataclass
class Completion:
    """What a job leaves. ``problem`` fails it; it is shown already."""

    outputs: dict[str, str] = field(default_factory=dict)
    environment_url: str | None = None
    problem: str = ""
    annotations: StepAnnotations = field(default_factory=StepAnnotations)


class Completing:
    """Works it out; ``write`` takes the lines of the log."""

    def __init__(self, context: JobContext, secrets: Secrets, write: Callable[[list[str]], None]) -> None:
        self._context = context
        self._definition = context.assignment.definition
        self._secrets = secrets
        self._write = write
        self._annotations = StepAnnotations(secrets.mask_text)
        self._made = Completion(annotations=self._annotations)

    def run(self) -> Completion:
        """All of it. A secret leaves the job neither as an output nor in an address."""
        if self._definition.outputs:
            self._attempt("job outputs", self._outputs)
        if self._definition.environment and self._definition.environment.url:
            self._attempt("environment url", self._url)
        return self._made

    def _attempt(self, what: str, act: Callable[[], None]) -> None:
        self._write([f"Evaluate and set {what}"])
        try:
            act()
        except ExpressionError as error:
            self._note("failure", f"Fail to evaluate {what}")
            self._note("failure", f"The template is not valid. {error.message}")
            self._made.problem = self._made.problem or f"Fail to evaluate {what}: {error.message}"

    def _outputs(self) -> None:
        for name, value in self._context.table(self._definition.outputs, say=self._say).items():
            if not value:
                self._debug(f"Skip output '{name}' since it's empty")
            elif self._secrets.holds_secret(value):
                self._note("warning", f"Skip output '{name}' since it may contain secret.")
            else:
                self._made.outputs[name] = value
                self._write([f"Set output '{name}'"])

    def _url(self) -> None:
        environment = self._definition.environment
        assert environment is not None
        url = self._context.render(environment.url or "", say=self._say)
        if self._secrets.holds_secret(url):
            name = self._context.render(environment.name)
            self._note("warning", f"Skip setting environment url as environment '{name}' may contain secret.")
        elif url:
            self._made.environment_url = url
            self._write([f"Evaluated environment url: {url}"])

    def _note(self, level: str, message: str) -> None:
        self._write(self._annotations.add(Annotation(level, message)))

    @property
    def _say(self) -> Say | None:
        return self._debug if self._context.debug else None

    def _debug(self, text: str) -> None:
        if self._context.debug:
            self._write([f"##[debug]{text}"])
