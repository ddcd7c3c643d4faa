"""actions/checkout, built in: git runs where the job runs, never on the runner's own machine side.

What the action's inputs mean is checked here; what is done stands in ``checkout.sh``.
"""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Mapping
from importlib import resources
from urllib.parse import urlsplit

from runner.context import JobContext
from runner.errors import StepFailed

_SHA = re.compile(r"[0-9a-fA-F]{40}")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_DEFAULTS = {
    "repository": "",
    "ref": "",
    "path": "",
    "token": "",
    "fetch-depth": "1",
    "submodules": "false",
    "persist-credentials": "true",
    "clean": "true",
}
#: Inputs of the action that change nothing here, with the values at which they do not.
_HARMLESS = {
    "fetch-tags": ("false", ""),
    "lfs": ("false", ""),
    "show-progress": ("true", "false", ""),
    "set-safe-directory": ("true", ""),
    "ssh-strict": ("true", "false", ""),
    "ssh-user": ("git", ""),
    "sparse-checkout-cone-mode": ("true", "false", ""),
    "ssh-key": ("",),
    "ssh-known-hosts": ("",),
    "filter": ("",),
    "sparse-checkout": ("",),
    "github-server-url": ("",),
    "allow-unsafe-pr-checkout": ("false", "true", ""),
}


def is_checkout(uses: str) -> bool:
    """True for the action that is built in, at any version."""
    return uses.partition("@")[0].lower() == "actions/checkout"


def command() -> tuple[str, ...]:
    """What runs it, main and post."""
    return ("sh", "-c", resources.files("runner").joinpath("checkout.sh").read_text(), "checkout")


def unexpected(given: Mapping[str, str]) -> str:
    """What is to be said of inputs that the action does not have; empty when it has all of them."""
    known = (*_DEFAULTS, *_HARMLESS)
    strange = ", ".join(f"'{name}'" for name in given if name.lower() not in known)
    return f"Unexpected input(s) {strange}, valid inputs are [{', '.join(map(repr, known))}]" if strange else ""


def shown(given: Mapping[str, str], context: JobContext) -> dict[str, str]:
    """All inputs with their values, as the head of the step's log names them."""
    own = {"repository": context.assignment.repository.full_name, "token": "***"}
    plain = {name: allowed[0] for name, allowed in _HARMLESS.items()}
    return {**_DEFAULTS, **plain, **own, **{name.lower(): value for name, value in given.items()}}


def variables(given: Mapping[str, str], context: JobContext) -> dict[str, str]:
    """The variables that ``checkout.sh`` reads; StepFailed for inputs that make no sense."""
    inputs = {**_DEFAULTS, **{name.lower(): value.strip() for name, value in given.items()}}
    for name, allowed in _HARMLESS.items():
        if inputs.get(name, "") not in allowed:
            raise StepFailed(f"The input '{name}' of actions/checkout is not supported yet by this runner.")
    url = _url(inputs["repository"], context)
    origin = _origin(url)
    ref, sha = _target(inputs, context)
    depth = inputs["fetch-depth"] or "1"
    return {
        "CHECKOUT_MODE": "main",
        "CHECKOUT_URL": url,
        "CHECKOUT_ORIGIN": origin,
        "CHECKOUT_DIRECTORY": _directory(inputs["path"], context.layout.workspace),
        "CHECKOUT_REF": ref,
        "CHECKOUT_SHA": sha,
        "CHECKOUT_DEPTH": depth if depth.isdigit() else _bad("fetch-depth", depth),
        "CHECKOUT_CLEAN": _boolean("clean", inputs["clean"]),
        "CHECKOUT_PERSIST": _boolean("persist-credentials", inputs["persist-credentials"]),
        "CHECKOUT_SUBMODULES": _submodules(inputs["submodules"]),
        "GIT_TERMINAL_PROMPT": "0",
        **_credential(inputs["token"] or context.assignment.github_token, origin),
    }


def persists(made: Mapping[str, str]) -> bool:
    """True when a credential stays in the folder until the post step."""
    return made["CHECKOUT_PERSIST"] == "true"


def basic_credential(token: str) -> str:
    """What stands behind ``basic`` for a token."""
    return base64.b64encode(f"x-access-token:{token}".encode()).decode()


def _credential(token: str, origin: str) -> dict[str, str]:
    if not token:
        return {}
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{origin}/.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {basic_credential(token)}",
    }


def _url(repository: str, context: JobContext) -> str:
    own = context.assignment.repository
    if not repository or repository.lower() == own.full_name.lower():
        return own.clone_url
    if not _REPOSITORY.fullmatch(repository):
        raise StepFailed(f"Invalid repository '{repository}'. Expected format {{owner}}/{{repo}}.")
    return f"{context.assignment.urls.server}/{repository}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _target(inputs: Mapping[str, str], context: JobContext) -> tuple[str, str]:
    ref, own = inputs["ref"], context.assignment.repository.full_name.lower()
    is_own = inputs["repository"].lower() in ("", own)
    if not ref:
        return (context.assignment.ref, context.assignment.sha) if is_own else ("", "")
    if _SHA.fullmatch(ref):
        return "", ref.lower()
    if ref.startswith("-") or any(char in ref for char in " \t\n~^:?*[\\"):
        _bad("ref", ref)
    return ref, ""


def _directory(path: str, workspace: str) -> str:
    whole = posixpath.normpath(posixpath.join(workspace, path))
    if whole != workspace and not whole.startswith(f"{workspace}/"):
        raise StepFailed(f"Repository path '{whole}' is not under '{workspace}'")
    return whole


def _boolean(name: str, value: str) -> str:
    word = value.lower() or _DEFAULTS[name]
    return word if word in ("true", "false") else _bad(name, value)


def _submodules(value: str) -> str:
    word = value.lower() or "false"
    return word if word in ("true", "false", "recursive") else _bad("submodules", value)


def _bad(name: str, value: str) -> str:
    raise StepFailed(f"The input '{name}' of actions/checkout cannot be '{value}'.")
