"""A dispatch as a command to copy, with curl or with gh. In browsers with scripts it follows what is entered."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from django.conf import settings

from forge.actions.models import Workflow
from forge.repos.models import Repository


@dataclass(frozen=True)
class Command:
    """``head`` is what stays the same whatever is entered."""

    title: str
    id: str
    head: str
    text: str


def commands(repository: Repository, workflow: Workflow, ref: str, inputs: Mapping[str, str]) -> list[Command]:
    """Both commands; inputs without a value are left out."""
    file = workflow.path.rsplit("/", 1)[-1]
    given = {name: value for name, value in inputs.items() if value}
    place = f"/api/v3/repos/{repository.full_name}/actions/workflows/{quote(file, safe='')}/dispatches"
    curl = f'curl -X POST -H "Authorization: Bearer $TOKEN" {shlex.quote(settings.PUBLIC_URL + place)} -d '
    body = json.dumps({"ref": ref, "inputs": given}, ensure_ascii=False, separators=(",", ":"))
    host = urlsplit(settings.PUBLIC_URL).netloc
    gh = f"GH_HOST={shlex.quote(host)} gh workflow run {shlex.quote(file)} -R {repository.full_name}"
    said = "".join(f" -f {shlex.quote(f'{name}={value}')}" for name, value in given.items())
    return [
        Command("curl", "curl", curl, curl + shlex.quote(body)),
        Command("gh", "gh", gh, f"{gh} --ref {shlex.quote(ref)}{said}"),
    ]
