"""The root of an action file, and of each of the three kinds of ``runs``.

What GitHub's runner ignores is ignored with a warning; what it refuses is refused.
"""

from __future__ import annotations

from workflows.schema import contexts
from workflows.schema.rules import (
    Key,
    Place,
    Shape,
    condition,
    flag,
    many,
    required,
    shape,
    table,
    text,
)

_NAME = text(non_empty=True)
_ANYTHING = Place(anything=True)
_IF = Key(condition(contexts.ACTION_IF))

_INPUT = Place(
    shapes=(
        Shape(
            {
                "description": Key(text()),
                "required": Key(flag()),
                "default": Key(Place(text=True, null=True, context=contexts.ACTION_DEFAULT)),
                "deprecationMessage": Key(text()),
            },
            unknown_is_warning=True,
        ),
    )
)
_OUTPUT = shape(description=text(), value=text(contexts.ACTION_OUTPUT))

_STEP_TEXT = text(contexts.ACTION_STEP)
_STEP_TABLE = table(text(), contexts.ACTION_STEP)
_STEP: dict[str, Key] = {
    "name": Key(_STEP_TEXT),
    "id": Key(_NAME),
    "if": Key(condition(contexts.ACTION_STEP_IF)),
    "env": Key(_STEP_TABLE),
    "continue-on-error": Key(flag(contexts.ACTION_STEP)),
}
_RUN = {"run": required(_STEP_TEXT), "shell": required(_STEP_TEXT), "working-directory": Key(_STEP_TEXT)}
_USES = {"uses": required(_NAME), "with": Key(_STEP_TABLE)}
_STEPS = many(Place(shapes=(Shape({**_STEP, **_RUN}), Shape({**_STEP, **_USES}))))

_USING = {"using": required(_NAME)}
#: What ``runs`` may hold, by the kind of action.
NODE = Place(
    shapes=(
        Shape(
            {**_USING, "main": required(_NAME), "pre": Key(_NAME), "pre-if": _IF, "post": Key(_NAME), "post-if": _IF}
        ),
    )
)
DOCKER = Place(
    shapes=(
        Shape(
            {
                **_USING,
                "image": required(_NAME),
                "entrypoint": Key(_NAME),
                "args": Key(many(text(contexts.ACTION_ARGUMENT))),
                "env": Key(table(text(), contexts.ACTION_ARGUMENT)),
                "pre-entrypoint": Key(_NAME),
                "pre-if": _IF,
                "post-entrypoint": Key(_NAME),
                "post-if": _IF,
            }
        ),
    )
)
COMPOSITE = Place(shapes=(Shape({**_USING, "steps": required(_STEPS)}),))

#: For a ``runs`` whose kind is not known: nothing in it is wrong but that.
_UNKNOWN = Place(anything=True, context=contexts.ACTION_STEP_IF)


def root(runs: Place | None) -> Place:
    """A whole action file whose ``runs`` is of a kind; None when nothing tells which."""
    return Place(
        shapes=(
            Shape(
                {
                    "name": Key(text()),
                    "description": Key(text()),
                    "author": Key(text()),
                    "inputs": Key(table(_INPUT)),
                    "outputs": Key(table(_OUTPUT)),
                    "runs": required(runs or _UNKNOWN),
                    "branding": Key(_ANYTHING),
                },
                unknown_is_warning=True,
            ),
        )
    )
