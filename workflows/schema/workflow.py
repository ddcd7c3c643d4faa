"""The root of a workflow file."""

from __future__ import annotations

from workflows.schema import contexts
from workflows.schema.events import ON
from workflows.schema.jobs import JOBS, PERMISSION, WORKFLOW_CONCURRENCY, WORKFLOW_DEFAULTS
from workflows.schema.rules import Place, required, shape, table, text

ROOT: Place = shape(
    on=required(ON),
    name=text(),
    description=text(),
    run_name=text(contexts.WORKFLOW),
    defaults=WORKFLOW_DEFAULTS,
    env=table(text(), contexts.WORKFLOW_ENV),
    permissions=PERMISSION,
    concurrency=WORKFLOW_CONCURRENCY,
    jobs=required(JOBS),
)
