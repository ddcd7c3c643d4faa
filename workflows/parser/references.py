"""References to workflow files, as ``jobs.<id>.uses`` has them."""

from __future__ import annotations

import re

_WRONG = "invalid value workflow reference: "
#: The folder of the repository that may hold workflow files: ``.github/workflows``, or that of another engine.
_FOLDER = re.compile(r"\.[a-z]+/workflows/(?P<file>.*)")
_OWNER_AND_NAME = re.compile(r"[^/]+/[^/]+/")


def problem(reference: str) -> str:
    """What is wrong with a reference such as ``./.github/workflows/x.yml`` or ``o/n/.github/workflows/x.yml@ref``.

    "" when nothing is. The words are those of GitHub.
    """
    path, at, version = reference.partition("@")
    if path.startswith("./"):
        if at:
            return f"{_WRONG}cannot specify version when calling local workflows"
        path = path[2:]
    elif not version:
        return f"{_WRONG}no version specified"
    else:
        path = _OWNER_AND_NAME.sub("", path, count=1)
    inside = _FOLDER.fullmatch(path)
    if inside is None:
        return f"{_WRONG}references to workflows must be rooted in '.github/workflows'"
    if "/" in inside["file"]:
        return f"{_WRONG}workflows must be defined at the top level of the .github/workflows/ directory"
    if not inside["file"].endswith((".yml", ".yaml")):
        return f"{_WRONG}references to workflows must have a .yml or .yaml extension"
    return ""
