"""``hashFiles``: the hash of the files that patterns name, worked out where the job runs.

The patterns are those of GitHub's own helper: ``*``, ``?``, ``[…]``, ``**``, a leading ``!`` takes away, a
folder stands for all below it. Which paths match is decided here, from a list of names; the files are read
and hashed inside the job's place, never by the agent.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from runner.errors import StepFailed
from runner.step import Workbench
from workflows.errors import ExpressionError
from workflows.expressions import to_text

#: Every name below the workspace, with a letter before it: d folder, f file, o other. Ends each with NUL.
_EACH = """for each; do
  if [ -d "$each" ]; then t=d; elif [ -f "$each" ]; then t=f; else t=o; fi
  printf "%s%s\\0" $t "$each"
done"""
_LIST = 'cd "$1" || exit 1; find $2 . -mindepth 1 \\( -type f -o -type d -o -type l \\) -exec sh -c "$3" sh {} +'
_HASH = 'cd "$1" && xargs -0 sha256sum -b -- <"$2"'
_LIMIT = 64 << 20  # bytes of names
_SECONDS = 120.0
_FOLLOW = "--follow-symbolic-links"


@dataclass(frozen=True)
class Pattern:
    """One line of a pattern, made ready."""

    negative: bool
    root: tuple[str, ...]  # leading components without wildcards
    match: re.Pattern[str]
    below: re.Pattern[str]  # what is below a match


def function(bench: Workbench) -> Callable[..., str]:
    """``hashFiles`` for the expressions of a job."""

    def hash_files(*arguments: object) -> str:
        texts = [to_text(argument) for argument in arguments]
        follow = bool(texts) and texts[0].lower() == _FOLLOW
        try:
            return _digest(bench, texts[1:] if follow else texts, follow)
        except StepFailed as error:
            shown = ", ".join(texts)
            raise ExpressionError("evaluation", f"hashFiles('{shown}') failed. {error}") from error

    return hash_files


def parse(texts: Iterable[str], workspace: str) -> list[Pattern]:
    """The patterns of all arguments; StepFailed for one with ``.`` or ``..`` inside."""
    lines = (line.strip() for text in texts for line in text.split("\n"))
    return [_pattern(line, workspace) for line in lines if line and not line.startswith("#")]


def select(patterns: list[Pattern], entries: Mapping[str, str]) -> list[str]:
    """The matching files in the order that counts; ``entries`` maps paths to f (file), d (folder) or o (other)."""
    roots = _search_roots(patterns)
    ordered = sorted(entries, key=lambda path: path.split("/"))
    found: list[str] = []
    for root in roots:
        inside = [path for path in ordered if tuple(path.split("/"))[: len(root)] == root]
        found += [path for path in inside if entries[path] == "f" and _matches(patterns, path)]
    return list(dict.fromkeys(found))


def combined(digests: Iterable[bytes]) -> str:
    """The hash of hashes; empty when there is none."""
    joined = b"".join(digests)
    return hashlib.sha256(joined).hexdigest() if joined else ""


def _pattern(line: str, workspace: str) -> Pattern:
    text, negative = line, False
    while text.startswith("!"):
        text, negative = text[1:].strip(), not negative
    if text.startswith(f"{workspace}/") or text == workspace:
        text = text[len(workspace) + 1 :]
    elif text.startswith("/"):
        text = f"\0{text}"  # outside: matches nothing that is listed
    parts = [part for part in text.removeprefix("./").split("/") if part]
    if any(part in (".", "..") for part in parts):
        raise StepFailed(f"Invalid pattern '{line}'. Relative pathing '.' and '..' is not allowed.")
    root: list[str] = []
    for part in parts:
        if re.search(r"[*?\[]", part):
            break
        root.append(part)
    source = _translate(parts)
    return Pattern(negative, tuple(root), re.compile(source), re.compile(f"{source}/.*", re.DOTALL))


def _translate(parts: list[str]) -> str:
    source = ""
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            source = (
                source.removesuffix("/") + "(?:/.*)?"
                if last and source
                else source + ("(?s:.*)" if last else "(?:[^/]+/)*")
            )
            continue
        source += _component(part) + ("" if last else "/")
    return source


def _component(part: str) -> str:
    source, at = "", 0
    while at < len(part):
        char = part[at]
        end = part.find("]", at + 2) if char == "[" else -1
        if char == "*":
            source += "[^/]*"
        elif char == "?":
            source += "[^/]"
        elif char == "[" and end > 0:
            inner = part[at + 1 : end].replace("\\", "\\\\")
            source += f"[{'^' + inner[1:] if inner[0] in '!^' else inner}]"
            at = end
        else:
            source += re.escape(char)
        at += 1
    return re.sub(r"(\[\^/\]\*){2,}", "[^/]*", source)


def _matches(patterns: list[Pattern], path: str) -> bool:
    wanted = False
    for pattern in patterns:
        if pattern.match.fullmatch(path) or pattern.below.fullmatch(path):
            wanted = not pattern.negative
    return wanted


def _search_roots(patterns: list[Pattern]) -> list[tuple[str, ...]]:
    roots = list(dict.fromkeys(pattern.root for pattern in patterns if not pattern.negative))
    return [root for root in roots if not any(other != root and root[: len(other)] == other for other in roots)]


def _digest(bench: Workbench, texts: list[str], follow: bool) -> str:
    workspace = bench.context.layout.workspace
    patterns = parse(texts, workspace)
    listed = _output(bench, ("sh", "-c", _LIST, "sh", workspace, "-L" if follow else "-P", _EACH))
    entries = {entry[3:].decode(errors="surrogateescape"): chr(entry[0]) for entry in listed.split(b"\0") if entry}
    chosen = select(patterns, entries)
    if not chosen:
        return ""
    name = f"_temp/{uuid.uuid4().hex}"
    bench.guest.create(name, b"".join(path.encode(errors="surrogateescape") + b"\0" for path in chosen))
    try:
        file = f"{bench.context.layout.work}/{name}"
        lines = _output(bench, ("sh", "-c", _HASH, "sh", workspace, file)).splitlines()
        return combined(bytes.fromhex(line.lstrip(b"\\")[:64].decode()) for line in lines)
    except ValueError:
        raise StepFailed("The files cannot be read.") from None
    finally:
        bench.guest.remove(name)


def _output(bench: Workbench, argv: tuple[str, ...]) -> bytes:
    """What a command of the agent's own prints inside the job's place."""
    pieces: list[bytes] = []
    size = 0

    def take(data: bytes) -> None:
        nonlocal size
        size += len(data)
        if size <= _LIMIT:
            pieces.append(data)

    environment = {"RUNNER_TRACKING_ID": f"github_{uuid.uuid4()}", "PATH": bench.context.layout.path}
    execution = bench.start(argv, environment, bench.context.layout.workspace, take)
    in_time = bench.stop.wait_for(lambda: execution.exit_code is not None or bench.stop.at_once, _SECONDS)
    if not in_time or execution.exit_code is None:
        execution.signal("KILL")
        raise StepFailed(f"It took longer than {_SECONDS:.0f} seconds.")
    if execution.exit_code or size > _LIMIT:
        raise StepFailed(b"".join(pieces)[-500:].decode(errors="replace") or "The workspace cannot be listed.")
    return b"".join(pieces)
